// Increments: what units added to measures, by day, as compact as the log allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sparrow::experiment {

// 16 bytes.
struct Increment {
  std::uint32_t unit = 0;
  std::int16_t day = 0;  // kBefore: in the days before the exposure
  std::uint16_t measure = 0;
  double amount = 0;
};
inline constexpr std::int16_t kBefore = -1;

// Adds up increments of equal unit, day and measure; memory stays within twice of what is
// different.
class Increments {
 public:
  void add(const Increment& increment);
  // Those of one measure, by unit and day, each pair once. Valid until the next add().
  std::span<const Increment> of(std::uint16_t measure);

 private:
  void merge();
  std::vector<Increment> all_;
  std::size_t merged_ = 0;  // so many at the front are in order
};

}  // namespace sparrow::experiment
