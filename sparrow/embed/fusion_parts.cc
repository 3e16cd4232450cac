#include "sparrow/embed/fusion_parts.h"

#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {

using model::FusionItem;
using model::FusionParameters;
using model::Model;

namespace {

float row_dot(const Embeddings& e, Row a, Row b) {
  return simd::dot(e.row(a).data(), e.row(b).data(), e.dim());
}

}  // namespace

Result<Embeddings> behavior_vectors(const WeightedHistories& histories,
                                    const FusionOptions& options, const RunControl& control) {
  const std::size_t n = histories.items;
  if (n == 0) return Embeddings(0, options.cooccurrence_dim + options.history_dim);
  CooccurrenceOptions near = options.cooccurrence;
  near.threads = options.threads;
  auto matrix = ppmi_matrix(histories, near, control);
  if (!matrix) return matrix.error();
  EigenOptions eigen;
  eigen.dim = options.cooccurrence_dim;
  eigen.seed = options.seed;
  eigen.threads = options.threads;
  control.report({"eigenvectors", 0, 2, "matrices", 0});
  Embeddings first = eigen_embedding(n, product_of(*matrix, options.threads), eigen);
  *matrix = SparseMatrix{};
  control.report({"eigenvectors", 1, 2, "matrices", 0});
  eigen.dim = options.history_dim;
  Embeddings second = history_eigenvectors(histories, eigen, options.threads);
  control.report({"eigenvectors", 2, 2, "matrices", 0});
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  normalize_rows(first);
  normalize_rows(second);
  const float sd1 = over_random_pairs(n, options.seed, [&](Row a, Row b) {
                      return row_dot(first, a, b);
                    }).deviation;
  const float sd2 = over_random_pairs(n, options.seed, [&](Row a, Row b) {
                      return row_dot(second, a, b);
                    }).deviation;
  Embeddings joined(n, first.dim() + second.dim());
  for (std::size_t r = 0; r < n; ++r) {
    const auto out = joined.row(r);
    std::transform(first.row(r).begin(), first.row(r).end(), out.begin(),
                   [&](float v) { return v * std::sqrt(options.cooccurrence_share / sd1); });
    std::transform(second.row(r).begin(), second.row(r).end(),
                   out.begin() + static_cast<std::ptrdiff_t>(first.dim()),
                   [&](float v) { return v * std::sqrt((1 - options.cooccurrence_share) / sd2); });
  }
  normalize_rows(joined);
  return joined;
}

void assemble(Model& model, const Embeddings& vectors, const ContentVectors& content,
              const std::vector<Row>& chosen, std::span<const std::uint32_t> popularity) {
  Embeddings all(model.items.size(), vectors.dim());
  for (std::size_t r = 0; r < chosen.size(); ++r)
    std::copy(vectors.row(r).begin(), vectors.row(r).end(), all.row(chosen[r]).begin());
  set_vectors(model, all);
  set_popularity(model, popularity);
  add_content(model, content);
}

FusionParameters measure_parameters(const Embeddings& vectors, const model::ContentMatrix& content,
                                    const std::vector<Row>& chosen, const FusionOptions& options) {
  FusionParameters p;
  p.closeness_bonus = options.closeness_bonus;
  p.closeness_threshold = options.closeness_threshold;
  p.closeness_base = options.closeness_base;
  p.closeness_agreement = options.closeness_agreement;
  p.popularity_penalty = options.popularity_penalty;
  const auto inner = [&](Row a, Row b) { return row_dot(vectors, a, b); };
  const auto cosine = [&](Row a, Row b) { return content.cosine(chosen[a], chosen[b]); };
  const MeanDeviation b = over_random_pairs(chosen.size(), options.seed + 1, inner);
  const MeanDeviation c = over_random_pairs(chosen.size(), options.seed + 1, cosine);
  p.behavior_mean = b.mean;
  p.behavior_deviation = b.deviation;
  p.content_mean = c.mean;
  p.content_deviation = std::max(c.deviation, 1e-3F);
  p.behavior_slope =
      over_random_pairs(chosen.size(), options.seed + 1, [&](Row x, Row y) {
        return (inner(x, y) - b.mean) / b.deviation * (cosine(x, y) - c.mean) / p.content_deviation;
      }).mean;
  return p;
}

std::vector<FusionItem> item_scalars(const ContentVectors& content,
                                     const std::vector<std::uint32_t>& popularity,
                                     const std::vector<Row>& chosen) {
  double sum = 0;
  double squares = 0;
  for (const Row row : chosen) {
    const double x = std::log(std::max(1.0, static_cast<double>(popularity[row])));
    sum += x;
    squares += x * x;
  }
  const double n = std::max<double>(1, static_cast<double>(chosen.size()));
  const double mean = sum / n;
  const double deviation = std::sqrt(std::max(1e-6, squares / n - mean * mean));
  std::vector<FusionItem> items(content.weight.size());
  for (std::size_t row = 0; row < items.size(); ++row) {
    items[row].richness = content.full_weight > 0
                              ? std::sqrt(std::sqrt(content.weight[row] / content.full_weight))
                              : 0.0F;
  }
  for (const Row row : chosen) {
    const double x = std::log(std::max(1.0, static_cast<double>(popularity[row])));
    items[row].popularity = static_cast<float>((x - mean) / deviation);
  }
  return items;
}

std::vector<Row> reference_rows(const std::vector<Row>& chosen, std::size_t items,
                                const FusionOptions& options) {
  std::vector<Row> rows = chosen;
  if (rows.empty()) {  // content only
    rows.resize(items);
    for (Row r = 0; r < items; ++r) rows[r] = r;
  }
  if (rows.size() > options.reference_items) {
    Random random(options.seed + 2);
    shuffle(rows, random);
    rows.resize(options.reference_items);
    std::sort(rows.begin(), rows.end());
  }
  return rows;
}

}  // namespace sparrow::embed
