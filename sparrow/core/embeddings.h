// Embeddings: a dense rows x dim matrix of float32, row-major, 64-byte aligned, zero at the start.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace sparrow {

// Memory at a multiple of 64 bytes; large areas in huge pages where the system has them, since rows
// are visited in no order and a small page costs a walk through its tables.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* memory);
// Asks for huge pages in a range that is there already: filling it is else mostly page faults.
void prefer_huge_pages(void* data, std::size_t bytes);

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_aligned(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) { free_aligned(p); }
  template <typename U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

using AlignedFloats = std::vector<float, AlignedAllocator<float>>;

class Embeddings {
 public:
  Embeddings() = default;
  Embeddings(std::size_t rows, std::size_t dim) : rows_(rows), dim_(dim), values_(rows * dim) {}

  std::size_t rows() const { return rows_; }
  std::size_t dim() const { return dim_; }
  std::span<float> row(std::size_t r) { return {values_.data() + r * dim_, dim_}; }
  std::span<const float> row(std::size_t r) const { return {values_.data() + r * dim_, dim_}; }
  float* data() { return values_.data(); }
  const float* data() const { return values_.data(); }
  std::span<const float> values() const { return {values_.data(), values_.size()}; }

 private:
  std::size_t rows_ = 0;
  std::size_t dim_ = 0;
  AlignedFloats values_;
};

// Scales every row to length 1. A zero row stays zero.
void normalize_rows(Embeddings& embeddings);

}  // namespace sparrow
