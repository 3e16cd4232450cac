#include "sparrow/embed/fusion_parts.h"

#include <numeric>

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

// V sqrt(l) of the first columns only.
Embeddings first_columns(const Embeddings& pairs, std::size_t dim) {
  Embeddings first(pairs.rows(), std::min(dim, pairs.dim()));
  for (std::size_t r = 0; r < pairs.rows(); ++r)
    std::copy_n(pairs.row(r).begin(), first.dim(), first.row(r).begin());
  return first;
}

// V sqrt(l / (l + ridge)) of V sqrt(l): the columns' squares sum up to l. Its
// inner products are the low-rank part of V l / (l + ridge) V', the hat matrix
// of the ridge regression of every item on all others that EASE (Steck 2019)
// comes from.
Embeddings ridge_columns(const Embeddings& pairs, float ridge) {
  std::vector<double> eigenvalues(pairs.dim(), 0.0);
  for (std::size_t r = 0; r < pairs.rows(); ++r) {
    for (std::size_t k = 0; k < pairs.dim(); ++k) {
      const auto v = static_cast<double>(pairs.row(r)[k]);
      eigenvalues[k] += v * v;
    }
  }
  Embeddings low(pairs.rows(), pairs.dim());
  for (std::size_t r = 0; r < pairs.rows(); ++r) {
    for (std::size_t k = 0; k < pairs.dim(); ++k)
      low.row(r)[k] = pairs.row(r)[k] /
                      static_cast<float>(std::sqrt(eigenvalues[k] + static_cast<double>(ridge)));
  }
  return low;
}

struct WeightedBlock {
  Embeddings rows;
  float share = 0;
};

// [sqrt(share / sd) block | ...], each block and the whole with rows of length
// 1: one inner product that is the weighted sum of the blocks' standardised
// cosines, up to a constant.
Embeddings joined_blocks(std::vector<WeightedBlock> blocks, std::uint64_t seed) {
  std::size_t dim = 0;
  for (WeightedBlock& block : blocks) {
    normalize_rows(block.rows);
    dim += block.rows.dim();
  }
  const std::size_t n = blocks[0].rows.rows();
  Embeddings joined(n, dim);
  std::size_t first = 0;
  for (const WeightedBlock& block : blocks) {
    const float deviation = over_random_pairs(n, seed, [&](Row a, Row b) {
                              return row_dot(block.rows, a, b);
                            }).deviation;
    const float factor = std::sqrt(block.share / deviation);
    for (std::size_t r = 0; r < n; ++r)
      std::transform(block.rows.row(r).begin(), block.rows.row(r).end(),
                     joined.row(r).begin() + static_cast<std::ptrdiff_t>(first),
                     [&](float v) { return v * factor; });
    first += block.rows.dim();
  }
  normalize_rows(joined);
  return joined;
}

}  // namespace

// A block of more dimensions than there are users, or a good part of the items, only repeats the
// data. Of very many items fewer are kept in proportion, so that all vectors have max_values.
BehaviorDims behavior_dims(std::size_t items, std::size_t users, const FusionOptions& options) {
  constexpr std::size_t kLeast = 32;
  const std::size_t worth = std::max(kLeast, std::min(items / 5, users * 4 / 5));
  const std::size_t all = options.cooccurrence_dim + options.history_dim + options.ridge_dim;
  const double share =
      std::min(1.0, static_cast<double>(options.max_values) /
                        static_cast<double>(std::max<std::size_t>(1, items * all)));
  const auto dim = [&](std::size_t most) {
    const auto kept = static_cast<std::size_t>(share * static_cast<double>(most));
    return std::min(std::max(kept, std::min(most, kLeast)), worth);
  };
  return {dim(options.cooccurrence_dim), dim(options.history_dim), dim(options.ridge_dim)};
}

std::size_t eigen_products(std::size_t items, const FusionOptions& options) {
  return 3 * options.eigen_iterations * (items <= options.few_items ? 2 : 1);
}

Embeddings join_behavior(Embeddings cooccurrence, const Embeddings& pairs, const BehaviorDims& dims,
                         const FusionOptions& options) {
  const float ridge_share = options.ridge_share;
  return joined_blocks({{std::move(cooccurrence), options.cooccurrence_share},
                        {first_columns(pairs, dims.history),
                         std::max(0.0F, 1 - options.cooccurrence_share - ridge_share)},
                        {ridge_columns(pairs, options.ridge), ridge_share}},
                       options.seed);
}

Result<Embeddings> behavior_vectors(const WeightedHistories& histories,
                                    const FusionOptions& options, const RunControl& control) {
  const std::size_t n = histories.items;
  if (n == 0) return Embeddings(0, 1);
  const BehaviorDims dims = behavior_dims(n, histories.offsets.size() - 1, options);
  CooccurrenceOptions near = options.cooccurrence;
  near.threads = options.threads;
  auto matrix = ppmi_matrix(histories, near, control);
  if (!matrix) return matrix.error();
  EigenOptions eigen;
  eigen.dim = dims.cooccurrence;
  eigen.iterations = eigen_products(n, options);
  eigen.seed = options.seed;
  eigen.threads = options.threads;
  control.report({"eigenvectors", 0, 2, "matrices", 0});
  Embeddings together = eigen_embedding(n, product_of(*matrix, options.threads), eigen);
  *matrix = SparseMatrix{};
  control.report({"eigenvectors", 1, 2, "matrices", 0});
  eigen.dim = dims.ridge;
  const Embeddings pairs = history_eigenvectors(histories, eigen, options.threads);
  control.report({"eigenvectors", 2, 2, "matrices", 0});
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  return join_behavior(std::move(together), pairs, dims, options);
}

void assemble(Model& model, const Embeddings& vectors, const ContentVectors& content,
              const std::vector<Row>& chosen, std::span<const std::uint32_t> popularity) {
  set_vectors(model, vectors, chosen);
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

model::FusionReference reference_rows(const std::vector<Row>& chosen, std::size_t items,
                                      const FusionOptions& options) {
  std::vector<Row> all(items);
  std::iota(all.begin(), all.end(), Row{0});
  const auto sample = [&](std::vector<Row> rows) {
    if (rows.size() <= options.reference_items) return rows;
    Random random(options.seed + 2);
    shuffle(rows, random);
    rows.resize(options.reference_items);
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  return {sample(chosen), sample(all)};
}

}  // namespace sparrow::embed
