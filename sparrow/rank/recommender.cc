#include "sparrow/rank/recommender.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/recall/embedding_channel.h"

namespace sparrow::rank {

struct Recommender::State {
  const data::Catalog* catalog = nullptr;
  const model::Model* model = nullptr;
  std::unique_ptr<model::Similarity> similarity;
  std::unique_ptr<recall::EmbeddingChannel> embedding;
  std::unique_ptr<recall::PopularityChannel> popular;
  std::vector<Row> to_model;    // catalog row -> model row, kNoRow where the model lacks it
  std::vector<Row> to_catalog;  // model row -> catalog row, kNoRow where the catalog lacks it
  bool whole_pool = true;       // every model item is in the catalog

  // Model rows that may not be shown: excluded by the request, or gone from the catalog.
  std::vector<std::uint8_t> excluded(std::span<const Row> catalog_rows) const {
    std::vector<std::uint8_t> marks;
    if (catalog_rows.empty() && whole_pool) return marks;
    marks.resize(to_catalog.size(), 0);
    for (std::size_t m = 0; m < marks.size(); ++m) marks[m] = to_catalog[m] == kNoRow ? 1 : 0;
    for (const Row row : catalog_rows) {
      if (row < to_model.size() && to_model[row] != kNoRow) marks[to_model[row]] = 1;
    }
    return marks;
  }

  ScoredItem scored(const Neighbor& n, model::Source seed_source) const {
    ScoredItem item;
    item.row = to_catalog[n.row];
    item.similarity = n.score;
    item.match = similarity->to_match(n.score);
    item.source = seed_source == model::Source::kContent ? seed_source : similarity->source(n.row);
    return item;
  }
};

Recommender::Recommender() = default;
Recommender::~Recommender() = default;

Result<std::unique_ptr<Recommender>> Recommender::open(const data::Catalog& catalog,
                                                       const model::Model& model) {
  auto similarity = model::Similarity::open(model);
  if (!similarity) return similarity.error();
  auto state = std::make_unique<State>();
  state->catalog = &catalog;
  state->model = &model;
  state->similarity = std::move(*similarity);
  state->embedding = std::make_unique<recall::EmbeddingChannel>(model, *state->similarity);
  state->popular = std::make_unique<recall::PopularityChannel>(model);
  state->to_model.assign(catalog.size(), kNoRow);
  state->to_catalog.assign(model.items.size(), kNoRow);
  std::size_t shared = 0;
  for (Row m = 0; m < model.items.size(); ++m) {
    const auto row = catalog.find(model.items[m]);
    if (!row) {
      state->whole_pool = false;
      continue;
    }
    state->to_model[*row] = m;
    state->to_catalog[m] = *row;
    ++shared;
  }
  if (shared == 0) {
    return Error{
        ErrorCode::kInvalidInput,
        fmt::format(
            "model {} {} and the catalogue share no item: was the model trained on other data?",
            model.manifest.name, model.manifest.version)};
  }
  std::unique_ptr<Recommender> recommender(new Recommender());
  recommender->state_ = std::move(state);
  return recommender;
}

Answer Recommender::similar(const SimilarRequest& request) const {
  const State& s = *state_;
  Answer answer;
  const std::size_t wanted = request.size + request.offset;
  const auto marks = s.excluded(request.exclude);
  const Row seed = s.to_model[request.seed];
  std::vector<Neighbor> found;
  if (seed == kNoRow) {
    answer.degraded.emplace_back("the model does not know this item yet: popular items instead");
    answer.seed_source = model::Source::kContent;
    found = *s.popular->recall({kNoRow, wanted, marks});
    for (auto& n : found) n.score = 0;
  } else {
    answer.seed_source = s.similarity->source(seed);
    auto recalled = s.embedding->recall({seed, wanted, marks});
    if (recalled) found = std::move(*recalled);
  }
  for (std::size_t i = request.offset; i < found.size(); ++i) {
    answer.items.push_back(s.scored(found[i], answer.seed_source));
  }
  if (answer.items.size() < request.size && found.size() < wanted) {
    answer.degraded.push_back(fmt::format("only {} items are left to show", found.size()));
  }
  return answer;
}

Answer Recommender::for_user(const UserRequest& request) const {
  const State& s = *state_;
  Answer answer;
  std::vector<Row> banned = request.exclude;
  banned.insert(banned.end(), request.history.begin(), request.history.end());
  auto marks = s.excluded(banned);
  // The newest items of a long history speak for the user; each votes with its nearest 200.
  constexpr std::size_t kSeeds = 50;
  constexpr std::size_t kVotes = 200;
  const std::size_t first = request.history.size() > kSeeds ? request.history.size() - kSeeds : 0;
  std::unordered_map<Row, float> votes;
  std::size_t seeds = 0;
  for (std::size_t i = first; i < request.history.size(); ++i) {
    const Row seed =
        request.history[i] < s.to_model.size() ? s.to_model[request.history[i]] : kNoRow;
    if (seed == kNoRow) continue;
    ++seeds;
    const auto recalled = s.embedding->recall({seed, kVotes, marks});
    if (!recalled) continue;
    for (const Neighbor& n : *recalled) votes[n.row] += std::max(0.0F, n.score);
  }
  TopK best(request.size);
  for (const auto& [row, vote] : votes) best.add(row, vote / static_cast<float>(seeds));
  std::vector<Neighbor> found = best.take();
  if (found.size() < request.size) {
    for (const Neighbor& n : found) {
      if (marks.empty()) marks.resize(s.to_catalog.size(), 0);
      marks[n.row] = 1;
    }
    answer.degraded.emplace_back(seeds == 0
                                     ? "no history that the model knows: popular items instead"
                                     : "the history has few neighbours: filled with popular items");
    const std::vector<Neighbor> popular =
        *s.popular->recall({kNoRow, request.size - found.size(), marks});
    for (const Neighbor& n : popular) found.push_back({n.row, 0});
  }
  for (const Neighbor& n : found) answer.items.push_back(s.scored(n, model::Source::kBehavior));
  return answer;
}

float Recommender::similarity(Row a, Row b) const {
  const State& s = *state_;
  if (s.to_model[a] == kNoRow || s.to_model[b] == kNoRow) return a == b ? 1.0F : 0.0F;
  return s.similarity->score(s.to_model[a], s.to_model[b]);
}

const model::Manifest& Recommender::manifest() const { return state_->model->manifest; }
const data::Catalog& Recommender::catalog() const { return *state_->catalog; }

}  // namespace sparrow::rank
