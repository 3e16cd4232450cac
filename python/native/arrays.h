// Arrays of numpy, in and out, without copies.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "errors.h"
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "sparrow/core/embeddings.h"

namespace sparrow::python {

template <typename T>
using In = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

// The memory of a vector or string as an array that owns it.
template <typename T, typename Container>
nanobind::object array(Container values) {
  auto* owner = new Container(std::move(values));
  const nanobind::capsule keeper(owner,
                                 [](void* p) noexcept { delete static_cast<Container*>(p); });
  return nanobind::cast(nanobind::ndarray<nanobind::numpy, T, nanobind::ndim<1>>(
      reinterpret_cast<T*>(owner->data()), {owner->size()}, keeper));
}

template <typename T>
using Matrix =
    nanobind::ndarray<const T, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;

template <typename T>
std::vector<T> vector_of(const In<T>& values) {
  return {values.data(), values.data() + values.size()};
}

// The same for an array of several dimensions. Needs the GIL.
template <typename T>
nanobind::object array(std::vector<T> values, std::initializer_list<std::size_t> shape) {
  auto* owner = new std::vector<T>(std::move(values));
  const nanobind::capsule keeper(owner,
                                 [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nanobind::cast(
      nanobind::ndarray<nanobind::numpy, T>(owner->data(), shape.size(), shape.begin(), keeper));
}

// The bytes [begin, end) of a column of Arrow.
inline std::string_view piece(const In<std::uint8_t>& bytes, std::int64_t begin, std::int64_t end) {
  if (begin < 0 || end < begin || static_cast<std::size_t>(end) > bytes.size())
    invalid("offsets run out of their bytes");
  return {reinterpret_cast<const char*>(bytes.data()) + begin,
          static_cast<std::size_t>(end - begin)};
}

// Offsets and rows of one list a user, checked: what comes from a table may be anything.
void check_lists(const In<std::uint64_t>& offsets, const In<std::uint32_t>& rows,
                 std::size_t items);

Embeddings embeddings_of(const Matrix<float>& values);
nanobind::object array_of(const Embeddings& values);  // needs the GIL

}  // namespace sparrow::python
