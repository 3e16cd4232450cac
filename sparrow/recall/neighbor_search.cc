// measure() decides; nearest() follows.
#include "sparrow/recall/neighbor_search.h"

#include <algorithm>
#include <atomic>

#include "sparrow/core/parallel.h"

namespace sparrow::recall {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMeasured = 10;  // recall_at_10
constexpr std::size_t kLinks = 24;     // of an item that a walk follows

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Seeds with lists, evenly spread.
std::vector<Row> sample(const model::Similarity& similarity, std::size_t count) {
  std::vector<Row> rows;
  const std::size_t step =
      std::max<std::size_t>(1, similarity.items() / std::max<std::size_t>(1, 4 * count));
  for (std::size_t row = 0; row < similarity.items() && rows.size() < count; row += step) {
    if (similarity.source(static_cast<Row>(row)) == model::Source::kBehavior)
      rows.push_back(static_cast<Row>(row));
  }
  return rows;
}

double overlap(const std::vector<Neighbor>& found, const std::vector<Neighbor>& truth) {
  if (truth.empty()) return 1;
  const auto hits = std::count_if(truth.begin(), truth.end(), [&](const Neighbor& t) {
    return std::any_of(found.begin(), found.end(),
                       [&](const Neighbor& f) { return f.row == t.row; });
  });
  return static_cast<double>(hits) / static_cast<double>(truth.size());
}

// Which rows a walk has met; begin() forgets them all at no cost.
class Met {
 public:
  void begin(std::size_t rows) {
    if (marks_.size() < rows) marks_.resize(rows, 0);
    if (++round_ != 0) return;
    std::fill(marks_.begin(), marks_.end(), 0U);
    round_ = 1;
  }
  bool first_time(Row row) {
    if (marks_[row] == round_) return false;
    marks_[row] = round_;
    return true;
  }

 private:
  std::vector<std::uint32_t> marks_;
  std::uint32_t round_ = 0;
};

}  // namespace

NeighborSearch::NeighborSearch(const model::Model& model, const model::Similarity& similarity,
                               const SearchOptions& options, const NeighborSearch* before)
    : similarity_(similarity) {
  if (const auto table = model::NeighborTable::of(model)) table_ = *table;
  first_loose_ = static_cast<Row>(std::min<std::size_t>(
      model.items.size(), model.manifest.metrics.value("trained_items", model.items.size())));
  if (before != nullptr)
    report_ = before->report_;
  else
    measure(options);
}

// The row itself and those of its list.
std::vector<std::uint8_t> NeighborSearch::listed(Row row) const {
  std::vector<std::uint8_t> marks(similarity_.items());
  for (const std::uint32_t other : table_.rows_of(row)) {
    if (other != kNoRow) marks[other] = 1;
  }
  return marks;
}

