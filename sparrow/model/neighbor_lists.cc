#include "sparrow/model/neighbor_lists.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <numeric>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/cells.h"
#include "sparrow/model/schema.h"
#include "sparrow/model/views.h"

namespace sparrow::model {
namespace {

using Lists = std::vector<std::vector<Neighbor>>;

// Lists of k neighbors as the tensors have them; kNoRow behind the last.
struct Table {
  std::size_t k = 0;
  std::vector<std::uint32_t> rows;
  std::vector<float> scores;

  Table(std::size_t items, std::size_t each)
      : k(each), rows(items * k, kNoRow), scores(items * k) {}
  std::vector<Neighbor> of(Row row) const {
    std::vector<Neighbor> list;
    for (std::size_t i = row * k; i < (std::size_t{row} + 1) * k && rows[i] != kNoRow; ++i)
      list.push_back({rows[i], scores[i]});
    return list;
  }
  void set(Row row, const std::vector<Neighbor>& list) {
    for (std::size_t i = 0; i < std::min(k, list.size()); ++i) {
      rows[row * k + i] = list[i].row;
      scores[row * k + i] = list[i].score;
    }
  }
  // The k best of what it has and these.
  void merge(Row row, const std::vector<Neighbor>& more) {
    std::vector<Neighbor> all = of(row);
    all.insert(all.end(), more.begin(), more.end());
    std::sort(all.begin(), all.end(), better);
    std::vector<Neighbor> kept;
    for (const Neighbor& n : all) {
      const bool there = std::any_of(kept.begin(), kept.end(),
                                     [&](const Neighbor& other) { return other.row == n.row; });
      if (!there) kept.push_back(n);
      if (kept.size() == k) break;
    }
    set(row, kept);
  }
};

constexpr std::size_t kBlock = 64;
constexpr std::size_t kMeasured = 10;  // recall_at_10

// Some of the items and their true neighbors.
struct Sample {
  std::vector<Row> rows;
  Lists truth;
};

class TableMaker {
 public:
  TableMaker(const Similarity& similarity, const ListOptions& options, const RunControl& control)
      : similarity_(similarity),
        options_(options),
        control_(control),
        table_(similarity.items(),
               std::min(options.neighbors,
                        similarity.items() - std::min<std::size_t>(similarity.items(), 1))) {}

  void exact() {
    parallel_for(similarity_.items(), kBlock, options_.threads,
                 [&](std::size_t begin, std::size_t end, std::size_t) {
                   const auto lists =
                       similarity_.nearest_block(static_cast<Row>(begin), end - begin, table_.k);
                   for (std::size_t i = begin; i < end; ++i)
                     table_.set(static_cast<Row>(i), lists[i - begin]);
                 });
  }

  // The dimensions of vectors by behavior and of the content's dense ones.
  ListReport by_cells(std::size_t behavior_dim, std::size_t content_dim);

  void keep(Model& model) const { set_neighbors(model, {table_.k, table_.rows, table_.scores}); }

 private:
  Cells cells_of(Similarity::Space space, const std::vector<Row>& rows) const;
  Sample sample_of(const std::vector<Row>& rows) const;
  void look_around(Similarity::Space space, const Cells& cells, std::size_t wanted,
                   const std::vector<Row>& seekers);
  void look(const std::vector<Row>& seekers, std::size_t wanted);
  double find(Source source, const std::vector<Row>& seekers, std::size_t dim);
  void meet_all(const std::vector<Row>& seekers);
  double recall_of(const Sample& sample) const;

