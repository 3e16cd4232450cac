// TimeOrder and Repeats: what is done to the events of one user.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "sparrow/core/row.h"

namespace sparrow::data {

struct Event {
  std::int64_t time;
  Row item;
  float value;
};

// Orders one user's events by time, stably.
class TimeOrder {
 public:
  // Fills order() with positions 0..n-1 in order of time; false when they are in order already.
  template <typename TimeAt>
  bool find(std::size_t n, const TimeAt& time_at) {
    bool ordered = true;
    std::int64_t least = n > 0 ? time_at(0) : 0;
    std::int64_t most = least;
    for (std::size_t i = 1; i < n; ++i) {
      ordered = ordered && time_at(i - 1) <= time_at(i);
      least = std::min(least, time_at(i));
      most = std::max(most, time_at(i));
    }
    if (ordered) return false;
    order_.resize(n);
    const auto bits = static_cast<unsigned>(std::bit_width(n - 1));
    const std::uint64_t span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    if (static_cast<unsigned>(std::bit_width(span)) + bits > 64) {
      std::iota(order_.begin(), order_.end(), 0U);
      std::stable_sort(order_.begin(), order_.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return time_at(a) < time_at(b); });
      return true;
    }
    keys_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t since =
          static_cast<std::uint64_t>(time_at(i)) - static_cast<std::uint64_t>(least);
      keys_[i] = since << bits | i;
    }
    constexpr std::size_t kRadixFrom = 96;
    if (n < kRadixFrom) {
      std::sort(keys_.begin(), keys_.end());
    } else {
      radix_sort(bits, bits + static_cast<unsigned>(std::bit_width(span)));
    }
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    for (std::size_t i = 0; i < n; ++i) order_[i] = static_cast<std::uint32_t>(keys_[i] & mask);
    return true;
  }
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  // Least digit first over the bits [from, to); the lower bits are in order already.
  void radix_sort(unsigned from, unsigned to) {
    constexpr unsigned kDigit = 8;
    spare_.resize(keys_.size());
    for (unsigned shift = from; shift < to; shift += kDigit) {
      std::array<std::uint32_t, 1U << kDigit> next{};
      for (const std::uint64_t key : keys_) ++next[(key >> shift) & 0xFFU];
      std::uint32_t sum = 0;
      for (auto& slot : next) sum += std::exchange(slot, sum);
      for (const std::uint64_t key : keys_) spare_[next[(key >> shift) & 0xFFU]++] = key;
      keys_.swap(spare_);
    }
  }
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint64_t> spare_;
  std::vector<std::uint32_t> order_;
};

// Counts the items that a user has again.
class Repeats {
 public:
  void count(const Row* items, std::size_t n, std::uint32_t mark) {
    for (std::size_t i = 0; i < n; ++i) {
      if (items[i] >= seen_.size())
        seen_.resize(std::max<std::size_t>(items[i] + 1, seen_.size() * 2), 0);
      found_ += seen_[items[i]] == mark ? 1U : 0U;
      seen_[items[i]] = mark;
    }
  }
  std::uint64_t found() const { return found_; }

 private:
  std::vector<std::uint32_t> seen_;  // item -> mark of the last user who had it; 0: nobody
  std::uint64_t found_ = 0;
};

}  // namespace sparrow::data
