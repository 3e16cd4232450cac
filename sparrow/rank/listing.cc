// collect() finds candidates, score() and rank() judge them, answer() orders them.
#include "sparrow/rank/listing.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/core/simd/kernels.h"

namespace sparrow::rank {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kHistory = 5;  // more seeds than this are a history
constexpr float kNegativeWeight = 0.5F;
constexpr std::size_t kCapped = 2000;  // candidates where caps left a list short of the usual ones

}  // namespace

const Ranking& default_ranking() {
  static const Ranking ranking;
  return ranking;
}

bool Controls::plain() const {
  return popularity == 0 && diversity == 0 && min_match == 0 && filters.empty() &&
         exclude.empty() && pins.empty() && boosts.empty() && !caps.any() && same_series &&
         channels.empty() && trending == 0 && recent_co_watch == 0 && budget.count() == 0;
}

std::array<ChannelSetting, recall::kChannelNames.size()> Ranking::only_embedding() {
  std::array<ChannelSetting, recall::kChannelNames.size()> settings;
  settings[static_cast<std::size_t>(ChannelId::kEmbedding)].use = ChannelSetting::Use::kAlways;
  return settings;
}

bool Ranking::plain_recall() const {
  const ChannelSetting& embedding = channel(ChannelId::kEmbedding);
  const auto always = std::count_if(channels.begin(), channels.end(), [](const auto& setting) {
    return setting.use == ChannelSetting::Use::kAlways;
  });
  return always == 1 && embedding.use == ChannelSetting::Use::kAlways && embedding.quota == 0 &&
         embedding.weight == 0;
}

Recommender::Listing::Listing(const State& state, const Request& request)
    : s_(state),
      facts_(*state.facts),
      request_(request),
      ranking_(request.ranking != nullptr ? *request.ranking : default_ranking()) {
  for (const Seed& seed : request.seeds) {
    if (seed.weight > 0 && main_ == kNoRow) main_ = seed.row;
    if (!request.controls.same_series && seed.weight > 0 && facts_.series(seed.row) != 0)
      barred_series_.push_back(facts_.series(seed.row));
    const Row m = s_.to_model(seed.row);
    if (m == kNoRow) continue;
    if (s_.similarity->source(m) == model::Source::kNone) {
      like_nothing_ = true;
      continue;
    }
    known_.push_back(seed);
    positive_ = positive_ || seed.weight > 0;
    weights_ += std::max(0.0F, seed.weight);
  }
  bool rest = !barred_series_.empty() || request.rules != nullptr;
  allowed_.none_of(request.hidden);
  allowed_.without(request.controls.exclude);
  for (const FilterPtr& filter : request.controls.filters) {
    if (filter->uses_seed())
      rest = true;
    else
      allowed_.only(filter->marks());
  }
  if (rest) allowed_.also([this](Row row) { return allows(row, nullptr); });
  query_.seeds = request.seeds;
  query_.quota = request.size + request.offset;
  query_.allowed = &allowed_;
  query_.live = request.live;
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
  if (allowed_.excludes(row))
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
         !linear().neutral() || ranking_.remote != nullptr || !recalls_plainly() ||
         (request_.rules != nullptr && !request_.rules->empty());
}

// Points that a channel's first candidate gains.
float Recommender::Listing::weight_of(ChannelId channel) const {
  const Controls& c = request_.controls;
  if (channel == ChannelId::kTrending && c.trending > 0) return c.trending;
  if (channel == ChannelId::kRecentCoWatch && c.recent_co_watch > 0) return c.recent_co_watch;
  return ranking_.channel(channel).weight;
}

bool Recommender::Listing::recalls_plainly() const {
  const Controls& c = request_.controls;
  const bool asks = request_.live != nullptr && (c.trending > 0 || c.recent_co_watch > 0);
  return ranking_.plain_recall() && !asks;
}

