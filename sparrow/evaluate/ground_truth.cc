#include "sparrow/evaluate/ground_truth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/core/random.h"
#include "sparrow/core/text.h"
#include "sparrow/data/sequences.h"

namespace sparrow::evaluate {
namespace {

std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = line.find(separator);
    parts.push_back(line.substr(0, at));
    if (at == std::string_view::npos) return parts;
    line.remove_prefix(at + 1);
  }
}

// The columns of a line; of TREC's qrels, "topic iteration document grade" with blanks between, the
// three that we know.
std::vector<std::string_view> columns_of(std::string_view line) {
  auto cells = split(line, '\t');
  if (cells.size() == 1) {
    auto words = split(line, ' ');
    std::erase(words, std::string_view());
    if (words.size() == 4) cells = std::move(words);
  }
  return cells.size() == 4 ? std::vector{cells[0], cells[2], cells[3]} : cells;
}

bool parse_number(std::string_view text, float& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool parse_year(std::string_view text, int& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// Calls visit(line number, line) for every line that has something on it.
template <typename Visit>
void for_lines(std::string_view text, const Visit& visit) {
  std::size_t number = 0;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    visit(++number, line);
  }
}

// Finds items by any form of their title, and year.
class TitleIndex {
 public:
  explicit TitleIndex(const data::Catalog& catalog) : catalog_(catalog) {
    for (Row row = 0; row < catalog.size(); ++row) {
      std::set<std::string> keys{title_key(catalog[row].title)};
      for (const auto& other : catalog[row].alternative_titles) keys.insert(title_key(other));
      for (const auto& key : keys) rows_.emplace(key, row);
    }
  }

  Row find(std::string_view title, int year) const {
    const auto [begin, end] = rows_.equal_range(title_key(title));
    Row best = kNoRow;
    int distance = 2;
    for (auto it = begin; it != end; ++it) {
      const int d = std::abs(catalog_[it->second].year - year);
      if (d < distance) {
        distance = d;
        best = it->second;
      }
    }
    return best;
  }

 private:
  const data::Catalog& catalog_;
  std::unordered_multimap<std::string, Row> rows_;
};

Error at_line(std::size_t number, const std::string& what) {
  return {ErrorCode::kInvalidInput, fmt::format("line {}: {}", number, what)};
}

Result<JudgedPair> pair_by_id(const std::vector<std::string_view>& cells,
                              const data::Catalog& catalog) {
  JudgedPair pair;
  if (!parse_number(cells[2], pair.grade))
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("the grade \"{}\" is not a number", cells[2])};
  pair.a = catalog.find(cells[0]).value_or(kNoRow);
  pair.b = catalog.find(cells[1]).value_or(kNoRow);
  return pair;
}

Result<JudgedPair> pair_by_title(const std::vector<std::string_view>& cells,
                                 const TitleIndex& index) {
  if (cells[4] != "OK" && cells[4] != "NOT_OK")
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("the judgement \"{}\" is neither OK nor NOT_OK", cells[4])};
  int year_a = 0;
  int year_b = 0;
  if (!parse_year(cells[1], year_a) || !parse_year(cells[3], year_b))
    return Error{ErrorCode::kInvalidInput, "a year is not a whole number"};
  return JudgedPair{index.find(cells[0], year_a), index.find(cells[2], year_b),
                    cells[4] == "OK" ? 1.0F : 0.0F};
}

}  // namespace

std::string title_key(std::string_view title) {
  const std::string folded = fold_text(title);
  std::vector<std::string> words;
  for (const auto part : split(folded, ' ')) {
    if (!part.empty()) words.emplace_back(part);
  }
  static constexpr std::array<std::string_view, 22> kArticles = {
      "the", "a", "an",  "la",  "le",  "les", "l",   "el",  "los", "las", "il",
      "lo",  "i", "gli", "der", "die", "das", "den", "det", "de",  "un",  "une"};
  const auto is_article = [](const std::string& word) {
    return std::find(kArticles.begin(), kArticles.end(), word) != kArticles.end();
  };
  if (words.size() > 1 && is_article(words.front())) words.erase(words.begin());
  if (words.size() > 1 && is_article(words.back())) words.pop_back();
  return fmt::format("{}", fmt::join(words, " "));
}

