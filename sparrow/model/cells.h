// Cells: rows of vectors in groups of near ones, so that neighbours are looked for where they may
// be (an inverted file; Jégou, Douze & Schmid 2011). Spherical k-means (Dhillon & Modha 2001).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/row.h"

namespace sparrow::model {

struct Cells {
  Embeddings centers;                     // cells x dim, of length 1
  std::vector<std::uint64_t> offsets{0};  // cells + 1
  std::vector<Row> rows;                  // of cell c: rows[offsets[c]..offsets[c + 1]), ascending

  std::size_t count() const { return offsets.size() - 1; }
  std::span<const Row> of(std::size_t cell) const {
    return std::span(rows).subspan(offsets[cell], offsets[cell + 1] - offsets[cell]);
  }
  // The rows of the cells nearest to `cell` by their centers' inner product, itself first, until
  // they are `wanted` or all; ascending.
  std::vector<Row> around(std::size_t cell, std::size_t wanted) const;
};

// Writes the vector of a row; dim values, of any length.
using PlaceRow = std::function<void(Row row, std::span<float> out)>;

// About `count` cells, none of more than four times the mean: a larger one is cut, its parts have
// one center. Equal seeds give equal cells whatever the number of threads.
// O(rows * count * dim).
Cells make_cells(std::span<const Row> rows, std::size_t dim, const PlaceRow& place,
                 std::size_t count, std::uint64_t seed, std::size_t threads);

}  // namespace sparrow::model
