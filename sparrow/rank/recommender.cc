// State holds the channels; Listing is the work of one request.
#include "sparrow/rank/recommender.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/core/simd/kernels.h"
#include "sparrow/rank/list_order.h"
#include "sparrow/recall/embedding_channel.h"
#include "sparrow/recall/fact_channels.h"

namespace sparrow::rank {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kHistory = 5;  // more seeds than this are a history
constexpr std::size_t kHistorySeeds = 50;
constexpr std::size_t kVotes = 200;  // nearest items of each seed of a history
constexpr float kNegativeWeight = 0.5F;
constexpr std::size_t kExplainDepth = 200;

}  // namespace

bool Controls::plain() const {
  return popularity == 0 && diversity == 0 && min_match == 0 && filters.empty() &&
         exclude.empty() && pins.empty() && boosts.empty() && !caps.any() && same_series &&
         channels.empty() && budget.count() == 0;
}

struct Recommender::State {
  State(const data::Catalog& items, const model::Model& m, const recall::ItemFacts* f)
      : catalog(items), model(m), facts(f), alignment(items, m) {}

  const data::Catalog& catalog;
  const model::Model& model;
  const recall::ItemFacts* facts;
  recall::Alignment alignment;
  std::unique_ptr<model::Similarity> similarity;
  std::unique_ptr<recall::EmbeddingChannel> embedding;
  std::vector<std::unique_ptr<recall::Channel>> others;  // in the order of channel_names()
  std::vector<Row> by_popularity;                        // catalogue rows, most popular first
  Embeddings unit_vectors;                               // for requests by vector; model rows

  const recall::Channel& channel(std::size_t index) const {
    return index == 0 ? *embedding : *others[index - 1];
  }
  Row to_model(Row row) const {
    return row < alignment.to_model.size() ? alignment.to_model[row] : kNoRow;
  }

  void sort_by_popularity() {
    const model::Tensor* popularity = model.find("popularity");
    std::vector<Neighbor> sorted;
    for (Row m = 0; m < model.items.size(); ++m) {
      if (alignment.to_catalog[m] == kNoRow) continue;
      sorted.push_back(
          {alignment.to_catalog[m],
           popularity == nullptr ? 0.0F : static_cast<float>(popularity->uint32s()[m])});
    }
    std::sort(sorted.begin(), sorted.end(), better);
    for (const Neighbor& n : sorted) by_popularity.push_back(n.row);
  }

  ScoredItem scored(const Neighbor& n, model::Source seed_source) const {
    ScoredItem item;
    item.row = n.row;
    item.similarity = n.score;
    item.match = similarity->to_match(n.score);
    item.adjusted = item.match;
    const Row m = to_model(n.row);
    item.source = seed_source == model::Source::kContent || m == kNoRow ? model::Source::kContent
                                                                        : similarity->source(m);
    return item;
  }
};

// Candidates of several channels, each once.
class Merged {
 public:
  void add(std::uint8_t channel, const std::vector<Neighbor>& found) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto [at, fresh] = index_.emplace(found[i].row, items.size());
      if (fresh) {
        items.emplace_back();
        items.back().row = found[i].row;
      }
      items[at->second].channels.push_back(
          {channel, static_cast<std::uint32_t>(i + 1), found[i].score});
    }
  }
  std::vector<ScoredItem> items;

 private:
  std::unordered_map<Row, std::size_t> index_;
};

// The work of one request: collect candidates, score them exactly, order them.
class Recommender::Listing {
 public:
  Listing(const State& state, const Request& request);

  Row main_seed() const { return main_; }
  // Whether the item may stand in the list; `why` (may be null) gets the reason if not.
  bool allows(Row row, std::string* why) const;
  Answer answer();

 private:
  bool reorders() const;
  void collect();
  void collect_by_vector();
  void collect_by_history();
  void score(ScoredItem& item);
  std::vector<ScoredItem> candidates();
  Caps caps() const;

  const State& s_;
  const recall::ItemFacts& facts_;
  const Request& request_;
  std::vector<Row> excluded_;
  std::vector<std::uint32_t> barred_series_;
  Row main_ = kNoRow;
  std::vector<Seed> known_;  // seeds that the model knows
  bool positive_ = false;    // one of them is to be like
  std::function<bool(Row)> allowed_;
  recall::ChannelQuery query_;
  Merged merged_;
  std::vector<float> by_vector_;          // cosine with the request's vector, model rows
  std::unordered_map<Row, float> votes_;  // of a history
  Answer answer_;
};

