// SpreadOrder: a fixed way to visit rows in which the first m are spread evenly over all, whatever
// m is. Row numbers are multiplied modulo their count, so there is no table to keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>

#include "sparrow/core/row.h"

namespace sparrow::index {

class SpreadOrder {
 public:
  // `seed` moves the step from row to row, which is the golden section of n.
  explicit SpreadOrder(std::size_t n = 0, std::uint64_t seed = 0) : n_(n) {
    if (n < 2) return;
    magic_ = ~std::uint64_t{0} / n;
    step_ = static_cast<std::uint64_t>(static_cast<double>(n) * 0.6180339887498949) + seed % 64;
    for (step_ = step_ % n + (step_ % n == 0 ? 1 : 0); std::gcd(step_, n_) != 1;)
      step_ = step_ % n + 1;
    inverse_ = inverse_of(step_);
  }

  // Rows past n keep their place.
  Row row_at(std::size_t place) const {
    return static_cast<Row>(place < n_ ? times(place, step_) : place);
  }
  std::size_t place_of(Row row) const { return row < n_ ? times(row, inverse_) : row; }

 private:
  // a * b modulo n, by a multiplication with 2^64 / n instead of a division.
  std::uint64_t times(std::uint64_t a, std::uint64_t b) const {
    const std::uint64_t product = a * b;
    __extension__ using Wide = unsigned __int128;
    const auto quotient = static_cast<std::uint64_t>((Wide{product} * magic_) >> 64);
    std::uint64_t rest = product - quotient * n_;
    while (rest >= n_) rest -= n_;
    return rest;
  }

  // Extended Euclid.
  std::uint64_t inverse_of(std::uint64_t a) const {
    auto r0 = static_cast<std::int64_t>(n_);
    auto r1 = static_cast<std::int64_t>(a);
    std::int64_t t0 = 0;
    std::int64_t t1 = 1;
    while (r1 != 0) {
      const std::int64_t q = r0 / r1;
      const std::int64_t r2 = r0 - q * r1;
      const std::int64_t t2 = t0 - q * t1;
      r0 = r1;
      r1 = r2;
      t0 = t1;
      t1 = t2;
    }
    return static_cast<std::uint64_t>(t0 < 0 ? t0 + static_cast<std::int64_t>(n_) : t0);
  }

  std::uint64_t n_ = 0;
  std::uint64_t step_ = 1;
  std::uint64_t inverse_ = 1;
  std::uint64_t magic_ = 0;
};

}  // namespace sparrow::index
