// Opens the channels; the plain list and the user's list are made here, all others by Listing.
#include "sparrow/rank/recommender.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/rank/listing.h"

namespace sparrow::rank {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Recommender::Recommender() = default;
Recommender::~Recommender() = default;

const std::vector<std::string>& Recommender::channel_names() {
  static const std::vector<std::string> table = {
      "embedding", "co-watch", "content", "people-series", "genre", "popular", "fresh"};
  return table;
}

Result<std::unique_ptr<Recommender>> Recommender::open(const data::Catalog& catalog,
                                                       const model::Model& model,
                                                       const recall::ItemFacts* facts,
                                                       const Recommender* before) {
  auto similarity = model::Similarity::open(model);
  if (!similarity) return similarity.error();
  auto state = std::make_unique<State>(catalog, model, facts);
  state->similarity = std::move(*similarity);
  if (state->alignment.shared == 0) {
    return Error{
        ErrorCode::kInvalidInput,
        fmt::format(
            "model {} {} and the catalogue share no item: was the model trained on other data?",
            model.manifest.name, model.manifest.version)};
  }
  const bool same = before != nullptr && before->manifest().name == model.manifest.name &&
                    before->manifest().version == model.manifest.version;
  state->search =
      std::make_unique<recall::NeighborSearch>(model, *state->similarity, recall::SearchOptions{},
                                               same ? before->state_->search.get() : nullptr);
  state->embedding = std::make_unique<recall::EmbeddingChannel>(model, *state->similarity,
                                                                state->alignment, *state->search);
  constexpr std::size_t kSample = 24;
  state->recall_at_10 = state->embedding->recall_at_k(10, kSample);
  state->sort_by_popularity();
  if (facts != nullptr) {
    state->others.push_back(std::make_unique<recall::CoWatchChannel>(*facts));
    auto content = std::make_unique<recall::ContentChannel>(model, state->alignment);
    state->content = content.get();
    state->others.push_back(std::move(content));
    state->others.push_back(std::make_unique<recall::RelatedChannel>(*facts));
    for (const auto order :
         {recall::Order::kQuality, recall::Order::kPopularity, recall::Order::kYear})
      state->others.push_back(std::make_unique<recall::OrderedChannel>(*facts, order));
    if ((state->vectors = model::VectorsView::of(model)))
      state->inverse_lengths = state->vectors->inverse_lengths();
  }
  if (const auto weights = model.manifest.options.find("ranking");
      weights != model.manifest.options.end()) {
    auto ranker = LinearRanker::of_json(*weights);
    if (!ranker) return ranker.error();
    state->ranker = *ranker;
  }
  std::unique_ptr<Recommender> recommender(new Recommender());
  recommender->state_ = std::move(state);
  return recommender;
}

Answer Recommender::similar(const SimilarRequest& request) const {
  const State& s = *state_;
  Answer answer;
  const auto began = Clock::now();
  const std::size_t wanted = request.size + request.offset;
  recall::Allowed allowed;
  allowed.none_of(request.hidden);
  allowed.without(request.exclude);
  const Seed seed{request.seed, 1};
  const recall::ChannelQuery query{.seeds = {&seed, 1}, .quota = wanted, .allowed = &allowed};
  const Row known = s.to_model(request.seed);
  std::vector<Neighbor> found;
  const bool like_nothing = known != kNoRow && s.similarity->source(known) == model::Source::kNone;
  if (known == kNoRow || like_nothing) {
    answer.degraded.emplace_back(
        like_nothing ? "nothing is known of this item that another one shares: popular "
                       "items instead"
                     : "the model does not know this item yet: popular items instead");
    answer.seed_source = like_nothing ? model::Source::kNone : model::Source::kContent;
    for (const Row row : s.by_popularity) {
      if (found.size() == wanted) break;
      if (query.allows(row)) found.push_back({row, 0});
    }
  } else {
    answer.seed_source = s.similarity->source(known);
    found = *s.embedding->recall(query);
  }
  answer.items.reserve(found.size() - std::min(found.size(), request.offset));
  for (std::size_t i = request.offset; i < found.size(); ++i)
    answer.items.push_back(s.scored(found[i], answer.seed_source));
  if (answer.items.size() < request.size && found.size() < wanted)
    answer.degraded.push_back(fmt::format("only {} items are left to show", found.size()));
  answer.recall_time = Clock::now() - began;
  return answer;
}

Answer Recommender::recommend(const Request& request) const {
  const State& s = *state_;
  SPARROW_CHECK(s.facts != nullptr);
  const bool untouched =
      request.rules == nullptr ||
      (request.seeds.size() == 1 && !request.rules->touches(request.seeds[0].row));
  const Ranking& ranking = request.ranking != nullptr ? *request.ranking : default_ranking();
  const bool plain = request.controls.plain() && !request.features && ranking.plain_recall() &&
                     ranking.remote == nullptr &&
                     (ranking.weights ? *ranking.weights : s.ranker).neutral();
  if (plain && untouched && request.seeds.size() == 1 && request.seeds[0].weight > 0 &&
      request.vector.empty() && s.to_model(request.seeds[0].row) != kNoRow)
    return similar({request.seeds[0].row, request.size, request.offset, {}, request.hidden});
  return Listing(s, request).answer();
}

Answer Recommender::for_user(const UserRequest& request) const {
  const State& s = *state_;
  Answer answer;
  std::vector<Row> banned = request.exclude;
  banned.insert(banned.end(), request.history.begin(), request.history.end());
  recall::Allowed allowed;
  allowed.without(std::move(banned));
  const std::size_t first =
      request.history.size() > kHistorySeeds ? request.history.size() - kHistorySeeds : 0;
  std::unordered_map<Row, float> votes;
  std::size_t seeds = 0;
  for (std::size_t i = first; i < request.history.size(); ++i) {
    const Seed seed{request.history[i], 1};
    if (s.to_model(seed.row) == kNoRow) continue;
    ++seeds;
    const auto recalled =
        s.embedding->recall({.seeds = {&seed, 1}, .quota = kVotes, .allowed = &allowed});
    if (!recalled) continue;
    for (const Neighbor& n : *recalled) votes[n.row] += std::max(0.0F, n.score);
  }
  TopK best(request.size);
  for (const auto& [row, vote] : votes) best.add(row, vote / static_cast<float>(seeds));
  std::vector<Neighbor> found = best.take();
  if (found.size() < request.size) {
    answer.degraded.emplace_back(seeds == 0
                                     ? "no history that the model knows: popular items instead"
                                     : "the history has few neighbours: filled with popular items");
    for (const Row row : s.by_popularity) {
      if (found.size() == request.size) break;
      const bool listed = votes.contains(row);
      if (!listed && allowed(row)) found.push_back({row, 0});
    }
  }
  for (const Neighbor& n : found) answer.items.push_back(s.scored(n, model::Source::kBehavior));
  return answer;
}

void Recommender::prefetch(Row seed) const { state_->embedding->prefetch(seed); }

float Recommender::similarity(Row a, Row b) const {
  const State& s = *state_;
  if (s.to_model(a) == kNoRow || s.to_model(b) == kNoRow) return a == b ? 1.0F : 0.0F;
  return s.similarity->score(s.to_model(a), s.to_model(b));
}

float Recommender::match(Row a, Row b) const {
  return state_->to_model(a) == kNoRow || state_->to_model(b) == kNoRow
             ? 0.0F
             : state_->similarity->to_match(similarity(a, b));
}

const recall::SearchReport& Recommender::search_report() const { return state_->search->report(); }
double Recommender::recall_at_10() const { return state_->recall_at_10; }
bool Recommender::knows(Row row) const { return state_->to_model(row) != kNoRow; }
std::size_t Recommender::dim() const { return state_->model.dim(); }
const model::Manifest& Recommender::manifest() const { return state_->model.manifest; }
const model::Model& Recommender::model() const { return state_->model; }
const data::Catalog& Recommender::catalog() const { return state_->catalog; }

}  // namespace sparrow::rank