Recommender::Listing::Listing(const State& state, const Request& request)
    : s_(state), facts_(*state.facts), request_(request), excluded_(request.controls.exclude) {
  std::sort(excluded_.begin(), excluded_.end());
  for (const Seed& seed : request.seeds) {
    if (seed.weight > 0 && main_ == kNoRow) main_ = seed.row;
    if (!request.controls.same_series && seed.weight > 0 && facts_.series(seed.row) != 0)
      barred_series_.push_back(facts_.series(seed.row));
    if (s_.to_model(seed.row) == kNoRow) continue;
    known_.push_back(seed);
    positive_ = positive_ || seed.weight > 0;
  }
  allowed_ = [this](Row row) { return allows(row, nullptr); };
  query_.seeds = request.seeds;
  query_.quota = request.size + request.offset;
  query_.allowed = &allowed_;
  if (reorders()) {
    query_.enough = 2 * query_.quota;
    query_.quota = std::max<std::size_t>(100, 5 * query_.quota);
  }
  if (request.controls.budget.count() > 0) query_.deadline = Clock::now() + request.controls.budget;
}

bool Recommender::Listing::allows(Row row, std::string* why) const {
  const auto no = [&](auto&& text) {
    if (why != nullptr) *why = text();
    return false;
  };
  if (!request_.hidden.empty() && request_.hidden[row] != 0)
    return no([] { return std::string("it may not be shown now (candidate pool)"); });
  if (std::binary_search(excluded_.begin(), excluded_.end(), row))
    return no([] { return std::string("the request excludes it (exclude list or seen)"); });
  for (const FilterPtr& filter : request_.controls.filters) {
    if (!filter->holds(row, main_))
      return no([&] { return fmt::format("it does not meet the filter: {}", filter->text()); });
  }
  if (!barred_series_.empty() && std::find(barred_series_.begin(), barred_series_.end(),
                                           facts_.series(row)) != barred_series_.end())
    return no([] { return std::string("it is of the seed's series, which is switched off"); });
  return request_.rules == nullptr || request_.rules->allows(row, main_, why);
}

bool Recommender::Listing::reorders() const {
  const Controls& c = request_.controls;
  return c.popularity != 0 || c.diversity > 0 || !c.boosts.empty() || c.caps.any() ||
         (request_.rules != nullptr && !request_.rules->empty());
}

void Recommender::Listing::collect() {
  const auto& names = channel_names();
  std::vector<std::uint8_t> asked;
  if (request_.controls.channels.empty()) asked.push_back(0);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& wanted = request_.controls.channels;
    if (std::find(wanted.begin(), wanted.end(), names[i]) != wanted.end())
      asked.push_back(static_cast<std::uint8_t>(i));
  }
  if (!positive_) {
    answer_.degraded.emplace_back(
        request_.seeds.empty()
            ? "no history that the model knows: popular items instead"
            : "the model does not know this item yet: placed by series, people and genre");
    asked = {3, 4, 5};
  }
  for (const std::uint8_t index : asked) {
    auto found = s_.channel(index).recall(query_);
    if (found)
      merged_.add(index, *found);
    else
      answer_.degraded.push_back(
          fmt::format("channel {} failed: {}", names[index], found.error().message));
  }
}

void Recommender::Listing::collect_by_vector() {
  by_vector_.resize(s_.unit_vectors.rows());
  const auto& vector = request_.vector;
  const float length = std::sqrt(simd::dot(vector.data(), vector.data(), vector.size()));
  simd::dot_rows(vector.data(), s_.unit_vectors.data(), s_.unit_vectors.rows(),
                 s_.unit_vectors.dim(), by_vector_.data());
  TopK top(query_.quota);
  for (Row m = 0; m < by_vector_.size(); ++m) {
    by_vector_[m] /= std::max(1e-20F, length);
    const Row row = s_.alignment.to_catalog[m];
    if (row != kNoRow && by_vector_[m] >= top.threshold() && query_.allows(row))
      top.add(row, by_vector_[m]);
  }
  merged_.add(0, top.take());
}

