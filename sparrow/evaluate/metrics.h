// Metrics of item lists, each a plain function of lists and counts. Definitions in docs/quality.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/evaluate/statistics.h"

namespace sparrow::evaluate {

// lists[i] = the first k neighbors of item i, best first; empty where i was not asked for.
using Lists = std::vector<std::vector<Row>>;

// One positive interaction and the next one of the same user.
struct Transition {
  std::uint32_t user = 0;
  Row from = 0;
  Row to = 0;
};

// Next-item prediction: is `to` among the first k of `from`'s list? Averaged inside each user, then
// over users, so that heavy users do not decide. IPW: the same, each target weighted by 1 /
// popularity (Steck 2011): sum of w h / sum of w, w = 1 / (popularity of the target * transitions
// of the user).
struct NextItem {
  double hit = 0;
  double hit_ipw = 0;
  double ndcg = 0;      // 1 / log2(rank + 1) on a hit
  double mrr = 0;       // 1 / rank on a hit
  double hit_tail = 0;  // the same over targets in the tail, see tail_limit()
  std::size_t transitions = 0;
  std::vector<double> user_hit;           // one a user, for intervals and paired tests
  std::vector<double> user_weighted_hit;  // sums of w h and of w of each user
  std::vector<double> user_weight;
};
NextItem next_item(const Lists& lists, std::span<const Transition> transitions,
                   std::span<const std::uint32_t> popularity, std::size_t k);

// Items ordered by popularity hold half of all positives in their head; the limit is the popularity
// below which an item counts as tail.
std::uint32_t tail_limit(std::span<const std::uint32_t> popularity);

// Slices of targets by their popularity in training: head, at or above `head`: the most popular
// items, which hold half of all positives; middle: those that hold the next three tenths; tail: the
// rest down to `tail`, the least that an eligible item has; cold: below.
struct PopularityCuts {
  std::uint32_t head = 0;
  std::uint32_t middle = 0;
  std::uint32_t tail = 0;
};
inline constexpr std::size_t kSlices = 4;
inline constexpr std::array<const char*, kSlices> kSliceNames = {"head", "middle", "tail", "cold"};
PopularityCuts popularity_cuts(std::span<const std::uint32_t> popularity,
                               std::uint32_t min_positives);
std::size_t slice_of(const PopularityCuts& cuts, std::uint32_t popularity);

// The transitions whose target lies in `slice`, for next_item().
std::vector<Transition> transitions_into(std::size_t slice, std::span<const Transition> transitions,
                                         std::span<const std::uint32_t> popularity,
                                         const PopularityCuts& cuts);

// How the lists treat the catalogue. `eligible` are the items that may appear.
struct ListHealth {
  double skew = 0;      // skewness of N_k, how often an item is listed (Radovanovic et al. 2010)
  double coverage = 0;  // share of eligible items in at least one list
  double gini = 0;      // of N_k
  double popularity_lift = 0;  // mean ln popularity of the list minus that of the seed
  double novelty = 0;          // mean -log2(popularity / users)
  double genre_coherence = 0;  // mean Jaccard of genres, seed and neighbor
  double diversity = 0;        // mean 1 - Jaccard of genres between neighbors of one list
};
ListHealth list_health(const Lists& lists, std::span<const Row> eligible,
                       std::span<const std::uint32_t> popularity, std::size_t users,
                       const data::Catalog& catalog);

double genre_jaccard(const data::Item& a, const data::Item& b);

}  // namespace sparrow::evaluate
