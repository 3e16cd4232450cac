// Replay: what a ranking that was never live would have been worth, from lists that were:
// off-policy evaluation of lists at the place of each item (Li, Abbasi-Yadkori, Kveton,
// Muthukrishnan, Vinay & Wen 2018, "Offline Evaluation of Ranking Policies with Click Models",
// item-position estimator).
//
// The value of a ranking t is the expected reward of its list, V = sum over places k of
// E[reward of t's item at k]. With lists a logged with probabilities p, and w = [a_k = t_k] /
// p(a_k):
//   ips   mean over lists of the sum over k of w r              (Horvitz & Thompson 1952)
//   snips for each place sum(w r) / sum(w), summed over places  (Swaminathan & Joachims 2015)
//   dr    mean of the sum over k of q(t_k) + w (r - q(a_k))      (Dudik, Langford & Li 2011)
// q is the click model's expected reward, fitted on the other half of the units. w above `clip` is
// cut to it. Intervals are normal, at the unit (delta method for the mean of a unit's lists).
//
// Assumed, and said in every answer: an item's reward depends on its seed, itself and its place,
// not on the items around it; every place of t's lists could have been shown (`support`, which says
// how much of it was); lists depend on their seed alone; people are as they were.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/experiment/shown_lists.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

// The list of a ranking for a seed, best first: at most `size` numbers of ShownLists::items,
// kNoName for an item that was in none of them.
using TargetRanking =
    std::function<std::vector<std::uint32_t>(std::uint32_t seed, std::size_t size)>;

struct ReplayOptions {
  double clip = 1000;  // largest weight
  double confidence = 0.95;
};

struct ReplayEstimate {
  double value = 0;
  Interval interval;
};

struct Replay {
  std::size_t lists = 0;
  std::size_t units = 0;
  std::size_t places = 0;
  std::size_t without_seed = 0;  // lists left out: of a vector or a user's history
  std::size_t matched = 0;       // places where what stood there is what the ranking puts there
  std::size_t clipped = 0;
  double support = 0;     // mean weight of a place: 1 where each could have been shown
  double effective = 0;   // effective sample size of the weights, (sum w)² / sum w² (Kish 1965)
  ReplayEstimate logged;  // mean reward of a list as it was shown
  ReplayEstimate ips;
  ReplayEstimate snips;
  ReplayEstimate dr;
  std::vector<double> examination;  // of the click model, by place
  std::string trouble;              // why the numbers are not to be trusted; empty: nothing known
};

// O(places + seeds times what `target` costs).
Replay replay(const ShownLists& shown, const TargetRanking& target,
              const ReplayOptions& options = {});

nlohmann::json replay_json(const Replay& replay);
std::string replay_text(const Replay& replay, const std::string& reward);

}  // namespace sparrow::experiment
