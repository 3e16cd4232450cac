#include "sparrow/rank/list_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <unordered_map>

#include "sparrow/core/simd/shelf_kernel.h"

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

// Equal ones as in TopK.
bool comes_first(const Candidate& a, const Candidate& b) {
  if (a.adjusted != b.adjusted) return a.adjusted > b.adjusted;
  return better({a.row, a.similarity}, {b.row, b.similarity});
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

// Greedy choice by maximal marginal relevance under caps: after each choice a pass over all
// candidates lowers what those are worth that are like it.
class Chooser {
 public:
  Chooser(const recall::ItemFacts& facts, std::span<const Candidate> candidates, const Caps& caps,
          float diversity)
      : facts_(facts),
        candidates_(candidates),
        counter_(facts, caps),
        diversity_(diversity),
        c_(columns()) {
    const std::size_t n = candidates.size();
    const std::size_t room = (n + simd::kShelfLanes - 1) / simd::kShelfLanes * simd::kShelfLanes;
    c_.resize(room);
    for (std::size_t i = 0; i < n; ++i) {
      const recall::Shelf& shelf = facts.shelf(candidates[i].row);
      c_.genres_low[i] = static_cast<std::uint32_t>(shelf.genres);
      c_.genres_high[i] = static_cast<std::uint32_t>(shelf.genres >> 32);
      upper_genres_ = upper_genres_ || c_.genres_high[i] != 0;
      c_.genre_count[i] = shelf.genre_count;
      c_.series[i] = shelf.series;
      c_.year[i] = shelf.year;
      c_.worth[i] = (1 - diversity) * candidates[i].adjusted / 100;
      pins_ += candidates[i].pinned ? 1U : 0U;
    }
    std::fill(c_.worth.begin() + static_cast<std::ptrdiff_t>(n), c_.worth.end(), kGone);
    std::fill(c_.overlap.begin(), c_.overlap.end(), 0.0F);
  }

  bool pins_left() const { return pins_ > 0; }

  // Takes the rest by adjusted match alone, as far as caps allow, until the list holds `wanted`.
  // O(candidates log candidates).
  void fill(std::vector<std::uint32_t>& list, std::size_t wanted) {
    std::vector<std::uint32_t> rest;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (c_.worth[i] != kGone) rest.push_back(static_cast<std::uint32_t>(i));
    }
    std::sort(rest.begin(), rest.end(), [&](std::uint32_t i, std::uint32_t j) {
      return comes_first(candidates_[i], candidates_[j]);
    });
    for (const std::uint32_t i : rest) {
      if (list.size() == wanted) return;
      if (!counter_.fits(candidates_[i].row)) continue;
      counter_.take(candidates_[i].row);
      list.push_back(i);
    }
  }

  // The position of the next one; candidates.size(): none is left.
  std::size_t next() {
    if (pins_ > 0) {
      --pins_;
      while (!candidates_[pin_].pinned) ++pin_;
      return take(pin_++);
    }
    while (true) {
      const simd::LargestValue best = lower_values();
      if (best.value == kGone) return candidates_.size();
      const std::size_t chosen = first_of(best);
      if (counter_.fits(candidates_[chosen].row)) return take(chosen);
      c_.worth[chosen] = kGone;  // caps only fill up: it will never fit again
    }
  }

 private:
  static constexpr float kGone = -__builtin_inff();

  // Kept by each thread, for their memory.
  struct Columns {
    std::vector<std::uint32_t> genres_low;
    std::vector<std::uint32_t> genres_high;
    std::vector<float> genre_count;
    std::vector<std::uint32_t> series;
    std::vector<std::int32_t> year;
    std::vector<float> worth;    // of its match alone; kGone: it cannot be taken any more
    std::vector<float> overlap;  // the largest with what was taken
    std::vector<float> value;

    void resize(std::size_t n) {
      for (auto* column : {&genres_low, &genres_high, &series}) column->resize(n);
      for (auto* column : {&genre_count, &worth, &overlap, &value}) column->resize(n);
      year.resize(n);
    }
  };
  static Columns& columns() {
    thread_local Columns kept;
    return kept;
  }

  std::size_t take(std::size_t chosen) {
    const Row row = candidates_[chosen].row;
    c_.worth[chosen] = kGone;
    counter_.take(row);
    if (diversity_ <= 0) return chosen;
    const recall::Shelf& shelf = facts_.shelf(row);
    newest_ = {shelf.genres, shelf.series, shelf.year};
    if (pins_ > 0) lower_values();  // no choice comes before the next one
    return chosen;
  }
  simd::LargestValue lower_values() {
    return simd::lower_values(
        {candidates_.size(), c_.genres_low.data(), upper_genres_ ? c_.genres_high.data() : nullptr,
         c_.genre_count.data(), c_.series.data(), c_.year.data(), c_.worth.data(),
         c_.overlap.data(), c_.value.data()},
        newest_, diversity_);
  }
  // Of those with this value.
  std::size_t first_of(const simd::LargestValue& best) const {
    std::size_t chosen = best.first;
    for (std::size_t i = chosen + 1, left = best.count - 1; left > 0; ++i) {
      if (c_.value[i] != best.value) continue;
      --left;
      if (comes_first(candidates_[i], candidates_[chosen])) chosen = i;
    }
    return chosen;
  }

  const recall::ItemFacts& facts_;
  std::span<const Candidate> candidates_;
  CapCounter counter_;
  float diversity_;
  Columns& c_;
  bool upper_genres_ = false;
  std::size_t pins_ = 0;  // not yet taken
  std::size_t pin_ = 0;   // none before this
  simd::ShelfPlace newest_;
};

// Pins as they were given, then by adjusted match.
std::vector<std::uint32_t> by_adjusted(std::span<const Candidate> candidates, std::size_t wanted) {
  std::vector<std::uint32_t> order(candidates.size());
  std::iota(order.begin(), order.end(), 0U);
  const std::size_t count = std::min(wanted, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::uint32_t i, std::uint32_t j) {
                      const Candidate& a = candidates[i];
                      const Candidate& b = candidates[j];
                      if (a.pinned || b.pinned) return a.pinned != b.pinned ? a.pinned : i < j;
                      return comes_first(a, b);
                    });
  order.resize(count);
  return order;
}

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

std::vector<std::uint32_t> order_list(const recall::ItemFacts& facts,
                                      std::span<const Candidate> candidates, const Caps& caps,
                                      float diversity, std::size_t wanted) {
  if (diversity <= 0 && !caps.any()) return by_adjusted(candidates, wanted);
  std::vector<std::uint32_t> list;
  list.reserve(std::min(wanted, candidates.size()));
  Chooser chooser(facts, candidates, caps, diversity);
  const std::size_t chosen_first = diversity > 0 ? std::min(wanted, kDiverse) : 0;
  while (list.size() < chosen_first || chooser.pins_left()) {
    const std::size_t chosen = chooser.next();
    if (chosen == candidates.size()) return list;
    list.push_back(static_cast<std::uint32_t>(chosen));
    if (list.size() == wanted) return list;
  }
  chooser.fill(list, wanted);
  return list;
}

}  // namespace sparrow::rank
