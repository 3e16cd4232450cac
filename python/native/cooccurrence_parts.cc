#include <algorithm>
#include <span>
#include <vector>

#include "errors.h"
#include "histories.h"
#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/embed/content_weight.h"
#include "sparrow/embed/eigen_embedding.h"
#include "sparrow/embed/fusion.h"
#include "sparrow/embed/fusion_parts.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

embed::SparseRows sparse_rows(const In<std::uint64_t>& offsets, const In<std::uint32_t>& columns,
                              const In<float>& values, std::size_t items) {
  check_lists(offsets, columns, items);
  if (values.shape(0) != columns.shape(0)) invalid("there must be as many values as columns");
  return {vector_of(offsets), vector_of(columns), vector_of(values)};
}

nb::tuple ppmi_rows(const Options& options, std::size_t first, const In<std::uint64_t>& offsets,
                    const In<std::uint32_t>& columns, const In<float>& values,
                    const In<double>& totals) {
  const auto counts = sparse_rows(offsets, columns, values, totals.shape(0));
  if (first + counts.rows() > totals.shape(0))
    invalid(fmt::format("there are no rows {} to {} of {}", first, first + counts.rows(),
                        totals.shape(0)));
  embed::SparseRows rows;
  {
    const nb::gil_scoped_release release;
    rows = embed::ppmi_rows(first, counts, vector_of(totals), options.train.fusion.cooccurrence);
  }
  return tuple_of(std::move(rows));
}

nb::object sparse_product(const In<std::uint64_t>& offsets, const In<std::uint32_t>& columns,
                          const In<float>& values, const Matrix<float>& x) {
  const auto rows = sparse_rows(offsets, columns, values, x.shape(0));
  const std::size_t width = x.shape(1);
  std::vector<float> y(rows.rows() * width);
  {
    const nb::gil_scoped_release release;
    embed::multiply(rows, x.data(), y.data(), width);
  }
  return array(std::move(y), {rows.rows(), width});
}

// V sqrt(lambda) of n x n that `product` multiplies blocks by: product(x) -> y, both n x width.
nb::object eigen_vectors(const Options& options, std::size_t n, std::size_t dim,
                         std::size_t iterations, const nb::callable& product) {
  embed::EigenOptions eigen;
  eigen.dim = dim;
  eigen.iterations = iterations;
  eigen.seed = options.train.seed;
  eigen.threads = options.train.threads;
  Embeddings found;
  {
    const nb::gil_scoped_release release;
    found = embed::eigen_embedding(
        n,
        [&](const float* x, float* y, std::size_t width) {
          const nb::gil_scoped_acquire acquire;
          const nb::object image = product(array(std::vector<float>(x, x + n * width), {n, width}));
          const auto values = nb::cast<Matrix<float>>(image);
          if (values.shape(0) != n || values.shape(1) != width)
            invalid(fmt::format("the product must have {} rows and {} columns", n, width));
          std::copy_n(values.data(), n * width, y);
        },
        eigen);
  }
  return array_of(found);
}

// Rows of a catalogue with enough positives.
nb::object chosen_items(const Options& options, const In<std::uint32_t>& positives) {
  return array<Row>(
      embed::choose_items(std::span(positives.data(), positives.size()), options.histories()));
}

// Dimensions of co-occurrence, history, flattened history; products of the eigen-solver; on which
// users the content weight is tried: every n-th.
nb::tuple fusion_plan(const Options& options, std::size_t items, std::size_t users) {
  const auto dims = embed::behavior_dims(items, users, options.train.fusion);
  return nb::make_tuple(dims.cooccurrence, dims.history, dims.ridge,
                        embed::eigen_products(items, options.train.fusion),
                        embed::trial_stride(items, users));
}

}  // namespace

void add_cooccurrence_parts(nb::module_& module) {
  nb::class_<Histories>(module, "Histories",
                        "What some of the users did, for the co-occurrence methods.")
      .def(nb::init<const Options&, const In<std::uint64_t>&, const In<std::uint32_t>&,
                    const In<float>&, const In<std::uint32_t>&, std::size_t>(),
           nb::arg("options"), nb::arg("offsets"), nb::arg("items"), nb::arg("values"),
           nb::arg("chosen"), nb::arg("catalog_items"))
      .def("totals", &Histories::totals, "Row sums of the co-occurrence counts.")
      .def("counts", &Histories::counts_of, nb::arg("first"), nb::arg("last"),
           "Rows of the co-occurrence counts: offsets, columns, values.")
      .def("product", &Histories::product, nb::arg("x"), "X'X x, X = the weights, users x items.");
  module.def("ppmi_rows", &ppmi_rows, nb::arg("options"), nb::arg("first"), nb::arg("offsets"),
             nb::arg("columns"), nb::arg("values"), nb::arg("totals"));
  module.def("sparse_product", &sparse_product, nb::arg("offsets"), nb::arg("columns"),
             nb::arg("values"), nb::arg("x"));
  module.def("eigen_vectors", &eigen_vectors, nb::arg("options"), nb::arg("n"), nb::arg("dim"),
             nb::arg("iterations"), nb::arg("product"));
  module.def("chosen_items", &chosen_items, nb::arg("options"), nb::arg("positives"));
  module.def("fusion_plan", &fusion_plan, nb::arg("options"), nb::arg("items"), nb::arg("users"));
}

}  // namespace sparrow::python