void NeighborSearch::measure(const SearchOptions& options) {
  constexpr std::size_t kNarrowest = 64;
  constexpr std::size_t kWidest = 2048;
  constexpr std::size_t kTimed = 3;  // searches, one after the other
  const auto seeds = sample(similarity_, options.sample_seeds);
  if (seeds.empty()) return;
  const auto search = [&](Row seed) {
    return similarity_.nearest(seed, kMeasured,
                               table_.per_item > 0 ? listed(seed) : std::vector<std::uint8_t>());
  };
  (void)similarity_.nearest(seeds[0], kMeasured, {});  // the first call pays for its buffers
  std::vector<std::vector<Neighbor>> truth(seeds.size());
  const auto began = Clock::now();
  std::size_t known = 0;
  for (; known < std::min(kTimed, seeds.size()); ++known) {
    if (Clock::now() - began > options.measuring) break;
    truth[known] = search(seeds[known]);
  }
  report_.exact_us = microseconds_since(began) / static_cast<double>(known);
  constexpr Row kPairs = 256;
  const auto n = static_cast<Row>(similarity_.items());
  float sum = 0;
  auto start = Clock::now();
  for (Row i = 0; i < kPairs; ++i)
    sum += similarity_.score(seeds[i % seeds.size()], static_cast<Row>(i * 2'654'435'761U % n));
  report_.pair_us = microseconds_since(start) / kPairs + (sum > 0 ? 0 : 1e-6);
  if (report_.exact_us <= static_cast<double>(options.exact_budget.count()) || table_.per_item == 0)
    return;
  // The others by all threads, as far as the time goes.
  std::atomic<std::size_t> next{known};
  parallel_for(seeds.size() - known, 1, 0, [&](std::size_t, std::size_t, std::size_t) {
    if (Clock::now() - began > options.measuring) return;
    const std::size_t s = next.fetch_add(1);
    truth[s] = search(seeds[s]);
  });
  truth.resize(next);
  for (report_.width = kNarrowest; report_.width <= kWidest; report_.width *= 2) {
    double recall = 0;
    start = Clock::now();
    for (std::size_t s = 0; s < truth.size(); ++s)
      recall +=
          overlap(by_walk(seeds[s], kMeasured, listed(seeds[s]), report_.width + table_.per_item),
                  truth[s]);
    report_.walk_us = microseconds_since(start) / static_cast<double>(truth.size());
    report_.walk_recall_at_10 = recall / static_cast<double>(truth.size());
    if (report_.walk_recall_at_10 >= options.least_recall) break;
  }
  report_.walk =
      report_.walk_recall_at_10 >= options.least_recall && report_.walk_us < report_.exact_us;
}

std::vector<Neighbor> NeighborSearch::nearest(Row row, std::size_t k,
                                              std::span<const std::uint8_t> excluded) const {
  if (similarity_.source(row) == model::Source::kNone) return {};
  const std::size_t items = similarity_.items();
  const std::size_t allowed =
      excluded.empty() ? items
                       : static_cast<std::size_t>(std::count(excluded.begin(), excluded.end(), 0));
  if (static_cast<double>(allowed) * report_.pair_us < report_.exact_us / 2)
    return by_pairs(row, k, excluded, allowed);
  if (report_.walk) {
    // Enough that the allowed among them are k with room to spare; a filter that few pass would
    // leave too little of what a walk meets.
    constexpr std::size_t kLeastShare = 10;  // one in ten
    const std::size_t kept = std::max(report_.width + table_.per_item,
                                      2 * k * items / std::max<std::size_t>(1, allowed));
    if (allowed * kLeastShare >= items && kept * kLeastShare < items) {
      auto found = by_walk(row, k, excluded, kept);
      if (found.size() >= std::min(k, allowed > 0 ? allowed - 1 : 0)) return found;
    }
  }
  return similarity_.nearest(row, k, excluded);
}

std::vector<Neighbor> NeighborSearch::by_pairs(Row row, std::size_t k,
                                               std::span<const std::uint8_t> excluded,
                                               std::size_t allowed) const {
  TopK best(std::min(k, allowed));
  if (allowed == 0) return {};
  for (Row j = 0; j < similarity_.items(); ++j) {
    if (j != row && (excluded.empty() || excluded[j] == 0)) best.add(j, similarity_.score(row, j));
  }
  return best.take();
}

// Best first from the row itself: of the `kept` nearest met so far the nearest that has not been
// left yet is left for those of its list.
std::vector<Neighbor> NeighborSearch::by_walk(Row row, std::size_t k,
                                              std::span<const std::uint8_t> excluded,
                                              std::size_t kept) const {
  struct Stop {
    Neighbor item;
    bool left = false;
  };
  thread_local Met met;
  met.begin(similarity_.items());
  met.first_time(row);
  std::vector<Stop> nearest;
  nearest.reserve(kept + 1);
  TopK best(k);
  const auto look_at = [&](Row j) {
    const Neighbor item{j, similarity_.score(row, j)};
    if (excluded.empty() || excluded[j] == 0) best.add(j, item.score);
    if (nearest.size() == kept && !better(item, nearest.back().item)) return nearest.size();
    const auto place =
        std::upper_bound(nearest.begin(), nearest.end(), item,
                         [](const Neighbor& a, const Stop& b) { return better(a, b.item); });
    const auto at = static_cast<std::size_t>(place - nearest.begin());
    nearest.insert(place, {item, false});
    if (nearest.size() > kept) nearest.pop_back();
    return at;
  };
  const auto leave = [&](Row from, std::size_t links) {
    std::size_t first_changed = nearest.size();
    const auto list = table_.rows_of(from);
    for (std::size_t i = 0; i < std::min(links, list.size()) && list[i] != kNoRow; ++i) {
      if (met.first_time(list[i])) first_changed = std::min(first_changed, look_at(list[i]));
    }
    return first_changed;
  };
  leave(row, table_.per_item);
  for (std::size_t next = 0; next < nearest.size();) {
    nearest[next].left = true;
    next = std::min(next, leave(nearest[next].item.row, kLinks));
    while (next < nearest.size() && nearest[next].left) ++next;
  }
  for (Row j = first_loose_; j < similarity_.items(); ++j) {
    if (met.first_time(j) && (excluded.empty() || excluded[j] == 0))
      best.add(j, similarity_.score(row, j));
  }
  return best.take();
}

}  // namespace sparrow::recall
