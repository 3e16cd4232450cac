// Opens the channels; the plain list and the user's list are made here, all others by Listing.
#include "sparrow/rank/recommender.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/rank/listing.h"

namespace sparrow::rank {
namespace {

using Clock = std::chrono::steady_clock;

// Sorts the catalogue three times; none without facts.
std::vector<std::unique_ptr<recall::Channel>> ordered_channels(const recall::ItemFacts* facts) {
  std::vector<std::unique_ptr<recall::Channel>> channels;
  if (facts == nullptr) return channels;
  for (const auto order :
       {recall::Order::kQuality, recall::Order::kPopularity, recall::Order::kYear})
    channels.push_back(std::make_unique<recall::OrderedChannel>(*facts, order));
  return channels;
}

}  // namespace

Recommender::Recommender() = default;
Recommender::~Recommender() = default;

Result<std::unique_ptr<Recommender>> Recommender::open(const data::Catalog& catalog,
                                                       const model::Model& model,
                                                       const recall::ItemFacts* facts,
                                                       const Recommender* before) {
  auto similarity = model::Similarity::open(model);
  if (!similarity) return similarity.error();
  auto state = std::make_unique<State>(catalog, model, facts);
  auto ordered = std::async(std::launch::async, ordered_channels, facts);
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
  auto embedding = std::make_unique<recall::EmbeddingChannel>(model, *state->similarity,
                                                              state->alignment, *state->search);
  constexpr std::size_t kSample = 24;
  state->embedding = embedding.get();
  state->recall_at_10 = embedding->recall_at_k(10, kSample);
  state->add(std::move(embedding));
  state->sort_by_popularity();
  if (facts != nullptr) {
    auto content =
        std::make_unique<recall::ContentChannel>(state->similarity->content(), state->alignment);
    state->content = content.get();
    state->add(std::move(content));
    state->add(std::make_unique<recall::CoWatchChannel>(*facts));
    state->add(std::make_unique<recall::RelatedChannel>(*facts));
    for (auto& channel : ordered.get()) state->add(std::move(channel));
    state->add(std::make_unique<recall::TrendingChannel>());
    state->add(std::make_unique<recall::RecentCoWatchChannel>());
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
  if (answer.items.size() < request.size && found.size() < wanted) {
    answer.is_short = true;
    answer.degraded.push_back(fmt::format("only {} items are left to show", found.size()));
  }
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

Explanation Recommender::explain(const Request& request, Row item) const {
  const State& s = *state_;
  SPARROW_CHECK(s.facts != nullptr && !request.seeds.empty());
  Explanation e;
  Listing listing(s, request);
  const Row seed = listing.main_seed();
  const Row a = s.to_model(seed);
  const Row b = s.to_model(item);
  std::string why;
  const bool allowed = listing.allows(item, &why);
  if (item == seed) e.why_not.emplace_back("it is the seed itself");
  if (!allowed) e.why_not.push_back(why);
  if (a == kNoRow) e.why_not.emplace_back("the model does not know the seed");
  if (b == kNoRow) e.why_not.emplace_back("the model does not know the item");
  e.item.row = item;
  if (a != kNoRow && b != kNoRow) {
    e.item = s.scored({item, s.similarity->score(a, b)}, s.similarity->source(a));
    e.parts = s.similarity->parts(a, b);
    e.channels = listing.provenance_of(item);
  }
  if (!allowed || item == seed) return e;
  Request whole = request;
  whole.size += whole.offset;
  whole.offset = 0;
  const Answer list = recommend(whole);
  const auto listed = std::find_if(list.items.begin(), list.items.end(),
                                   [&](const ScoredItem& i) { return i.row == item; });
  std::size_t ahead = 0;
  const ScoredItem behind = listing.behind_list(item, ahead, e.ranked);
  e.ranked = std::max(e.ranked, list.items.size());
  if (listed != list.items.end()) {
    e.item = *listed;
    e.rank = static_cast<std::size_t>(listed - list.items.begin()) + 1;
    return e;
  }
  e.item = behind;
  if (e.item.match < request.controls.min_match) {
    e.why_not.push_back(fmt::format("its match of {:.0f} is below the minimum of {:.0f}",
                                    e.item.match, request.controls.min_match));
    return e;
  }
  // Behind the list for sure, though diversity or caps may have passed over it.
  e.rank = std::max(ahead, list.items.size()) + 1;
  if (ahead >= whole.size)
    e.why_not.push_back(fmt::format("{} items are closer; the list holds {}", ahead, whole.size));
  else
    e.why_not.emplace_back("diversity or a cap put others before it");
  return e;
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
