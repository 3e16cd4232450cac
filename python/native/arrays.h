// Arrays between numpy and the engine: borrowed on the way in, owned by Python on the way out.
#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace sparrow::python {

template <typename T>
using Values =
    nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;
template <typename T>
using Matrix =
    nanobind::ndarray<const T, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;

template <typename T>
std::span<const T> span_of(const Values<T>& values) {
  return {values.data(), values.shape(0)};
}
template <typename T>
std::vector<T> vector_of(const Values<T>& values) {
  return {values.data(), values.data() + values.shape(0)};
}

// A numpy array that owns the values of a vector. Needs the GIL.
template <typename Vector>
nanobind::object owned_array(Vector values, std::initializer_list<std::size_t> shape) {
  auto* kept = new Vector(std::move(values));
  const nanobind::capsule owner(kept, [](void* p) noexcept { delete static_cast<Vector*>(p); });
  return nanobind::cast(nanobind::ndarray<nanobind::numpy, typename Vector::value_type>(
      kept->data(), shape.size(), shape.begin(), owner));
}
template <typename Vector>
nanobind::object owned_array(Vector values) {
  const std::size_t size = values.size();
  return owned_array(std::move(values), {size});
}

}  // namespace sparrow::python