std::vector<ChannelId> Recommender::Listing::asked_channels() {
  using Use = ChannelSetting::Use;
  const auto& wanted = request_.controls.channels;
  std::vector<ChannelId> asked;
  std::vector<ChannelId> usual;
  for (std::size_t i = 0; i < recall::kChannelNames.size(); ++i) {
    const auto id = static_cast<ChannelId>(i);
    const Use use = ranking_.channel(id).use;
    if (use == Use::kAlways) usual.push_back(id);
    if (std::find(wanted.begin(), wanted.end(), recall::channel_name(id)) == wanted.end()) continue;
    if (use == Use::kOff)
      answer_.degraded.push_back(
          fmt::format("channel {} is switched off", recall::channel_name(id)));
    else
      asked.push_back(id);
  }
  if (asked.empty()) asked = std::move(usual);
  const auto also = [&](ChannelId id, float points) {
    if (points > 0 && request_.live != nullptr && ranking_.channel(id).use != Use::kOff &&
        std::find(asked.begin(), asked.end(), id) == asked.end())
      asked.push_back(id);
  };
  also(ChannelId::kTrending, request_.controls.trending);
  also(ChannelId::kRecentCoWatch, request_.controls.recent_co_watch);
  return asked;
}

void Recommender::Listing::collect() {
  std::vector<ChannelId> asked = asked_channels();
  if (!positive_) {
    answer_.degraded.emplace_back(
        request_.seeds.empty() ? "no history that the model knows: popular items instead"
        : like_nothing_
            ? "nothing is known of this item that another one shares: popular items instead"
            : "the model does not know this item yet: placed by series, people and genre");
    asked = {ChannelId::kPeopleSeries, ChannelId::kGenre, ChannelId::kPopular};
  }
  answer_.asked = {};
  for (const ChannelId id : asked) ask(id);
  // Channels of recent events have nothing where there are none.
  if (merged_.items.empty() && std::all_of(asked.begin(), asked.end(), recall::is_live))
    ask(ChannelId::kEmbedding);
  // Where all that were asked fail the answer still comes.
  for (const ChannelId id : {ChannelId::kEmbedding, ChannelId::kPopular}) {
    if (answer_.failed == answer_.asked && !answer_.asked.contains(id)) ask(id);
  }
}

// A channel that fails is dropped, counted and said.
void Recommender::Listing::ask(ChannelId id) {
  recall::ChannelQuery query = query_;
  if (ranking_.channel(id).quota != 0) query.quota = ranking_.channel(id).quota;
  answer_.asked.add(id);
  std::string problem;
  try {
    auto found = s_.channel(id).recall(query);
    if (found && found->empty()) return;
    if (found) return merged_.add(id, std::move(*found));
    problem = found.error().message;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  answer_.failed.add(id);
  answer_.degraded.push_back(
      fmt::format("channel {} failed: {}", recall::channel_name(id), problem));
}

void Recommender::Listing::collect_by_vector() {
  by_vector_.assign(s_.inverse_lengths.size(), 0.0F);
  const auto& vector = request_.vector;
  const float length = std::sqrt(simd::dot(vector.data(), vector.data(), vector.size()));
  if (s_.vectors) s_.vectors->products(vector, by_vector_);
  TopK top(query_.quota);
  for (Row m = 0; m < by_vector_.size(); ++m) {
    by_vector_[m] *= s_.inverse_lengths[m] / std::max(1e-20F, length);
    const Row row = s_.alignment.to_catalog[m];
    if (row != kNoRow && by_vector_[m] >= top.threshold() && query_.allows(row))
      top.add(row, by_vector_[m]);
  }
  merged_.add(ChannelId::kEmbedding, top.take());
}

// The newest items speak for a long history; each votes with its nearest items in the table.
void Recommender::Listing::collect_by_history() {
  votes_.clear();
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
  merged_.add(ChannelId::kEmbedding, top.take());
}

// How alike the candidate is: exact, also for candidates of channels whose own scores mean
// something else.
void Recommender::Listing::find_match(Candidate& item) {
  const bool recalled = item.place != UINT32_MAX;
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
    const bool listed = known_.size() == 1 && recalled && merged_.by_embedding_alone(item.place);
    for (const Seed& seed : known_) {
      const float one =
          listed ? merged_.items[item.place].score : s_.similarity->score(s_.to_model(seed.row), m);
      const float weight = seed.weight > 0 ? seed.weight / weights_ : kNegativeWeight * seed.weight;
      similarity += weight * one;
      match += weight * s_.similarity->to_match(one);
    }
  } else if (recalled) {
    similarity = -static_cast<float>(merged_.channels(item.place)[0].rank);
  }
  item.similarity = similarity;
  item.match = std::clamp(match, 0.0F, 100.0F);
}

