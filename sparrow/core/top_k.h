// TopK keeps the k best (row, score) pairs of a stream: larger score first, equal scores by a
// mixed hash of the row, so that ties do not follow catalogue order and are the same in every run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sparrow/core/row.h"

namespace sparrow {

struct Neighbor {
  Row row = kNoRow;
  float score = 0;
  bool operator==(const Neighbor&) const = default;
};

inline std::uint32_t tie_rank(Row row) {
  std::uint32_t x = row * 0x9e3779b1U;
  x = (x ^ (x >> 16)) * 0x85ebca6bU;
  x = (x ^ (x >> 13)) * 0xc2b2ae35U;
  return x ^ (x >> 16);
}

// The row whose rank it is: every step of tie_rank() can be undone.
inline Row row_of_tie_rank(std::uint32_t rank) {
  std::uint32_t x = rank ^ (rank >> 16);
  x *= 0x7ed1b41dU;  // times 0xc2b2ae35 it is 1, modulo 2^32; likewise the others
  x ^= (x >> 13) ^ (x >> 26);
  x *= 0xa5cb9243U;
  x ^= x >> 16;
  return x * 0xe8b2f51U;
}

inline bool better(const Neighbor& a, const Neighbor& b) {
  if (a.score != b.score) return a.score > b.score;
  const std::uint32_t ta = tie_rank(a.row);
  const std::uint32_t tb = tie_rank(b.row);
  return ta != tb ? ta < tb : a.row < b.row;
}

class TopK {
 public:
  explicit TopK(std::size_t k) : k_(k) { heap_.reserve(k); }

  void add(Row row, float score) {
    if (k_ == 0) return;
    const Neighbor candidate{row, score};
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end(), better);
    } else if (better(candidate, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end(), better);
    }
  }

  // A score below this cannot enter.
  float threshold() const {
    return heap_.size() < k_ || k_ == 0 ? -__builtin_inff() : heap_.front().score;
  }

  // Best first; leaves this empty.
  std::vector<Neighbor> take() {
    std::sort(heap_.begin(), heap_.end(), better);
    std::vector<Neighbor> sorted;
    sorted.swap(heap_);
    return sorted;
  }

 private:
  std::size_t k_;
  std::vector<Neighbor> heap_;
};

}  // namespace sparrow
