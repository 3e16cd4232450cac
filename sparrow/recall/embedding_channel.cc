#include "sparrow/recall/embedding_channel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <unordered_map>

#include "sparrow/core/parallel.h"

namespace sparrow::recall {

std::vector<Neighbor> merge_best(std::vector<std::vector<Neighbor>> lists, std::size_t quota) {
  if (lists.size() == 1) return std::move(lists[0]);
  std::unordered_map<Row, float> best;
  for (const auto& list : lists) {
    for (const Neighbor& n : list) {
      const auto [at, fresh] = best.emplace(n.row, n.score);
      if (!fresh) at->second = std::max(at->second, n.score);
    }
  }
  TopK top(quota);
  for (const auto& [row, score] : best) top.add(row, score);
  return top.take();
}

EmbeddingChannel::EmbeddingChannel(const model::Model& model, const model::Similarity& similarity,
                                   const Alignment& alignment, const NeighborSearch& search)
    : similarity_(similarity), alignment_(alignment), search_(search) {
  if (const auto table = model::NeighborTable::of(model)) table_ = *table;
}

void EmbeddingChannel::prefetch(Row seed) const {
  constexpr std::size_t kLine = 64 / sizeof(std::uint32_t);
  const Row m = alignment_.to_model[seed];
  if (m == kNoRow) return;
  for (std::size_t r = 0; r < table_.per_item; r += kLine) {
    __builtin_prefetch(table_.rows_of(m).data() + r);
    __builtin_prefetch(table_.scores_of(m).data() + r);
  }
}

std::vector<Neighbor> EmbeddingChannel::nearest(Row seed, const ChannelQuery& query) const {
  const Row m = alignment_.to_model[seed];
  std::vector<Neighbor> found;
  if (m == kNoRow) return found;
  found.reserve(query.quota);
  const auto rows = table_.rows_of(m);
  const auto scores = table_.scores_of(m);
  for (std::size_t r = 0; r < rows.size() && found.size() < query.quota; ++r) {
    const Row row = rows[r];
    if (row == kNoRow) break;
    const Row c = alignment_.to_catalog[row];
    if (c != kNoRow && query.allows(c)) found.push_back({c, scores[r]});
  }
  const std::size_t enough = query.enough == 0 ? query.quota : query.enough;
  if (found.size() >= std::min(enough, query.quota)) return found;
  if (query.deadline != std::chrono::steady_clock::time_point::max() &&
      std::chrono::steady_clock::now() >= query.deadline)
    return found;
  std::vector<std::uint8_t> excluded(alignment_.to_catalog.size());
  for (Row row = 0; row < excluded.size(); ++row) {
    const Row c = alignment_.to_catalog[row];
    excluded[row] = c == kNoRow || !query.allows(c) ? 1 : 0;
  }
  found = search_.nearest(m, query.quota, excluded);
  for (Neighbor& n : found) n.row = alignment_.to_catalog[n.row];
  return found;
}

Result<std::vector<Neighbor>> EmbeddingChannel::recall(const ChannelQuery& query) const {
  if (query.seeds.size() == 1 && query.seeds[0].weight > 0)
    return nearest(query.seeds[0].row, query);
  std::vector<std::vector<Neighbor>> lists;
  for (const Seed& seed : query.seeds) {
    if (seed.weight > 0) lists.push_back(nearest(seed.row, query));
  }
  return merge_best(std::move(lists), query.quota);
}

double EmbeddingChannel::recall_at_k(std::size_t k, std::size_t seeds) const {
  std::vector<std::uint8_t> excluded(alignment_.to_catalog.size());
  std::vector<Row> known;
  for (Row m = 0; m < excluded.size(); ++m) {
    excluded[m] = alignment_.to_catalog[m] == kNoRow ? 1 : 0;
    if (excluded[m] == 0 && similarity_.source(m) == model::Source::kBehavior) known.push_back(m);
  }
  // A large catalogue is not worth a late start for one more seed.
  constexpr auto kBudget = std::chrono::milliseconds(300);
  const auto began = std::chrono::steady_clock::now();
  std::atomic<std::size_t> wanted{0};
  std::atomic<std::size_t> hits{0};
  const std::size_t step = std::max<std::size_t>(1, known.size() / std::max<std::size_t>(1, seeds));
  parallel_for(known.size() / step, 1, 0, [&](std::size_t s, std::size_t, std::size_t) {
    const std::size_t i = step / 2 + s * step;
    if (i >= known.size() || std::chrono::steady_clock::now() - began > kBudget) return;
    const Seed seed{alignment_.to_catalog[known[i]], 1};
    const auto found = nearest(seed.row, {.seeds = {&seed, 1}, .quota = k});
    for (const Neighbor& n : similarity_.nearest(known[i], k, excluded)) {
      ++wanted;
      const Row row = alignment_.to_catalog[n.row];
      if (std::any_of(found.begin(), found.end(), [&](const auto& f) { return f.row == row; }))
        ++hits;
    }
  });
  return wanted == 0 ? 1.0 : static_cast<double>(hits) / static_cast<double>(wanted);
}

float ContentChannel::cosine(Row a, Row b) const {
  const Row x = alignment_.to_model[a];
  const Row y = alignment_.to_model[b];
  return x == kNoRow || y == kNoRow || content_.empty() ? 0.0F : content_.cosine(x, y);
}

Result<std::vector<Neighbor>> ContentChannel::recall(const ChannelQuery& query) const {
  if (content_.empty()) return Error{ErrorCode::kUnavailable, "the model holds no content"};
  std::vector<std::vector<Neighbor>> lists;
  std::vector<float> cosine(alignment_.to_catalog.size());
  for (const Seed& seed : query.seeds) {
    const Row m = alignment_.to_model[seed.row];
    if (seed.weight <= 0 || m == kNoRow) continue;
    std::fill(cosine.begin(), cosine.end(), 0.0F);
    content_.add_cosines(m, cosine);
    TopK top(query.quota);
    for (Row row = 0; row < cosine.size(); ++row) {
      const Row c = alignment_.to_catalog[row];
      if (cosine[row] > 0 && cosine[row] >= top.threshold() && c != kNoRow && query.allows(c))
        top.add(c, cosine[row]);
    }
    lists.push_back(top.take());
  }
  return merge_best(std::move(lists), query.quota);
}

}  // namespace sparrow::recall
