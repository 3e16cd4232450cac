#include "sparrow/rank/list_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <unordered_map>

namespace sparrow::rank {
namespace {

// Counts genres, series and people of what was taken.
class CapCounter {
 public:
  CapCounter(const recall::ItemFacts& facts, const Caps& caps) : facts_(facts), caps_(caps) {}

  bool fits(Row row) const {
    if (caps_.genre > 0) {
      for (auto bits = facts_.genres(row); bits != 0; bits &= bits - 1) {
        if (genres_[static_cast<std::size_t>(std::countr_zero(bits))] >= caps_.genre) return false;
      }
    }
    if (caps_.series > 0 && facts_.series(row) != 0 &&
        count(series_, facts_.series(row)) >= caps_.series)
      return false;
    if (caps_.person > 0) {
      for (const auto person : facts_.people(row)) {
        if (count(people_, person) >= caps_.person) return false;
      }
    }
    return true;
  }

  void take(Row row) {
    if (!caps_.any()) return;
    for (auto bits = facts_.genres(row); bits != 0; bits &= bits - 1)
      ++genres_[static_cast<std::size_t>(std::countr_zero(bits))];
    if (facts_.series(row) != 0) ++series_[facts_.series(row)];
    for (const auto person : facts_.people(row)) ++people_[person];
  }

 private:
  using Counts = std::unordered_map<std::uint32_t, std::size_t>;
  static std::size_t count(const Counts& counts, std::uint32_t key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }

  const recall::ItemFacts& facts_;
  const Caps& caps_;
  std::array<std::size_t, 64> genres_{};
  Counts series_;
  Counts people_;
};

// Places of candidates in the order of their adjusted match, pins first as they were given. Sorts
// numbers: the bits of `adjusted`, turned so that they compare as the floats do, above the place;
// candidates that are equal so far are told apart afterwards.
std::vector<std::uint32_t> by_adjusted(const std::vector<ScoredItem>& candidates) {
  std::vector<std::uint64_t> keys;
  keys.reserve(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(candidates[i].adjusted + 0.0F);  // no -0
    constexpr std::uint32_t kSign = 0x8000'0000U;
    const std::uint32_t falling = (bits & kSign) != 0 ? bits : ~(bits | kSign);
    keys.push_back((candidates[i].pinned ? 0 : std::uint64_t{falling} << 32) | i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::uint32_t> order(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) order[i] = static_cast<std::uint32_t>(keys[i]);
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin + 1;
    while (end < keys.size() && keys[end] >> 32 == keys[begin] >> 32) ++end;
    if (end - begin > 1 && !candidates[order[begin]].pinned) {
      std::sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                order.begin() + static_cast<std::ptrdiff_t>(end),
                [&](std::uint32_t i, std::uint32_t j) {
                  return better({candidates[i].row, candidates[i].similarity},
                                {candidates[j].row, candidates[j].similarity});
                });
    }
    begin = end;
  }
  return order;
}

float overlap_of(const recall::Shelf& x, const recall::Shelf& y) {
  const std::uint64_t shared = x.genres & y.genres;
  float genres = 0;
  if (shared != 0) {
    const int both = std::popcount(shared);
    genres = static_cast<float>(both) / static_cast<float>(x.genre_count + y.genre_count - both);
  }
  const bool years = x.year != 0 && y.year != 0 && std::abs(x.year - y.year) <= 5;
  const bool series = x.series != 0 && x.series == y.series;
  return 0.6F * genres + (series ? 0.25F : 0.0F) + (years ? 0.15F : 0.0F);
}

// Greedy choice by maximal marginal relevance under caps. Overlap with what is taken only grows, so
// what a candidate was worth when it was last looked at bounds what it is worth now: a candidate is
// looked at again only while that bound beats the best so far, and none after the first whose match
// alone does not.
class Chooser {
 public:
  Chooser(const recall::ItemFacts& facts, const std::vector<ScoredItem>& candidates,
          const Caps& caps, float diversity)
      : candidates_(candidates), counter_(facts, caps), diversity_(diversity) {
    entries_.reserve(candidates.size());
    for (const std::uint32_t place : by_adjusted(candidates))
      entries_.push_back({place, (1 - diversity) * candidates[place].adjusted / 100, 0, 0,
                          facts.shelf(candidates[place].row)});
  }

  // The place of the next one; candidates.size(): none is left.
  std::size_t next() {
    std::size_t best = entries_.size();
    float best_value = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.compared == kGone) continue;
      if (candidates_[entry.place].pinned) {
        best = i;
        break;
      }
      const bool any = best != entries_.size();
      if (any && entry.worth <= best_value) break;
      if (any && entry.worth - diversity_ * entry.overlap <= best_value) continue;
      compare(entry);
      const float value = entry.worth - diversity_ * entry.overlap;
      if (any && value <= best_value) continue;
      if (!counter_.fits(candidates_[entry.place].row)) {
        entry.compared = kGone;  // caps only fill up: it will never fit again
        continue;
      }
      best = i;
      best_value = value;
    }
    if (best == entries_.size()) return candidates_.size();
    Entry& entry = entries_[best];
    entry.compared = kGone;
    counter_.take(candidates_[entry.place].row);
    taken_.push_back(entry.shelf);
    return entry.place;
  }

 private:
  static constexpr std::uint32_t kGone = UINT32_MAX;
  struct Entry {
    std::uint32_t place;
    float worth;             // of its match alone
    float overlap;           // the largest with the first `compared` that were taken
    std::uint32_t compared;  // kGone: it cannot be taken any more
    recall::Shelf shelf;
  };

  void compare(Entry& entry) const {
    if (diversity_ <= 0) return;
    for (; entry.compared < taken_.size(); ++entry.compared)
      entry.overlap = std::max(entry.overlap, overlap_of(entry.shelf, taken_[entry.compared]));
  }

  const std::vector<ScoredItem>& candidates_;
  CapCounter counter_;
  float diversity_;
  std::vector<Entry> entries_;  // best match first
  std::vector<recall::Shelf> taken_;
};

}  // namespace

float shelf_overlap(const recall::ItemFacts& facts, Row a, Row b) {
  return overlap_of(facts.shelf(a), facts.shelf(b));
}

float adjust(const recall::ItemFacts& facts, const Controls& controls, Row row, float match) {
  constexpr float kPointsPerDeviation = 20;
  float adjusted = match;
  if (controls.popularity != 0)
    adjusted +=
        controls.popularity * kPointsPerDeviation * std::clamp(facts.popularity(row), -3.0F, 3.0F);
  for (const Boost& boost : controls.boosts) {
    if (boost.items->holds(row, kNoRow)) adjusted *= boost.factor;
  }
  return adjusted;
}

std::vector<ScoredItem> order_list(const recall::ItemFacts& facts,
                                   const std::vector<ScoredItem>& candidates, const Caps& caps,
                                   float diversity, std::size_t wanted) {
  std::vector<ScoredItem> list;
  list.reserve(std::min(wanted, candidates.size()));
  if (diversity <= 0 && !caps.any()) {
    for (const std::uint32_t place : by_adjusted(candidates)) {
      if (list.size() == wanted) break;
      list.push_back(candidates[place]);
    }
    return list;
  }
  Chooser chooser(facts, candidates, caps, diversity);
  while (list.size() < wanted) {
    const std::size_t place = chooser.next();
    if (place == candidates.size()) break;
    list.push_back(candidates[place]);
  }
  return list;
}

}  // namespace sparrow::rank
