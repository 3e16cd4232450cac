#include "arrays.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace sparrow::python {

void check_lists(const In<std::uint64_t>& offsets, const In<std::uint32_t>& rows,
                 std::size_t items) {
  const auto o = std::span(offsets.data(), offsets.size());
  if (o.empty() || o.front() != 0 || o.back() != rows.shape(0) ||
      !std::is_sorted(o.begin(), o.end()))
    invalid(fmt::format("the offsets of lists must rise from 0 to {}, the number of rows",
                        rows.shape(0)));
  for (const std::uint32_t row : std::span(rows.data(), rows.size())) {
    if (row >= items) invalid(fmt::format("row {} is not one of {} items", row, items));
  }
}

Embeddings embeddings_of(const Matrix<float>& values) {
  Embeddings e(values.shape(0), values.shape(1));
  std::copy_n(values.data(), values.size(), e.data());
  return e;
}

nanobind::object array_of(const Embeddings& e) {
  return array(std::vector<float>(e.values().begin(), e.values().end()), {e.rows(), e.dim()});
}

}  // namespace sparrow::python
