// Recommender: candidate pool -> recall -> ranking -> answer. The one object that the server, the
// command line and the evaluation all call, so an offline number describes the served system.
//
// similar() is the plain list of one item. recommend() takes any seeds and all controls; without
// controls both give the same list.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"
#include "sparrow/rank/filter.h"
#include "sparrow/rank/ranker.h"
#include "sparrow/rank/rules.h"
#include "sparrow/recall/channel.h"
#include "sparrow/recall/item_facts.h"
#include "sparrow/recall/neighbor_search.h"

namespace sparrow::rank {

using recall::ChannelId;
using recall::Seed;

struct SimilarRequest {
  Row seed = kNoRow;         // catalogue row
  std::size_t size = 20;     // 1..1000
  std::size_t offset = 0;    // paging: skip this many
  std::vector<Row> exclude;  // catalogue rows never to answer with; the seed is always excluded
  std::span<const std::uint8_t> hidden;  // see Request
};

// What one request may change about its list.
struct Controls {
  float popularity = 0;  // -1..1: less known items first .. better known first
  float diversity = 0;   // 0..1: maximal marginal relevance (Carbonell & Goldstein 1998)
  float min_match = 0;   // 0..100: shorter lists instead of filler
  std::vector<FilterPtr> filters;
  std::vector<Row> exclude;
  std::vector<Row> pins;  // first, in this order, where they are allowed
  std::vector<Boost> boosts;
  Caps caps;
  bool same_series = true;            // false: without films of a seed's series
  std::vector<std::string> channels;  // which to ask; empty: embedding
  // Above 0 the channels of recent events are asked too, and their first candidate gains so many
  // points (ChannelSetting::weight).
  float trending = 0;
  float recent_co_watch = 0;
  std::chrono::microseconds budget{0};  // 0: none. When it is used up, no exact search is begun

  bool plain() const;  // nothing is set
};

// How a channel takes part.
struct ChannelSetting {
  enum class Use { kOff, kOnRequest, kAlways };  // kAlways: also where a request names no channels
  Use use = Use::kOnRequest;
  std::size_t quota = 0;  // candidates at most; 0: what the list needs
  // Points that the channel's first candidate gains; the r-th gains weight * 61 / (60 + r)
  // (reciprocal rank fusion, Cormack et al. 2009).
  float weight = 0;
};

// What the configuration says of recall and ranking.
struct Ranking {
  std::array<ChannelSetting, recall::kChannelNames.size()> channels =
      only_embedding();                  // by ChannelId
  std::optional<LinearRanker> weights;   // else the model's, else match alone
  std::shared_ptr<const Ranker> remote;  // asked first, when there is one