  const Similarity& similarity_;
  const ListOptions& options_;
  const RunControl& control_;
  Table table_;
  Cells by_content_;
  Cells by_behavior_;
  std::vector<ListReport::Round> rounds_;
  std::atomic<std::uint64_t> pairs_{0};
};

Cells TableMaker::cells_of(Similarity::Space space, const std::vector<Row>& rows) const {
  const std::size_t dim = similarity_.space_dim(space);
  if (dim == 0) return {};
  return make_cells(
      rows, dim, [&](Row row, std::span<float> out) { similarity_.place(row, space, out); },
      static_cast<std::size_t>(std::sqrt(static_cast<double>(rows.size()))), options_.seed,
      options_.threads);
}

Sample TableMaker::sample_of(const std::vector<Row>& rows) const {
  constexpr std::size_t kSample = 192;
  Sample sample{rows, {}};
  Random random(options_.seed + 7);
  shuffle(sample.rows, random);
  sample.rows.resize(std::min(sample.rows.size(), kSample));
  std::sort(sample.rows.begin(), sample.rows.end());
  sample.truth.resize(sample.rows.size());
  control_.report({"true neighbors of a sample", 0, sample.rows.size(), "items", 0});
  parallel_for(sample.rows.size(), 1, options_.threads,
               [&](std::size_t i, std::size_t, std::size_t) {
                 sample.truth[i] = similarity_.nearest_block(sample.rows[i], 1, kMeasured)[0];
               });
  return sample;
}

// Each of `seekers` (ascending) against the rows of the cells around its own.
void TableMaker::look_around(Similarity::Space space, const Cells& cells, std::size_t wanted,
                             const std::vector<Row>& seekers) {
  std::atomic<std::uint64_t> done{0};
  parallel_for(cells.count(), 1, options_.threads,
               [&](std::size_t cell, std::size_t, std::size_t thread) {
                 if (control_.is_cancelled()) return;
                 const auto members = cells.of(cell);
                 std::vector<Row> rows;
                 std::set_intersection(members.begin(), members.end(), seekers.begin(),
                                       seekers.end(), std::back_inserter(rows));
                 if (rows.empty()) return;
                 const std::vector<Row> among = cells.around(cell, wanted);
                 const Lists lists = similarity_.nearest_among(rows, among, table_.k);
                 for (std::size_t i = 0; i < rows.size(); ++i) table_.merge(rows[i], lists[i]);
                 pairs_ += rows.size() * among.size();
                 const std::uint64_t so_far = done.fetch_add(rows.size()) + rows.size();
                 if (thread == 0)
                   control_.report({space == Similarity::Space::kContent ? "neighbors by content"
                                                                         : "neighbors by behavior",
                                    so_far, seekers.size(), "items", 0});
               });
}

void TableMaker::meet_all(const std::vector<Row>& seekers) {
  std::atomic<std::uint64_t> done{0};
  parallel_for(seekers.size(), kBlock, options_.threads,
               [&](std::size_t begin, std::size_t end, std::size_t thread) {
                 if (control_.is_cancelled()) return;
                 for (std::size_t i = begin; i < end; ++i)
                   table_.set(seekers[i], similarity_.nearest_block(seekers[i], 1, table_.k)[0]);
                 pairs_ += (end - begin) * similarity_.items();
                 const std::uint64_t so_far = done.fetch_add(end - begin) + end - begin;
                 if (thread == 0)
                   control_.report({"neighbors among all", so_far, seekers.size(), "items", 0});
               });
}

// Of each list's ten the share that is as near as the true tenth.
double TableMaker::recall_of(const Sample& sample) const {
  constexpr float kHair = 1e-4F;  // equal scores are equally good
  double all = 0;
  for (std::size_t i = 0; i < sample.rows.size(); ++i) {
    double recall = 1;
    if (const auto& truth = sample.truth[i]; !truth.empty()) {
      const auto found = table_.of(sample.rows[i]);
      const float least = truth.back().score * (1 - kHair);
      const auto near = std::count_if(found.begin(), found.end(),
                                      [&](const Neighbor& n) { return n.score >= least; });
      recall = std::min(1.0, static_cast<double>(near) / static_cast<double>(truth.size()));
    }
    all += recall;
  }
  return sample.rows.empty() ? 1 : all / static_cast<double>(sample.rows.size());
}

void TableMaker::look(const std::vector<Row>& seekers, std::size_t wanted) {
  look_around(Similarity::Space::kContent, by_content_, wanted, seekers);
  look_around(Similarity::Space::kBehavior, by_behavior_, 2 * wanted, seekers);
}

// A sample tells how many rows each must meet; all others meet as many, once, or all rows where no
// number of them is enough and `dim` multiply-adds a pair can be paid. Returns the recall.
double TableMaker::find(Source source, const std::vector<Row>& seekers, std::size_t dim) {
  constexpr double kSparse = 32;  // a pair of sparse rows costs as much as so many dimensions
  constexpr std::size_t kFirst = 1024;
  constexpr std::size_t kMost = 8192;  // time grows with it
  if (seekers.empty()) return 1;
  const Sample sample = sample_of(seekers);
  std::size_t wanted = kFirst;
  while (true) {
    look(sample.rows, wanted);
    rounds_.push_back({source, wanted, recall_of(sample)});
    if (rounds_.back().recall_at_10 >= options_.least_recall || wanted >= kMost ||
        wanted * 4 >= std::max(by_content_.rows.size(), by_behavior_.rows.size()) ||
        control_.is_cancelled())
      break;
    wanted *= 2;
  }
  const double pairs =
      static_cast<double>(seekers.size()) * static_cast<double>(similarity_.items());
  if (rounds_.back().recall_at_10 < options_.least_recall &&
      pairs * (static_cast<double>(dim) + kSparse) <= options_.all_pairs_operations) {
    meet_all(seekers);
    return 1;
  }
  look(seekers, wanted);
  return recall_of(sample);
}

ListReport TableMaker::by_cells(std::size_t behavior_dim, std::size_t content_dim) {
  std::vector<Row> some;  // that are like anything
  std::vector<Row> with;  // behavior
  std::vector<Row> without;
  for (Row row = 0; row < similarity_.items(); ++row) {
    const Source source = similarity_.source(row);
    if (source == Source::kNone) continue;
    some.push_back(row);
    (source == Source::kBehavior ? with : without).push_back(row);
  }
  control_.report({"cells of near items", 0, 2, "spaces", 0});
  by_content_ = cells_of(Similarity::Space::kContent, some);
  control_.report({"cells of near items", 1, 2, "spaces", 0});
  by_behavior_ = cells_of(Similarity::Space::kBehavior, with);
  const auto many = static_cast<double>(with.size());
  const auto few = static_cast<double>(without.size());
  ListReport report{.exact = false};
  const double known = find(Source::kBehavior, with, behavior_dim + content_dim);
  report.recall_of_content = find(Source::kContent, without, content_dim);
  if (!some.empty())
    report.recall_at_10 = (known * many + report.recall_of_content * few) / (many + few);
  report.pairs = static_cast<double>(pairs_.load()) /
                 static_cast<double>(std::max<std::size_t>(1, similarity_.items()));
  report.rounds = rounds_;
  return report;
}

}  // namespace

ListReport add_neighbor_table(Model& model, const Similarity& similarity,
                              const ListOptions& options, const RunControl& control) {
  TableMaker maker(similarity, options, control);
  const Tensor* dense = model.find(tensor_name::kContentDense);
  const std::size_t dense_dim = dense == nullptr || dense->shape.size() != 2 ? 0 : dense->shape[1];
  ListReport report;
  if (similarity.items() <= options.exact_items)
    maker.exact();
  else
    report = maker.by_cells(model.dim(), dense_dim);
  maker.keep(model);
  return report;
}

}  // namespace sparrow::model