Result<GroundTruth> parse_ground_truth(std::string_view text, const data::Catalog& catalog) {
  GroundTruth truth;
  const TitleIndex index(catalog);
  Result<void> state;
  for_lines(text, [&](std::size_t number, std::string_view line) {
    if (!state || line.empty() || line.front() == '#') return;
    const auto cells = columns_of(line);
    auto pair = cells.size() == 3   ? pair_by_id(cells, catalog)
                : cells.size() == 5 ? pair_by_title(cells, index)
                                    : Error{ErrorCode::kInvalidInput,
                                            fmt::format("{} columns; 3 (ids) or 5 (titles and "
                                                        "years) with tabs between, or the 4 of "
                                                        "qrels, are known",
                                                        cells.size())};
    if (!pair) {
      const bool header = number == 1 && (cells.size() == 3 || cells.size() == 5);
      if (!header) state = at_line(number, pair.error().message);
      return;
    }
    ++truth.lines;
    if (pair->a != kNoRow && pair->b != kNoRow) {
      truth.pairs.push_back(*pair);
    } else {
      const std::size_t missing = pair->a == kNoRow ? 0 : cells.size() == 3 ? 1 : 2;
      truth.unmatched.push_back(fmt::format("line {}: no item \"{}\"", number, cells[missing]));
    }
  });
  if (!state) return state.error();
  return truth;
}

Result<GroundTruth> parse_groups(std::string_view text, const data::Catalog& catalog) {
  GroundTruth truth;
  const TitleIndex index(catalog);
  std::vector<Row> group;
  Result<void> state;
  const auto close = [&] {
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) truth.pairs.push_back({group[j], group[i], 1});
    }
    group.clear();
  };
  for_lines(text, [&](std::size_t number, std::string_view line) {
    if (!state) return;
    if (line.empty()) {
      close();
      return;
    }
    if (line.front() == '#') return;
    const auto tab = line.find('\t');
    int year = 0;
    if (tab == std::string_view::npos || !parse_year(line.substr(tab + 1), year)) {
      state = at_line(number, "expected a title, a tab and a year");
      return;
    }
    ++truth.lines;
    const Row row = index.find(line.substr(0, tab), year);
    if (row == kNoRow) {
      truth.unmatched.push_back(
          fmt::format("line {}: no item \"{}\" {}", number, line.substr(0, tab), year));
    } else {
      group.push_back(row);
    }
  });
  close();
  if (!state) return state.error();
  return truth;
}

namespace {

// The first row of each row's group: rows that similar pairs connect, such as a series.
class Groups {
 public:
  explicit Groups(const GroundTruth& truth) {
    for (const JudgedPair& pair : truth.pairs) {
      if (pair.grade > 0) parent_[first(pair.a)] = first(pair.b);
    }
  }

  Row first(Row row) {
    for (auto at = parent_.find(row); at != parent_.end() && at->second != row;
         at = parent_.find(row))
      row = at->second;
    return row;
  }

 private:
  std::map<Row, Row> parent_;
};

}  // namespace

PairQuality measure_pairs(const GroundTruth& truth, const std::function<float(Row, Row)>& score,
                          const std::function<bool(Row)>& scoreable) {
  std::vector<float> positives;
  std::vector<float> negatives;
  std::vector<ScoredPair> scored;
  Groups groups(truth);
  for (const JudgedPair& pair : truth.pairs) {
    if (!scoreable(pair.a) || !scoreable(pair.b)) continue;
    scored.push_back({pair.grade > 0, groups.first(pair.a), score(pair.a, pair.b)});
    (pair.grade > 0 ? positives : negatives).push_back(scored.back().score);
  }
  PairQuality quality;
  quality.placements = placements(scored);
  quality.positives = positives.size();
  quality.negatives = negatives.size();
  quality.auc = roc_auc(positives, negatives);
  quality.auc_interval = bootstrap_auc(positives, negatives, 1);
  quality.average_precision = average_precision(positives, negatives);
  quality.precision_recall = precision_recall(positives, negatives);
  return quality;
}

std::vector<CurvePoint> precision_recall(std::span<const float> positives,
                                         std::span<const float> negatives) {
  std::vector<std::pair<float, bool>> all;
  for (const float p : positives) all.emplace_back(p, true);
  for (const float n : negatives) all.emplace_back(n, false);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<CurvePoint> curve;
  std::size_t found = 0;
  double next = 0;
  for (std::size_t i = 0; i < all.size();) {
    const float score = all[i].first;
    for (; i < all.size() && all[i].first == score; ++i) found += all[i].second ? 1U : 0U;
    const double recall = static_cast<double>(found) / static_cast<double>(positives.size());
    if (found == 0 || recall < next) continue;
    curve.push_back({recall, static_cast<double>(found) / static_cast<double>(i), i});
    next = recall + 0.01;
  }
  return curve;
}