  const ChannelSetting& channel(ChannelId id) const {
    return channels[static_cast<std::size_t>(id)];
  }
  bool plain_recall() const;  // the embedding channel alone, without quota or weight
  static std::array<ChannelSetting, recall::kChannelNames.size()> only_embedding();
};

// Channels, as bits.
class ChannelSet {
 public:
  void add(ChannelId id) { bits_ |= 1U << static_cast<unsigned>(id); }
  bool contains(ChannelId id) const { return (bits_ >> static_cast<unsigned>(id) & 1U) != 0; }
  bool empty() const { return bits_ == 0; }
  std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }
  bool operator==(const ChannelSet&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

struct Request {
  std::vector<Seed> seeds;    // catalogue rows; more than 5 are taken as a history
  std::vector<float> vector;  // a point in the model's space instead of seeds
  Controls controls;
  std::size_t size = 20;
  std::size_t offset = 0;
  // 1: may not be shown now (candidate pool); one byte a catalogue row, or empty.
  std::span<const std::uint8_t> hidden;
  const Rules* rules = nullptr;
  const Ranking* ranking = nullptr;           // null: the default
  const recall::LiveSignals* live = nullptr;  // of recent events; null: none
  bool features = false;                      // ScoredItem::features are wanted
  float explore = 0;       // share of lists that explore() changes; the caller does it
  std::string_view trace;  // for Ranker::score
};

// Where a channel had an item.
struct Provenance {
  ChannelId channel = ChannelId::kEmbedding;
  std::uint32_t rank = 0;  // from 1
  float score = 0;         // the channel's own
};

// At most one a channel; needs no memory of its own, since every candidate has one of these.
class Provenances {
 public:
  void push_back(const Provenance& p) {
    SPARROW_CHECK(size_ < places_.size());
    places_[size_++] = p;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  const Provenance& operator[](std::size_t i) const { return places_[i]; }
  const Provenance* begin() const { return places_.data(); }
  const Provenance* end() const { return places_.data() + size_; }

 private:
  std::array<Provenance, recall::kChannelNames.size()> places_;
  std::uint8_t size_ = 0;
};

struct ScoredItem {
  Row row = kNoRow;      // catalogue row
  float similarity = 0;  // raw, as Similarity has it
  float match = 0;       // 0..100, comparable between seeds
  model::Source source =
      model::Source::kBehavior;  // kContent: this neighbour, or the seed, is placed by content
  float adjusted = 0;            // match with dial and boosts: what the list is ordered by
  bool pinned = false;
  Provenances channels;              // only where several channels were asked
  std::optional<Features> features;  // only when asked for, or used
};

struct Answer {
  std::vector<ScoredItem> items;  // best first
  model::Source seed_source = model::Source::kBehavior;
  std::vector<std::string> degraded;  // what could not be done, in words; empty: nothing
  bool is_short =
      false;  // fewer items than asked meet all conditions; the last of degraded says it
  ChannelSet asked;
  ChannelSet failed;  // of those
  std::chrono::nanoseconds recall_time{0};
  std::chrono::nanoseconds rank_time{0};  // 0 where the list came straight from the model's table

  // Whether something failed or was done in another way than usual; a short list is not that.
  bool impaired() const { return degraded.size() > (is_short ? 1U : 0U); }
};

// Why an item stands where it does, or not at all, in a seed's list.
struct Explanation {
  ScoredItem item;
  std::size_t rank = 0;    // in the seed's whole list as controlled, from 1; 0: not allowed in it
  std::size_t ranked = 0;  // items in that list, at most kExplained and what the request asks for
  std::vector<model::Part> parts;    // of the similarity
  std::vector<Provenance> channels;  // rank 0: the channel did not have it among its first 200
  std::vector<std::string> why_not;  // empty: nothing is against it
};

inline constexpr std::size_t kExplained = 20'000;

// Immutable; safe for use by several threads.
class Recommender {
 public:
  // Aligns the model's items with the catalogue by id. Items that the model does not know get
  // kContent placement only if the model holds their content; the rest answer with `degraded`. All
  // arguments must outlive the recommender. Without facts only similar() and similarity() may be
  // called. `before` (only read here, may be null): an earlier state of the
  // same model, whose neighbor search is used again.
  static Result<std::unique_ptr<Recommender>> open(const data::Catalog& catalog,
                                                   const model::Model& model,
                                                   const recall::ItemFacts* facts = nullptr,
                                                   const Recommender* before = nullptr);
  ~Recommender();

  Answer similar(const SimilarRequest& request) const;
  // Without controls and with one seed: the list of similar(). O(size) when the model's table
  // reaches, else O(items * dim).
  Answer recommend(const Request& request) const;
  // What recommend() does with this item, and why: rank and score are those of its list. Items
  // behind the list are ranked by the same score among the kExplained nearest. O(items * dim).
  Explanation explain(const Request& request, Row item) const;
  // Served similarity of any two catalogue rows.
  float similarity(Row a, Row b) const;
  float match(Row a, Row b) const;  // 0..100
  // Asks for the memory that a list of this item will read; costs next to nothing.
  void prefetch(Row seed) const;
  // Whether the model knows the item.
  bool knows(Row row) const;
  std::size_t dim() const;

  const model::Manifest& manifest() const;
  // How neighbors are searched where the table does not reach, and what that costs here.
  const recall::SearchReport& search_report() const;
  // recall_at_10 of the embedding channel as served, measured on some items when opened.
  double recall_at_10() const;
  const model::Model& model() const;
  const data::Catalog& catalog() const;

 private:
  Recommender();
  struct State;
  class Listing;
  std::unique_ptr<State> state_;
};

}  // namespace sparrow::rank