// The newest items speak for a long history; each votes with its nearest items in the table.
void Recommender::Listing::collect_by_history() {
  recall::ChannelQuery one = query_;
  one.quota = kVotes;
  one.enough = 1;
  const std::size_t first = known_.size() > kHistorySeeds ? known_.size() - kHistorySeeds : 0;
  for (std::size_t i = first; i < known_.size(); ++i) {
    const Seed seed = known_[i];
    one.seeds = {&seed, 1};
    const auto found = s_.embedding->recall(one);
    if (!found) continue;
    for (const Neighbor& n : *found) {
      if (!query_.is_seed(n.row))
        votes_[n.row] +=
            seed.weight * std::max(0.0F, n.score) / static_cast<float>(known_.size() - first);
    }
  }
  TopK top(query_.quota);
  for (const auto& [row, vote] : votes_) top.add(row, vote);
  merged_.add(0, top.take());
}

// Exact, also for candidates of channels whose own scores mean something else.
void Recommender::Listing::score(ScoredItem& item) {
  const auto provenance = std::move(item.channels);
  const Row m = s_.to_model(item.row);
  float similarity = 0;
  float match = 0;
  if (!by_vector_.empty()) {
    similarity = m == kNoRow ? 0.0F : by_vector_[m];
    match = 100 * std::clamp(similarity, 0.0F, 1.0F);
  } else if (!votes_.empty()) {
    similarity = votes_[item.row];
    match = s_.similarity->to_match(similarity);
  } else if (positive_ && m != kNoRow) {
    float weights = 0;
    for (const Seed& seed : known_) weights += std::max(0.0F, seed.weight);
    const bool listed = known_.size() == 1 && provenance.size() == 1 && provenance[0].channel == 0;
    for (const Seed& seed : known_) {
      const float one =
          listed ? provenance[0].score : s_.similarity->score(s_.to_model(seed.row), m);
      const float weight = seed.weight > 0 ? seed.weight / weights : kNegativeWeight * seed.weight;
      similarity += weight * one;
      match += weight * s_.similarity->to_match(one);
    }
  } else if (!provenance.empty()) {
    similarity = -static_cast<float>(provenance[0].rank);
  }
  const bool pinned = item.pinned;
  item = s_.scored({item.row, similarity}, answer_.seed_source);
  item.pinned = pinned;
  item.match = std::clamp(match, 0.0F, 100.0F);
  item.adjusted = adjust(facts_, request_.controls, item.row, match);
  if (request_.rules != nullptr) item.adjusted *= request_.rules->factor(item.row, main_);
  if (request_.controls.channels.size() > 1 || !positive_) item.channels = provenance;
}

// Pins first, each item once, all scored.
std::vector<ScoredItem> Recommender::Listing::candidates() {
  std::vector<Row> pins = request_.controls.pins;
  if (request_.rules != nullptr) {
    const auto more = request_.rules->pins(main_);
    pins.insert(pins.end(), more.begin(), more.end());
  }
  std::vector<ScoredItem> all;
  const auto pinned = [&](Row row) {
    return std::any_of(all.begin(), all.end(),
                       [&](const ScoredItem& item) { return item.pinned && item.row == row; });
  };
  for (const Row row : pins) {
    if (pinned(row) || !query_.allows(row)) continue;
    all.emplace_back();
    all.back().row = row;
    all.back().pinned = true;
  }
  const bool any_pin = !all.empty();
  for (ScoredItem& item : merged_.items) {
    if (!any_pin || !pinned(item.row)) all.push_back(std::move(item));
  }
  for (ScoredItem& item : all) score(item);
  const float least = request_.controls.min_match;
  if (least > 0)
    std::erase_if(all, [&](const ScoredItem& item) { return !item.pinned && item.match < least; });
  return all;
}

Caps Recommender::Listing::caps() const {
  Caps caps = request_.controls.caps;
  if (request_.rules == nullptr) return caps;
  const Caps& more = request_.rules->caps();
  if (caps.genre == 0) caps.genre = more.genre;
  if (caps.series == 0) caps.series = more.series;
  if (caps.person == 0) caps.person = more.person;
  return caps;
}

