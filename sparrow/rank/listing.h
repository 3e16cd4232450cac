// Recommender::State: what a Recommender holds. Recommender::Listing: the work of one request.
// Private to recommender.cc and listing.cc.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sparrow/model/views.h"
#include "sparrow/rank/list_order.h"
#include "sparrow/rank/recommender.h"
#include "sparrow/recall/embedding_channel.h"
#include "sparrow/recall/fact_channels.h"
#include "sparrow/recall/live_signals.h"

namespace sparrow::rank {

inline constexpr std::size_t kHistorySeeds = 50;  // the newest of a history are asked
inline constexpr std::size_t kVotes = 200;        // nearest items of each of them

const Ranking& default_ranking();

struct Recommender::State {
  State(const data::Catalog& items, const model::Model& m, const recall::ItemFacts* f)
      : catalog(items), model(m), facts(f), alignment(items, m) {}

  const data::Catalog& catalog;
  const model::Model& model;
  const recall::ItemFacts* facts;
  recall::Alignment alignment;
  std::unique_ptr<model::Similarity> similarity;
  LinearRanker ranker;  // the model's weights
  std::unique_ptr<recall::NeighborSearch> search;
  double recall_at_10 = 1;                              // of the embedding channel
  const recall::EmbeddingChannel* embedding = nullptr;  // one of the channels
  const recall::ContentChannel* content = nullptr;      // likewise; null without facts
  // By ChannelId; without facts there is the embedding alone.
  std::array<std::unique_ptr<recall::Channel>, recall::kChannelNames.size()> channels;
  std::vector<Row> by_popularity;             // catalogue rows, most popular first
  std::optional<model::VectorsView> vectors;  // for requests by vector; model rows
  std::vector<float> inverse_lengths;         // of them

  const recall::Channel& channel(ChannelId id) const {
    return *channels[static_cast<std::size_t>(id)];
  }
  void add(std::unique_ptr<recall::Channel> channel) {
    channels[static_cast<std::size_t>(channel->id())] = std::move(channel);
  }
  Row to_model(Row row) const {
    return row < alignment.to_model.size() ? alignment.to_model[row] : kNoRow;
  }

  void sort_by_popularity() {
    const auto popularity = model::popularity_of(model);
    std::vector<Neighbor> sorted;
    for (Row m = 0; m < model.items.size(); ++m) {
      if (alignment.to_catalog[m] == kNoRow) continue;
      sorted.push_back(
          {alignment.to_catalog[m], popularity.empty() ? 0.0F : static_cast<float>(popularity[m])});
    }
    std::sort(sorted.begin(), sorted.end(), better);
    for (const Neighbor& n : sorted) by_popularity.push_back(n.row);
  }

  model::Source source_of(Row row, model::Source seed_source) const {
    const Row m = to_model(row);
    if (seed_source != model::Source::kBehavior) return seed_source;
    return m == kNoRow ? model::Source::kContent : similarity->source(m);
  }
  ScoredItem scored(const Neighbor& n, model::Source seed_source) const {
    ScoredItem item;
    item.row = n.row;
    item.similarity = n.score;
    item.match = similarity->to_match(n.score);
    item.adjusted = item.match;
    item.source = source_of(n.row, seed_source);
    return item;
  }
};

// Candidates of several channels, each once, in the order of the first that gave them. Where each
// channel had them is noted only once there are two: the first gives each item once.
class Merged {
 public:
  std::vector<Neighbor> items;  // with the score of the first channel

  void add(ChannelId channel, std::vector<Neighbor> found) {
    if (items.empty()) {
      first_ = channel;
      items = std::move(found);
      return;
    }
    if (channels_.empty()) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        index_.emplace(items[i].row, i);
        channels_.push_back(only_channel(i));
      }
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t at = index_.emplace(found[i].row, items.size()).first->second;
      if (at == items.size()) {
        items.push_back(found[i]);
        channels_.emplace_back();
      }
      channels_[at].push_back({channel, static_cast<std::uint32_t>(i + 1), found[i].score});
    }
  }
  Provenances channels(std::size_t place) const {
    return channels_.empty() ? only_channel(place) : channels_[place];
  }
  // Whether the embedding alone gave all items.
  bool by_embedding_alone() const { return channels_.empty() && first_ == ChannelId::kEmbedding; }
  // Whether the embedding alone gave this item, and with it its similarity.
  bool by_embedding_alone(std::size_t place) const {
    return channels_.empty() ? first_ == ChannelId::kEmbedding
                             : channels_[place].size() == 1 &&
                                   channels_[place][0].channel == ChannelId::kEmbedding;
  }

 private:
  Provenances only_channel(std::size_t place) const {
    Provenances one;
    one.push_back({first_, static_cast<std::uint32_t>(place + 1), items[place].score});
    return one;
  }

  ChannelId first_ = ChannelId::kEmbedding;
  std::vector<Provenances> channels_;           // of items, once there are two channels
  std::unordered_map<Row, std::size_t> index_;  // row -> place, likewise
};

// The work of one request: collect candidates, score them exactly, order them.
class Recommender::Listing {
 public:
  Listing(const State& state, const Request& request);

  Row main_seed() const { return main_; }
  // Whether the item may stand in the list; `why` (may be null) gets the reason if not.
  bool allows(Row row, std::string* why) const;
  const recall::Allowed& allowed() const { return allowed_; }
  Answer answer();
  // After answer(): where the item stands behind the list, by the score of the list, and what it
  // scores. `ahead`: items that score more.
  ScoredItem behind_list(Row item, std::size_t& ahead, std::size_t& ranked);
  // Where each channel has the item for the main seed among its first 200.
  std::vector<Provenance> provenance_of(Row item) const;

 private:
  bool reorders() const;
  void collect_all();
  void collect();
  void ask(ChannelId channel);
  void collect_by_vector();
  void collect_by_history();
  void find_match(Candidate& item);
  float weight_of(ChannelId channel) const;
  bool recalls_plainly() const;
  float points_of(const Candidate& item, float ranked) const;
  float score(Row row, float points) const;
  bool matched_by_recall() const;
  void collect_candidates();
  std::vector<std::uint32_t> order(std::size_t wanted);
  ScoredItem finished(std::uint32_t at) const;
  Caps caps() const;
  const LinearRanker& linear() const { return ranking_.weights ? *ranking_.weights : s_.ranker; }
  std::vector<ChannelId> asked_channels();
  bool needs_features() const;
  void rank();

  const State& s_;
  const recall::ItemFacts& facts_;
  const Request& request_;
  const Ranking& ranking_;
  std::vector<std::uint32_t> barred_series_;
  Row main_ = kNoRow;
  std::vector<Seed> known_;    // seeds that the model knows
  bool positive_ = false;      // one of them is to be like
  bool like_nothing_ = false;  // a seed shares nothing with any item
  float weights_ = 0;          // of the positive ones
  recall::Allowed allowed_;
  recall::ChannelQuery query_;
  Merged merged_;
  std::vector<Candidate> candidates_;
  std::vector<Features> features_;        // of candidates_, where they are used or wanted
  std::vector<float> by_vector_;          // cosine with the request's vector, model rows
  std::unordered_map<Row, float> votes_;  // of a history
  Answer answer_;
};

}  // namespace sparrow::rank