std::vector<CurvePoint> reliability(const GroundTruth& truth,
                                    const std::function<float(Row, Row)>& match) {
  constexpr std::size_t kBins = 10;
  std::array<CurvePoint, kBins> bins;
  for (const JudgedPair& pair : truth.pairs) {
    const auto value = static_cast<double>(match(pair.a, pair.b));
    const auto bin = std::min(kBins - 1, static_cast<std::size_t>(std::max(0.0, value) / kBins));
    bins[bin].x += value;
    bins[bin].y += pair.grade > 0 ? 1 : 0;
    ++bins[bin].count;
  }
  std::vector<CurvePoint> points;
  for (CurvePoint bin : bins) {
    if (bin.count == 0) continue;
    bin.x /= static_cast<double>(bin.count);
    bin.y /= static_cast<double>(bin.count);
    points.push_back(bin);
  }
  return points;
}

ListQuality measure_lists(const GroundTruth& truth,
                          const std::function<std::vector<Row>(Row)>& list, std::size_t k) {
  std::map<Row, std::map<Row, float>> grades;
  const auto note = [&](Row seed, Row other, float grade) {
    const auto [at, fresh] = grades[seed].try_emplace(other, grade);
    if (!fresh) at->second = std::max(at->second, grade);
  };
  for (const JudgedPair& pair : truth.pairs) {
    if (pair.a == pair.b) continue;
    note(pair.a, pair.b, pair.grade);
    note(pair.b, pair.a, pair.grade);
  }
  const auto gain = [](float grade) { return grade > 0 ? std::exp2(double{grade}) - 1 : 0.0; };
  std::vector<double> ndcg;
  std::vector<double> judged;
  for (const auto& [seed, known] : grades) {
    std::vector<double> gains;
    for (const auto& [other, grade] : known) gains.push_back(gain(grade));
    std::sort(gains.rbegin(), gains.rend());
    if (gains.front() <= 0) continue;
    double best = 0;
    double sum = 0;
    double seen = 0;
    for (std::size_t r = 0; r < std::min(k, gains.size()); ++r)
      best += gains[r] / std::log2(static_cast<double>(r) + 2);
    const std::vector<Row> rows = list(seed);
    for (std::size_t r = 0; r < std::min(k, rows.size()); ++r) {
      const auto found = known.find(rows[r]);
      if (found == known.end()) continue;
      seen += 1;
      sum += gain(found->second) / std::log2(static_cast<double>(r) + 2);
    }
    ndcg.push_back(sum / best);
    judged.push_back(seen / static_cast<double>(k));
  }
  ListQuality quality;
  quality.seeds = ndcg.size();
  quality.ndcg_interval = bootstrap_mean(ndcg, 1);
  quality.judged_interval = bootstrap_mean(judged, 2);
  for (std::size_t i = 0; i < ndcg.size(); ++i) {
    quality.ndcg += ndcg[i] / static_cast<double>(ndcg.size());
    quality.judged += judged[i] / static_cast<double>(ndcg.size());
  }
  return quality;
}

std::vector<JudgedPair> random_negatives(const GroundTruth& truth, const std::vector<Row>& eligible,
                                         std::size_t factor, std::uint64_t seed) {
  std::set<std::pair<Row, Row>> known;
  for (const auto& p : truth.pairs) known.emplace(std::min(p.a, p.b), std::max(p.a, p.b));
  std::vector<JudgedPair> negatives;
  if (eligible.size() < 2) return negatives;
  Random random(seed);
  const auto n = static_cast<std::uint32_t>(eligible.size());
  // One side comes from the judged items, so that both kinds of pair have seeds alike.
  for (const auto& p : truth.pairs) {
    for (std::size_t i = 0; i < factor; ++i) {
      const Row b = eligible[random.below(n)];
      if (b != p.a && !known.contains({std::min(p.a, b), std::max(p.a, b)}))
        negatives.push_back({p.a, b, 0});
    }
  }
  return negatives;
}

void add_random_negatives(GroundTruth& truth, const data::Dataset& dataset,
                          std::uint32_t min_positives, std::uint64_t seed) {
  constexpr float kLiked = 3.5F;
  constexpr std::size_t kNegatives = 10;
  const auto positives =
      data::count_positives(dataset.interactions, dataset.catalog.size(), kLiked);
  std::erase_if(truth.pairs, [&](const auto& p) {
    return positives[p.a] < min_positives || positives[p.b] < min_positives;
  });
  std::vector<Row> eligible;
  for (Row row = 0; row < dataset.catalog.size(); ++row) {
    if (positives[row] >= min_positives) eligible.push_back(row);
  }
  const auto negatives = random_negatives(truth, eligible, kNegatives, seed);
  truth.pairs.insert(truth.pairs.end(), negatives.begin(), negatives.end());
}

}  // namespace sparrow::evaluate