// One seed and the embedding channel, as most requests ask: recall has the similarities already.
bool Recommender::Listing::matched_by_recall() const {
  return by_vector_.empty() && votes_.empty() && positive_ && known_.size() == 1 &&
         merged_.by_embedding_alone() && candidates_.size() == merged_.items.size() &&
         request_.controls.pins.empty() && request_.rules == nullptr;
}

// The points of a candidate before the dial, boosts and rules: what the ranker gives, or the match,
// and what the channels that found it give.
float Recommender::Listing::points_of(const Candidate& item, float ranked) const {
  if (item.place == UINT32_MAX) return ranked;
  float points = ranked;
  for (const Provenance& p : merged_.channels(item.place))
    points += weight_of(p.channel) * 61 / static_cast<float>(60 + p.rank);
  return points;
}

// What a list is ordered by.
float Recommender::Listing::score(Row row, float points) const {
  const float adjusted = adjust(facts_, request_.controls, row, points);
  return request_.rules == nullptr ? adjusted : adjusted * request_.rules->factor(row, main_);
}

bool Recommender::Listing::needs_features() const {
  return request_.features || ranking_.remote != nullptr || !linear().neutral();
}

// Scores all candidates: by their features where there are weights or a remote ranker, which is
// asked with the best by match first; else by match.
void Recommender::Listing::rank() {
  const bool remote = ranking_.remote != nullptr;
  if (remote)
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const auto& a, const auto& b) { return a.match > b.match; });
  const bool by_features = remote || !linear().neutral();
  features_.clear();
  if (needs_features()) {
    features_.reserve(candidates_.size());
    for (const Candidate& item : candidates_) {
      Features& features = features_.emplace_back(features_of(facts_, main_, item.row));
      features.match = item.match;
      if (main_ != kNoRow) features.content = s_.content->cosine(main_, item.row);
    }
  }
  std::vector<float> ranked;
  if (by_features) ranked = *linear().score(features_, request_.trace);
  if (remote) {
    auto asked = ranking_.remote->score(features_, request_.trace);
    if (asked)
      ranked = std::move(*asked);
    else
      answer_.degraded.push_back(asked.error().message + ": ranked here");
  }
  const bool channel_weights = !recalls_plainly();
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    Candidate& item = candidates_[i];
    float points = by_features ? ranked[i] : item.match;
    if (channel_weights) points = points_of(item, points);
    item.adjusted = score(item.row, points);
  }
}

// Pins first, each item once, all scored.
void Recommender::Listing::collect_candidates() {
  candidates_.clear();
  candidates_.reserve(merged_.items.size() + request_.controls.pins.size());
  const auto pinned = [&](Row row) {
    return std::any_of(candidates_.begin(), candidates_.end(),
                       [&](const Candidate& item) { return item.pinned && item.row == row; });
  };
  const auto pin = [&](const std::vector<Row>& rows) {
    for (const Row row : rows) {
      if (!pinned(row) && query_.allows(row)) candidates_.push_back({.row = row, .pinned = true});
    }
  };
  pin(request_.controls.pins);
  if (request_.rules != nullptr) pin(request_.rules->pins(main_));
  const bool any_pin = !candidates_.empty();
  for (std::size_t i = 0; i < merged_.items.size(); ++i) {
    const Row row = merged_.items[i].row;
    if (!any_pin || !pinned(row))
      candidates_.push_back({.row = row, .place = static_cast<std::uint32_t>(i)});
  }
  if (matched_by_recall()) {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      candidates_[i].similarity = merged_.items[i].score;
      candidates_[i].match =
          std::clamp(s_.similarity->to_match(candidates_[i].similarity), 0.0F, 100.0F);
    }
  } else {
    for (Candidate& item : candidates_) find_match(item);
  }
  const float least = request_.controls.min_match;
  if (least > 0)
    std::erase_if(candidates_,
                  [&](const Candidate& item) { return !item.pinned && item.match < least; });
  rank();
}

std::vector<std::uint32_t> Recommender::Listing::order(std::size_t wanted) {
  collect_candidates();
  return order_list(facts_, candidates_, caps(), request_.controls.diversity, wanted);
}

