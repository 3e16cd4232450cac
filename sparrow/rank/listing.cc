// collect() finds candidates, score() and rank() judge them, answer() orders them.
#include "sparrow/rank/listing.h"

#include <algorithm>
#include <bit>
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
         channels.empty() && budget.count() == 0;
}

Ranking::Ranking() : channels(Recommender::channel_names().size()) {
  channels[0].use = ChannelSetting::Use::kAlways;
}

bool Ranking::plain_recall() const {
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const bool asked = channels[c].use == ChannelSetting::Use::kAlways;
    if (asked != (c == 0) || (asked && (channels[c].quota != 0 || channels[c].weight != 0)))
      return false;
  }
  return true;
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
    if (s_.to_model(seed.row) == kNoRow) continue;
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
         !linear().neutral() || ranking_.remote != nullptr || !ranking_.plain_recall() ||
         (request_.rules != nullptr && !request_.rules->empty());
}

std::vector<std::uint8_t> Recommender::Listing::asked_channels() {
  using Use = ChannelSetting::Use;
  const auto& names = channel_names();
  const auto& wanted = request_.controls.channels;
  std::vector<std::uint8_t> asked;
  std::vector<std::uint8_t> usual;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Use use = ranking_.channels[i].use;
    if (use == Use::kAlways) usual.push_back(static_cast<std::uint8_t>(i));
    if (std::find(wanted.begin(), wanted.end(), names[i]) == wanted.end()) continue;
    if (use == Use::kOff)
      answer_.degraded.push_back(fmt::format("channel {} is switched off", names[i]));
    else
      asked.push_back(static_cast<std::uint8_t>(i));
  }
  return asked.empty() ? usual : asked;
}

void Recommender::Listing::collect() {
  std::vector<std::uint8_t> asked = asked_channels();
  if (!positive_) {
    answer_.degraded.emplace_back(
        request_.seeds.empty()
            ? "no history that the model knows: popular items instead"
            : "the model does not know this item yet: placed by series, people and genre");
    asked = {3, 4, 5};
  }
  answer_.asked = 0;
  for (const std::uint8_t index : asked) ask(index);
  // Where all that were asked fail the answer still comes.
  constexpr std::uint8_t kEmbedding = 0;
  constexpr std::uint8_t kPopular = 5;
  for (const std::uint8_t index : {kEmbedding, kPopular}) {
    const bool again = (answer_.asked >> index & 1U) != 0;
    if (answer_.failed == answer_.asked && !again) ask(index);
  }
}

// A channel that fails is dropped, counted and said.
void Recommender::Listing::ask(std::uint8_t index) {
  recall::ChannelQuery query = query_;
  if (ranking_.channels[index].quota != 0) query.quota = ranking_.channels[index].quota;
  answer_.asked |= 1U << index;
  std::string problem;
  try {
    auto found = s_.channel(index).recall(query);
    if (found) return merged_.add(index, std::move(*found));
    problem = found.error().message;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  answer_.failed |= 1U << index;
  answer_.degraded.push_back(fmt::format("channel {} failed: {}", channel_names()[index], problem));
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
  merged_.add(0, top.take());
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
  merged_.add(0, top.take());
}

// Exact, also for candidates of channels whose own scores mean something else.
void Recommender::Listing::score(Candidate& item) {
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
  item.adjusted = adjust(facts_, request_.controls, item.row, match);
  if (request_.rules != nullptr) item.adjusted *= request_.rules->factor(item.row, main_);
}

// One seed, the embedding channel, the dial: what most requests ask for.
bool Recommender::Listing::scored_by_recall() const {
  const Controls& c = request_.controls;
  return by_vector_.empty() && votes_.empty() && positive_ && known_.size() == 1 &&
         merged_.by_embedding_alone() && candidates_.size() == merged_.items.size() &&
         c.pins.empty() && c.boosts.empty() && request_.rules == nullptr;
}

// As score(), without looking anything up twice.
void Recommender::Listing::score_found() {
  const model::Similarity& similarity = *s_.similarity;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    Candidate& item = candidates_[i];
    item.similarity = merged_.items[i].score;
    const float match = similarity.to_match(item.similarity);
    item.match = std::clamp(match, 0.0F, 100.0F);
    item.adjusted = adjust(facts_, request_.controls, item.row, match);
  }
}

float Recommender::Listing::channel_points(const Provenances& channels) const {
  float points = 0;
  for (const Provenance& p : channels)
    points += ranking_.channels[p.channel].weight * 61 / static_cast<float>(60 + p.rank);
  return points;
}

bool Recommender::Listing::needs_features() const {
  return request_.features || ranking_.remote != nullptr || !linear().neutral();
}

// Scores by features, where there are weights or a remote ranker; the remote one is asked with the
// best by match first.
void Recommender::Listing::rank() {
  const bool remote = ranking_.remote != nullptr;
  if (remote)
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const auto& a, const auto& b) { return a.match > b.match; });
  const bool used = remote || !linear().neutral();
  features_.clear();
  if (needs_features()) {
    features_.reserve(candidates_.size());
    for (const Candidate& item : candidates_) {
      features_.push_back(features_of(facts_, main_, item.row));
      features_.back().values[0] = item.match;
      if (main_ != kNoRow) features_.back().values[2] = s_.content->cosine(main_, item.row);
    }
  }
  if (!used && ranking_.plain_recall()) return;
  auto scores = used ? *linear().score(features_) : std::vector<float>{};
  if (remote) {
    auto asked = ranking_.remote->score(features_);
    if (asked)
      scores = std::move(*asked);
    else
      answer_.degraded.push_back(asked.error().message + ": ranked here");
  }
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    Candidate& item = candidates_[i];
    const float gained =
        item.place == UINT32_MAX ? 0.0F : channel_points(merged_.channels(item.place));
    const float points = (used ? scores[i] : item.match) + gained;
    item.adjusted = adjust(facts_, request_.controls, item.row, points);
    if (request_.rules != nullptr) item.adjusted *= request_.rules->factor(item.row, main_);
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
  if (scored_by_recall())
    score_found();
  else
    for (Candidate& item : candidates_) score(item);
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
  if (from.place != UINT32_MAX && (std::popcount(answer_.asked) != 1 || !positive_))
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

}  // namespace sparrow::rank
