// Ground truth: pairs of items that people judged, by id or by title and year.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/data/dataset.h"
#include "sparrow/evaluate/metrics.h"

namespace sparrow::evaluate {

struct JudgedPair {
  Row a = kNoRow;
  Row b = kNoRow;
  float grade = 0;  // above 0: similar
};

struct GroundTruth {
  std::vector<JudgedPair> pairs;
  std::size_t lines = 0;               // judged pairs in the file
  std::vector<std::string> unmatched;  // "line 12: no item \"nosferatu\" 1922"
};

// Three forms, told apart by the number of columns; a first line without a grade is a header:
//   itemId neighborId grade                    TSV; grade a number, above 0 is similar
//   itemId 0 neighborId grade                  the same as TREC's qrels, blanks between
//   title_1 year_1 title_2 year_2 OK|NOT_OK    TSV; titles in any case, articles before or behind,
//                                              accents forgiven, a.k.a. forms known; a year may
//                                              be off by one
// Errors: kInvalidInput with line and cause. A pair whose items the catalogue lacks is unmatched,
// not an error.
Result<GroundTruth> parse_ground_truth(std::string_view text, const data::Catalog& catalog);

// Lower case, accents and punctuation folded, a leading or trailing article removed: equal for
// forms of one title.
std::string title_key(std::string_view title);

// Series and remakes as facts: one group of title\tyear a line, "#" comments, an empty line ends a
// group. Every pair inside a group is similar.
Result<GroundTruth> parse_groups(std::string_view text, const data::Catalog& catalog);

struct CurvePoint {
  double x = 0;
  double y = 0;
  std::size_t count = 0;  // pairs behind it
};

struct PairQuality {
  std::size_t positives = 0;
  std::size_t negatives = 0;
  double auc = 0.5;
  Interval auc_interval;
  std::vector<Placement> placements;  // for paired_auc(); similar pairs that share items cluster
  double average_precision = 0;
  std::vector<CurvePoint> precision_recall;  // x recall, y precision; at most 101 points
  std::vector<CurvePoint> reliability;       // x mean match of a bin, y share that is similar
};
// How well `score` parts similar from other pairs, over the pairs that `scoreable` accepts.
PairQuality measure_pairs(const GroundTruth& truth, const std::function<float(Row, Row)>& score,
                          const std::function<bool(Row)>& scoreable);

// Precision against recall at every hundredth of recall, best score first; ties enter together.
std::vector<CurvePoint> precision_recall(std::span<const float> positives,
                                         std::span<const float> negatives);

// Does a match mean what it says? Pairs in ten bins of match (0..100), and the share of each that
// people call similar. Empty bins are left out.
std::vector<CurvePoint> reliability(const GroundTruth& truth,
                                    const std::function<float(Row, Row)>& match);

// The lists of the items that have a similar pair, judged pair by judged pair. A pair counts for
// both of its items; of several grades the highest; a pair that nobody judged gains nothing, and
// `judged` says how many of those there are.
struct ListQuality {
  std::size_t seeds = 0;
  double ndcg = 0;  // gain 2^grade - 1, discount log2(rank + 1) (Jarvelin & Kekalainen 2002)
  Interval ndcg_interval;
  double judged = 0;  // share of the first k that is judged
  Interval judged_interval;
};
ListQuality measure_lists(const GroundTruth& truth,
                          const std::function<std::vector<Row>(Row)>& list, std::size_t k);

// As many random pairs of eligible items, none of them in `truth`, as there are positives times
// `factor`.
std::vector<JudgedPair> random_negatives(const GroundTruth& truth, const std::vector<Row>& eligible,
                                         std::size_t factor, std::uint64_t seed);

// Groups say what is similar and nothing of the rest: leaves out pairs of items with fewer
// positives and adds ten random pairs a similar one.
void add_random_negatives(GroundTruth& truth, const data::Dataset& dataset,
                          std::uint32_t min_positives, std::uint64_t seed);

}  // namespace sparrow::evaluate
