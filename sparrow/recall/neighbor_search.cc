// try_graph() decides; nearest() follows.
#include "sparrow/recall/neighbor_search.h"

#include <algorithm>
#include <numeric>

#include "sparrow/core/embeddings.h"
#include "sparrow/index/hnsw_index.h"
#include "sparrow/model/views.h"

namespace sparrow::recall {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Behavior seeds, evenly spread.
std::vector<Row> sample(const model::Similarity& similarity, std::size_t count) {
  std::vector<Row> rows;
  for (Row row = 0; row < similarity.items(); ++row) {
    if (similarity.source(row) == model::Source::kBehavior) rows.push_back(row);
  }
  std::vector<Row> chosen;
  const std::size_t step = std::max<std::size_t>(1, rows.size() / std::max<std::size_t>(1, count));
  for (std::size_t i = 0; i < rows.size() && chosen.size() < count; i += step)
    chosen.push_back(rows[i]);
  return chosen;
}

double overlap(const std::vector<Neighbor>& found, const std::vector<Neighbor>& truth) {
  if (truth.empty()) return 1;
  std::size_t hits = 0;
  for (const Neighbor& t : truth) {
    hits +=
        std::any_of(found.begin(), found.end(), [&](const Neighbor& f) { return f.row == t.row; })
            ? 1U
            : 0U;
  }
  return static_cast<double>(hits) / static_cast<double>(truth.size());
}

// The columns of most energy, ascending: the graph only proposes, and walks are
// as long as rows.
constexpr std::size_t kGraphColumns = 192;
std::vector<std::uint32_t> columns_of(const Embeddings& vectors) {
  std::vector<double> energy(vectors.dim(), 0.0);
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    for (std::size_t c = 0; c < vectors.dim(); ++c) {
      const auto v = static_cast<double>(vectors.row(r)[c]);
      energy[c] += v * v;
    }
  }
  std::vector<std::uint32_t> columns(vectors.dim());
  std::iota(columns.begin(), columns.end(), 0U);
  if (columns.size() > kGraphColumns) {
    std::stable_sort(columns.begin(), columns.end(),
                     [&](auto a, auto b) { return energy[a] > energy[b]; });
    columns.resize(kGraphColumns);
    std::sort(columns.begin(), columns.end());
  }
  return columns;
}

void gather(std::span<const float> row, const std::vector<std::uint32_t>& columns,
            std::span<float> out) {
  for (std::size_t c = 0; c < columns.size(); ++c) out[c] = row[columns[c]];
}

Embeddings vectors_of(const model::Model& model) {
  Embeddings vectors = model::VectorsView::of(model)->all();
  // A fusion's blocks are of unit length each; of others only the cosine counts.
  if (!model::FusionView::of(model) &&
      model.manifest.options.value("measure", "cosine") == "cosine")
    normalize_rows(vectors);
  return vectors;
}

constexpr std::size_t kMeasured = 10;  // recall_at_10

}  // namespace

NeighborSearch::NeighborSearch(const model::Model& model, const model::Similarity& similarity,
                               const SearchOptions& options, const NeighborSearch* before)
    : model_(model), similarity_(similarity) {
  if (before != nullptr) {
    graph_ = before->graph_;
    columns_ = before->columns_;
    report_ = before->report_;
    find_loose();
    return;
  }
  const auto seeds = sample(similarity, options.sample_seeds);
  if (seeds.empty()) return;
  std::vector<std::vector<Neighbor>> truth;
  measure_exact(seeds, truth);
  if (report_.exact_us > static_cast<double>(options.exact_budget.count()) &&
      model::VectorsView::of(model))
    try_graph(seeds, truth, options);
}

