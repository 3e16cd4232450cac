// Alignment: which row of a model is which row of the catalogue.
#pragma once

#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/model/model.h"

namespace sparrow::recall {

struct Alignment {
  Alignment(const data::Catalog& catalog, const model::Model& model)
      : to_model(catalog.size(), kNoRow), to_catalog(model.items.size(), kNoRow) {
    for (Row m = 0; m < model.items.size(); ++m) {
      const auto row = catalog.find(model.items[m], m);
      if (!row) continue;
      to_model[*row] = m;
      to_catalog[m] = *row;
      ++shared;
    }
  }

  std::vector<Row> to_model;    // catalogue row -> model row, kNoRow where the model lacks it
  std::vector<Row> to_catalog;  // model row -> catalogue row, kNoRow where the catalogue lacks it
  std::size_t shared = 0;
};

}  // namespace sparrow::recall
