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

bool before(const ScoredItem& a, const ScoredItem& b) {
  if (a.pinned != b.pinned) return a.pinned;
  if (a.adjusted != b.adjusted) return a.adjusted > b.adjusted;
  return better({a.row, a.similarity}, {b.row, b.similarity});
}

}  // namespace

float shelf_overlap(const recall::ItemFacts& facts, Row a, Row b) {
  const std::uint64_t x = facts.genres(a);
  const std::uint64_t y = facts.genres(b);
  const int either = std::popcount(x | y);
  const float genres =
      either == 0 ? 0.0F : static_cast<float>(std::popcount(x & y)) / static_cast<float>(either);
  const int ya = facts.catalog()[a].year;
  const int yb = facts.catalog()[b].year;
  const bool years = ya != 0 && yb != 0 && std::abs(ya - yb) <= 5;
  const bool series = facts.series(a) != 0 && facts.series(a) == facts.series(b);
  return 0.6F * genres + (series ? 0.25F : 0.0F) + (years ? 0.15F : 0.0F);
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
                                   std::vector<ScoredItem> candidates, const Caps& caps,
                                   float diversity, std::size_t wanted) {
  // Pins keep their given order: stable.
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.pinned && b.pinned ? false : before(a, b);
  });
  if (diversity <= 0 && !caps.any()) {
    if (candidates.size() > wanted) candidates.resize(wanted);
    return candidates;
  }
  CapCounter counter(facts, caps);
  std::vector<ScoredItem> list;
  std::vector<float> overlap(candidates.size(), 0.0F);
  std::vector<std::uint8_t> gone(candidates.size(), 0);
  while (list.size() < wanted) {
    std::size_t best = candidates.size();
    float best_value = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (gone[i] != 0) continue;
      if (candidates[i].pinned) {
        best = i;
        break;
      }
      const float value = (1 - diversity) * candidates[i].adjusted / 100 - diversity * overlap[i];
      if (best != candidates.size() && value <= best_value) continue;
      if (!counter.fits(candidates[i].row)) {
        gone[i] = 1;  // caps only fill up: it will never fit again
        continue;
      }
      best = i;
      best_value = value;
    }
    if (best == candidates.size()) break;
    gone[best] = 1;
    const Row taken = candidates[best].row;
    counter.take(taken);
    list.push_back(std::move(candidates[best]));
    if (diversity <= 0) continue;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (gone[i] == 0)
        overlap[i] = std::max(overlap[i], shelf_overlap(facts, candidates[i].row, taken));
    }
  }
  return list;
}

}  // namespace sparrow::rank