Answer Recommender::Listing::answer() {
  const Row seed = main_ == kNoRow ? kNoRow : s_.to_model(main_);
  if (main_ != kNoRow && (seed == kNoRow || s_.similarity->source(seed) == model::Source::kContent))
    answer_.seed_source = model::Source::kContent;
  if (!request_.vector.empty())
    collect_by_vector();
  else if (known_.size() > kHistory)
    collect_by_history();
  else
    collect();
  const std::size_t wanted = request_.size + request_.offset;
  auto list = order_list(facts_, candidates(), caps(), request_.controls.diversity, wanted);
  if (list.size() < wanted) {
    if (Clock::now() >= query_.deadline)
      answer_.degraded.emplace_back("the time budget was used up before an exact search");
    answer_.degraded.push_back(fmt::format(
        "only {} items {}", list.size(),
        request_.controls.min_match > 0 ? "reach the minimum match" : "meet all conditions"));
  }
  for (std::size_t i = request_.offset; i < list.size(); ++i)
    answer_.items.push_back(std::move(list[i]));
  return std::move(answer_);
}

Recommender::Recommender() = default;
Recommender::~Recommender() = default;

const std::vector<std::string>& Recommender::channel_names() {
  static const std::vector<std::string> table = {
      "embedding", "co-watch", "content", "people-series", "genre", "popular", "fresh"};
  return table;
}

Result<std::unique_ptr<Recommender>> Recommender::open(const data::Catalog& catalog,
                                                       const model::Model& model,
                                                       const recall::ItemFacts* facts) {
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
  state->embedding =
      std::make_unique<recall::EmbeddingChannel>(model, *state->similarity, state->alignment);
  state->sort_by_popularity();
  if (facts != nullptr) {
    state->others.push_back(std::make_unique<recall::CoWatchChannel>(*facts));
    state->others.push_back(std::make_unique<recall::ContentChannel>(model, state->alignment));
    state->others.push_back(std::make_unique<recall::RelatedChannel>(*facts));
    for (const auto order :
         {recall::Order::kQuality, recall::Order::kPopularity, recall::Order::kYear})
      state->others.push_back(std::make_unique<recall::OrderedChannel>(*facts, order));
    if (const model::Tensor* vectors = model.find("vectors")) {
      state->unit_vectors = Embeddings(model.items.size(), model.dim());
      std::copy(vectors->floats().begin(), vectors->floats().end(), state->unit_vectors.data());
      normalize_rows(state->unit_vectors);
    }
  }
  std::unique_ptr<Recommender> recommender(new Recommender());
  recommender->state_ = std::move(state);
  return recommender;
}

Answer Recommender::similar(const SimilarRequest& request) const {
  const State& s = *state_;
  Answer answer;
  const std::size_t wanted = request.size + request.offset;
  std::function<bool(Row)> allowed;
  if (!request.exclude.empty()) {
    allowed = [&](Row row) {
      return std::find(request.exclude.begin(), request.exclude.end(), row) ==
             request.exclude.end();
    };
  }
  const Seed seed{request.seed, 1};
  const recall::ChannelQuery query{
      .seeds = {&seed, 1}, .quota = wanted, .allowed = allowed ? &allowed : nullptr};
  const Row known = s.to_model(request.seed);
  std::vector<Neighbor> found;
  if (known == kNoRow) {
    answer.degraded.emplace_back("the model does not know this item yet: popular items instead");
    answer.seed_source = model::Source::kContent;
    for (const Row row : s.by_popularity) {
      if (found.size() == wanted) break;
      if (query.allows(row)) found.push_back({row, 0});
    }
  } else {
    answer.seed_source = s.similarity->source(known);
    found = *s.embedding->recall(query);
  }
  for (std::size_t i = request.offset; i < found.size(); ++i)
    answer.items.push_back(s.scored(found[i], answer.seed_source));
  if (answer.items.size() < request.size && found.size() < wanted)
    answer.degraded.push_back(fmt::format("only {} items are left to show", found.size()));
  return answer;
}

