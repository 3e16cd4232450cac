// Recommender::State: what a Recommender holds. Recommender::Listing: the work of one request.
// Private to recommender.cc, listing.cc and explain.cc.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sparrow/model/views.h"
#include "sparrow/rank/list_order.h"
#include "sparrow/rank/recommender.h"
#include "sparrow/recall/embedding_channel.h"
#include "sparrow/recall/fact_channels.h"

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
  std::unique_ptr<recall::EmbeddingChannel> embedding;
  double recall_at_10 = 1;                               // of the embedding channel
  const recall::ContentChannel* content = nullptr;       // one of the others
  std::vector<std::unique_ptr<recall::Channel>> others;  // in the order of channel_names()
  std::vector<Row> by_popularity;                        // catalogue rows, most popular first
  std::optional<model::VectorsView> vectors;             // for requests by vector; model rows
  std::vector<float> inverse_lengths;                    // of them

  const recall::Channel& channel(std::size_t index) const {
    return index == 0 ? *embedding : *others[index - 1];
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

  void add(std::uint8_t channel, std::vector<Neighbor> found) {
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
  // Whether channel 0 alone gave all items.
  bool by_embedding_alone() const { return channels_.empty() && first_ == 0; }
  // Whether channel 0 alone gave this item, and with it its similarity.
  bool by_embedding_alone(std::size_t place) const {
    return channels_.empty() ? first_ == 0
                             : channels_[place].size() == 1 && channels_[place][0].channel == 0;
  }

 private:
  Provenances only_channel(std::size_t place) const {
    Provenances one;
    one.push_back({first_, static_cast<std::uint32_t>(place + 1), items[place].score});
    return one;
  }

  std::uint8_t first_ = 0;
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

 private:
  bool reorders() const;
  void collect_all();
  void collect();
  void ask(std::uint8_t channel);
  void collect_by_vector();
  void collect_by_history();
  void score(Candidate& item);
  bool scored_by_recall() const;
  void score_found();
  void collect_candidates();
  std::vector<std::uint32_t> order(std::size_t wanted);
  ScoredItem finished(std::uint32_t at) const;
  Caps caps() const;
  const LinearRanker& linear() const { return ranking_.weights ? *ranking_.weights : s_.ranker; }
  std::vector<std::uint8_t> asked_channels();
  bool needs_features() const;
  void rank();
  float channel_points(const Provenances& channels) const;

  const State& s_;
  const recall::ItemFacts& facts_;
  const Request& request_;
  const Ranking& ranking_;
  std::vector<std::uint32_t> barred_series_;
  Row main_ = kNoRow;
  std::vector<Seed> known_;  // seeds that the model knows
  bool positive_ = false;    // one of them is to be like
  float weights_ = 0;        // of the positive ones
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