void NeighborSearch::measure_exact(std::span<const Row> seeds,
                                   std::vector<std::vector<Neighbor>>& truth) {
  (void)similarity_.nearest(seeds[0], kMeasured, {});  // the first call pays for its buffers
  auto start = Clock::now();
  for (const Row seed : seeds) truth.push_back(similarity_.nearest(seed, kMeasured, {}));
  report_.exact_us = microseconds_since(start) / static_cast<double>(seeds.size());
  constexpr Row kPairs = 256;
  const auto n = static_cast<Row>(similarity_.items());
  float sum = 0;
  start = Clock::now();
  for (Row i = 0; i < kPairs; ++i)
    sum += similarity_.score(seeds[i % seeds.size()], static_cast<Row>(i * 2'654'435'761U % n));
  report_.pair_us = microseconds_since(start) / kPairs + (sum > 0 ? 0 : 1e-6);
}

void NeighborSearch::try_graph(std::span<const Row> seeds,
                               const std::vector<std::vector<Neighbor>>& truth,
                               const SearchOptions& options) {
  constexpr std::size_t kNarrowest = 100;
  constexpr std::size_t kWidest = 3200;
  index::HnswOptions graph_options;
  graph_options.threads = options.threads;
  {
    const Embeddings vectors = vectors_of(model_);
    columns_ = columns_of(vectors);
    Embeddings gathered(vectors.rows(), columns_.size());
    for (std::size_t r = 0; r < vectors.rows(); ++r)
      gather(vectors.row(r), columns_, gathered.row(r));
    graph_ = std::make_shared<const index::HnswIndex>(std::move(gathered), graph_options);
  }
  find_loose();
  for (report_.width = kNarrowest; report_.width <= kWidest; report_.width *= 2) {
    double recall = 0;
    const auto start = Clock::now();
    for (std::size_t s = 0; s < seeds.size(); ++s)
      recall += overlap(by_graph(seeds[s], kMeasured, {}, similarity_.items() - 1), truth[s]);
    report_.hnsw_us = microseconds_since(start) / static_cast<double>(seeds.size());
    report_.hnsw_recall_at_10 = recall / static_cast<double>(seeds.size());
    if (report_.hnsw_recall_at_10 >= options.least_recall) break;
  }
  report_.hnsw =
      report_.hnsw_recall_at_10 >= options.least_recall && report_.hnsw_us < report_.exact_us;
  if (report_.hnsw) return;
  graph_.reset();
  loose_.clear();
}

void NeighborSearch::find_loose() {
  if (graph_ == nullptr) return;
  for (Row row = 0; row < similarity_.items(); ++row) {
    if (row >= graph_->size() || similarity_.source(row) != model::Source::kBehavior)
      loose_.push_back(row);
  }
}

std::vector<Neighbor> NeighborSearch::nearest(Row row, std::size_t k,
                                              std::span<const std::uint8_t> excluded) const {
  const std::size_t items = similarity_.items();
  const std::size_t allowed =
      excluded.empty() ? items
                       : static_cast<std::size_t>(std::count(excluded.begin(), excluded.end(), 0));
  if (static_cast<double>(allowed) * report_.pair_us < report_.exact_us / 2)
    return by_pairs(row, k, excluded, allowed);
  // A filter that few pass would leave too little of what a graph walk meets.
  constexpr std::size_t kLeastShare = 10;  // one in ten
  if (graph_ != nullptr && allowed * kLeastShare >= items && row < graph_->size() &&
      similarity_.source(row) == model::Source::kBehavior) {
    auto found = by_graph(row, k, excluded, allowed);
    if (found.size() >= std::min(k, allowed > 0 ? allowed - 1 : 0)) return found;
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

std::vector<Neighbor> NeighborSearch::by_graph(Row row, std::size_t k,
                                               std::span<const std::uint8_t> excluded,
                                               std::size_t allowed) const {
  thread_local std::vector<std::uint8_t> open;
  std::vector<float> vector(columns_.size());
  gather(model::VectorsView::of(model_)->row(row), columns_, vector);
  index::IndexQuery query{vector, std::max(report_.width, 4 * k), {}};
  if (!excluded.empty()) {
    open.resize(graph_->size());
    for (std::size_t j = 0; j < open.size(); ++j) open[j] = excluded[j] == 0 ? 1 : 0;
    query.allowed = open;
  }
  TopK best(std::min(k, allowed));
  for (const Neighbor& n : graph_->search(query)) {
    if (n.row != row && similarity_.source(n.row) == model::Source::kBehavior)
      best.add(n.row, similarity_.score(row, n.row));
  }
  for (const Row j : loose_) {
    if (j != row && (excluded.empty() || excluded[j] == 0)) best.add(j, similarity_.score(row, j));
  }
  return best.take();
}

}  // namespace sparrow::recall