Answer Recommender::recommend(const Request& request) const {
  const State& s = *state_;
  SPARROW_CHECK(s.facts != nullptr);
  const bool untouched =
      request.rules == nullptr ||
      (request.seeds.size() == 1 && !request.rules->touches(request.seeds[0].row));
  if (request.seeds.size() == 1 && request.vector.empty() && request.controls.plain() &&
      request.hidden.empty() && untouched && s.to_model(request.seeds[0].row) != kNoRow)
    return similar({request.seeds[0].row, request.size, request.offset, {}});
  return Listing(s, request).answer();
}

Answer Recommender::for_user(const UserRequest& request) const {
  const State& s = *state_;
  Answer answer;
  std::vector<Row> banned = request.exclude;
  banned.insert(banned.end(), request.history.begin(), request.history.end());
  std::sort(banned.begin(), banned.end());
  const std::function<bool(Row)> allowed = [&](Row row) {
    return !std::binary_search(banned.begin(), banned.end(), row);
  };
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

std::vector<Provenance> Recommender::provenance_of(const Request& request, Row item) const {
  const Listing listing(*state_, request);
  const std::function<bool(Row)> may = [&](Row row) { return listing.allows(row, nullptr); };
  const Seed seed{listing.main_seed(), 1};
  std::vector<Provenance> all;
  for (std::size_t i = 0; i < channel_names().size(); ++i) {
    const auto found =
        state_->channel(i).recall({.seeds = {&seed, 1}, .quota = kExplainDepth, .allowed = &may});
    Provenance p{static_cast<std::uint8_t>(i), 0, 0};
    for (std::size_t r = 0; found && r < found->size(); ++r) {
      if ((*found)[r].row == item)
        p = {p.channel, static_cast<std::uint32_t>(r + 1), (*found)[r].score};
    }
    all.push_back(p);
  }
  return all;
}

Explanation Recommender::explain(const Request& request, Row item) const {
  const State& s = *state_;
  SPARROW_CHECK(s.facts != nullptr && !request.seeds.empty());
  Explanation e;
  const Listing listing(s, request);
  const Row seed = listing.main_seed();
  const Row a = s.to_model(seed);
  const Row b = s.to_model(item);
  std::string why;
  const bool allowed = listing.allows(item, &why);
  if (item == seed) e.why_not.emplace_back("it is the seed itself");
  if (!allowed) e.why_not.push_back(why);
  if (a == kNoRow) e.why_not.emplace_back("the model does not know the seed");
  if (b == kNoRow) e.why_not.emplace_back("the model does not know the item");
  if (a == kNoRow || b == kNoRow) {
    e.item.row = item;
    return e;
  }
  e.item = s.scored({item, s.similarity->score(a, b)}, s.similarity->source(a));
  e.item.adjusted = adjust(*s.facts, request.controls, item, e.item.match);
  e.parts = s.similarity->parts(a, b);
  e.channels = provenance_of(request, item);
  if (item == seed) return e;
  std::vector<float> scores(s.similarity->items());
  s.similarity->scores(a, scores);
  const auto key = [&](Row row, float similarity) {
    return adjust(*s.facts, request.controls, row, s.similarity->to_match(similarity)) +
           1e-4F * similarity;
  };
  const float own = key(item, scores[b]);
  std::size_t ahead = 0;
  for (Row m = 0; m < scores.size(); ++m) {
    const Row row = s.alignment.to_catalog[m];
    if (row == kNoRow || row == seed || !listing.allows(row, nullptr)) continue;
    ++e.ranked;
    ahead += m != b && key(row, scores[m]) > own ? 1U : 0U;
  }
  if (allowed) e.rank = ahead + 1;
  if (allowed && e.item.match < request.controls.min_match)
    e.why_not.push_back(fmt::format("its match of {:.0f} is below the minimum of {:.0f}",
                                    e.item.match, request.controls.min_match));
  if (allowed && e.rank > request.size)
    e.why_not.push_back(fmt::format("{} items are closer; the list holds {}", ahead, request.size));
  return e;
}

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

bool Recommender::knows(Row row) const { return state_->to_model(row) != kNoRow; }
std::size_t Recommender::dim() const { return state_->model.dim(); }
const model::Manifest& Recommender::manifest() const { return state_->model.manifest; }
const model::Model& Recommender::model() const { return state_->model; }
const data::Catalog& Recommender::catalog() const { return state_->catalog; }

}  // namespace sparrow::rank