ScoredItem Recommender::Listing::finished(std::uint32_t at) const {
  const Candidate& from = candidates_[at];
  ScoredItem item;
  item.row = from.row;
  item.similarity = from.similarity;
  item.match = from.match;
  item.source = s_.source_of(from.row, answer_.seed_source);
  item.adjusted = from.adjusted;
  item.pinned = from.pinned;
  if (from.place != UINT32_MAX && (answer_.asked.size() != 1 || !positive_))
    item.channels = merged_.channels(from.place);
  if (!features_.empty()) item.features = features_[at];
  return item;
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

void Recommender::Listing::collect_all() {
  if (!request_.vector.empty())
    collect_by_vector();
  else if (known_.size() > kHistory)
    collect_by_history();
  else
    collect();
}

Answer Recommender::Listing::answer() {
  const auto began = Clock::now();
  const Row seed = main_ == kNoRow ? kNoRow : s_.to_model(main_);
  if (main_ != kNoRow)
    answer_.seed_source = seed == kNoRow ? model::Source::kContent : s_.similarity->source(seed);
  collect_all();
  auto recalled = Clock::now();
  answer_.recall_time = recalled - began;
  const std::size_t wanted = request_.size + request_.offset;
  auto list = order(wanted);
  // Caps may leave too few of the usual candidates: then of many more.
  if (list.size() < wanted && caps().any() && Clock::now() < query_.deadline) {
    query_.quota = std::max(kCapped, 10 * query_.quota);
    query_.enough = query_.quota;
    merged_ = {};
    answer_.degraded.clear();
    collect_all();
    answer_.recall_time += Clock::now() - recalled;
    recalled = Clock::now();
    list = order(wanted);
  }
  if (list.size() < wanted) {
    if (Clock::now() >= query_.deadline)
      answer_.degraded.emplace_back("the time budget was used up before an exact search");
    answer_.is_short = true;
    answer_.degraded.push_back(fmt::format(
        "only {} items {}", list.size(),
        request_.controls.min_match > 0 ? "reach the minimum match" : "meet all conditions"));
  }
  answer_.items.reserve(list.size() - std::min(list.size(), request_.offset));
  for (std::size_t i = request_.offset; i < list.size(); ++i)
    answer_.items.push_back(finished(list[i]));
  answer_.rank_time = Clock::now() - recalled;
  return std::move(answer_);
}

ScoredItem Recommender::Listing::behind_list(Row item, std::size_t& ahead, std::size_t& ranked) {
  query_.quota = std::min(kExplained, facts_.size());
  query_.enough = query_.quota;
  merged_ = {};
  answer_ = {};
  collect_all();
  const bool found = std::any_of(merged_.items.begin(), merged_.items.end(),
                                 [&](const Neighbor& n) { return n.row == item; });
  if (!found) merged_.add(ChannelId::kGenre, {{item, 0}});
  collect_candidates();
  ranked = candidates_.size();
  const auto at = std::find_if(candidates_.begin(), candidates_.end(),
                               [&](const Candidate& c) { return c.row == item; });
  if (at == candidates_.end()) {  // below the minimum match
    Candidate alone{.row = item};
    find_match(alone);
    alone.adjusted = score(item, alone.match);
    candidates_.push_back(alone);
    ahead = ranked;
    features_.clear();
    return finished(static_cast<std::uint32_t>(ranked));
  }
  ahead = static_cast<std::size_t>(
      std::count_if(candidates_.begin(), candidates_.end(), [&](const Candidate& c) {
        return c.row != item && (c.pinned || c.adjusted > at->adjusted ||
                                 (c.adjusted == at->adjusted && c.similarity > at->similarity));
      }));
  return finished(static_cast<std::uint32_t>(at - candidates_.begin()));
}

std::vector<Provenance> Recommender::Listing::provenance_of(Row item) const {
  constexpr std::size_t kDepth = 200;
  const Seed seed{main_, 1};
  std::vector<Provenance> all;
  for (std::size_t i = 0; i < recall::kChannelNames.size(); ++i) {
    Provenance p{static_cast<ChannelId>(i), 0, 0};
    const auto found = s_.channel(p.channel).recall(
        {.seeds = {&seed, 1}, .quota = kDepth, .allowed = &allowed_, .live = query_.live});
    for (std::size_t r = 0; found && r < found->size(); ++r) {
      if ((*found)[r].row == item)
        p = {p.channel, static_cast<std::uint32_t>(r + 1), (*found)[r].score};
    }
    all.push_back(p);
  }
  return all;
}

}  // namespace sparrow::rank
