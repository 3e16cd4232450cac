#include "sparrow/core/embeddings.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

#include "sparrow/core/simd/kernels.h"

namespace sparrow {

void* allocate_aligned(std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const std::size_t alignment = bytes >= 2 * kHugePage ? kHugePage : kLine;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) prefer_huge_pages(memory, bytes);
  return memory;
}

void free_aligned(void* memory) { std::free(memory); }

void prefer_huge_pages(void* data, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page * page;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the address was rounded up to a page.
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

void normalize_rows(Embeddings& embeddings) {
  for (std::size_t r = 0; r < embeddings.rows(); ++r) {
    const std::span<float> row = embeddings.row(r);
    const float norm = std::sqrt(simd::dot(row.data(), row.data(), row.size()));
    if (norm > 0) simd::scale(row.data(), 1.0F / norm, row.size());
  }
}

}  // namespace sparrow
