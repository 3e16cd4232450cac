// Histories: what some of the users did, for the co-occurrence methods and the fusion.
#pragma once

#include <memory>

#include "arrays.h"
#include "parts.h"

#include "sparrow/embed/cooccurrence.h"

namespace sparrow::python {

// Offsets, columns and values. Needs the GIL.
inline nanobind::tuple tuple_of(embed::SparseRows rows) {
  return nanobind::make_tuple(array<std::uint64_t>(std::move(rows.offsets)),
                              array<std::uint32_t>(std::move(rows.columns)),
                              array<float>(std::move(rows.values)));
}

class Histories {
 public:
  // items, values: what the users did, in time order. chosen: rows with enough positives.
  Histories(const Options& options, const In<std::uint64_t>& offsets,
            const In<std::uint32_t>& items, const In<float>& values,
            const In<std::uint32_t>& chosen, std::size_t catalog_items)
      : cooccurrence_(options.train.fusion.cooccurrence) {
    check_lists(offsets, items, catalog_items);
    if (values.shape(0) != items.shape(0)) invalid("there must be as many values as items");
    data::Interactions log;
    log.offsets = data::Column<std::uint64_t>(vector_of(offsets));
    log.items = data::Column<Row>(vector_of(items));
    log.values = data::Column<float>(vector_of(values));
    histories_ =
        embed::weighted_histories(log, catalog_items, vector_of(chosen), options.histories());
  }

  const embed::WeightedHistories& histories() const { return histories_; }

  // Row sums of C.
  nanobind::object totals() {
    std::vector<double> totals;
    {
      const nanobind::gil_scoped_release release;
      totals = counts().totals();
    }
    return array<double>(std::move(totals));
  }

  // Rows [first, last) of C: offsets, columns, values.
  nanobind::tuple counts_of(std::size_t first, std::size_t last) {
    if (first > last || last > histories_.items)
      invalid(fmt::format("there are no rows {} to {} of {}", first, last, histories_.items));
    embed::SparseRows rows;
    {
      const nanobind::gil_scoped_release release;
      rows = counts().rows(first, last);
    }
    return tuple_of(std::move(rows));
  }

  // X'X x.
  nanobind::object product(const Matrix<float>& x) {
    if (x.shape(0) != histories_.items)
      invalid(fmt::format("the block must have {} rows", histories_.items));
    std::vector<float> y(x.size());
    {
      const nanobind::gil_scoped_release release;
      embed::HistoryProduct(histories_).multiply(x.data(), y.data(), x.shape(1), 1);
    }
    return array(std::move(y), {x.shape(0), x.shape(1)});
  }

 private:
  const embed::CooccurrenceCounts& counts() {
    if (counts_ == nullptr)
      counts_ = std::make_unique<embed::CooccurrenceCounts>(histories_, cooccurrence_);
    return *counts_;
  }

  embed::CooccurrenceOptions cooccurrence_;
  embed::WeightedHistories histories_;
  std::unique_ptr<embed::CooccurrenceCounts> counts_;
};

}  // namespace sparrow::python
