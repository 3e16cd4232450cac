// Embeddings with side information, EGES (Wang et al., KDD 2018): an item's vector is the
// softmax-attention-weighted sum of its id's embedding and those of its genres, tags, people and
// decade. train_side_info() is the function that matters.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/catalog.h"
#include "sparrow/data/sequences.h"
#include "sparrow/embed/random_walk.h"

namespace sparrow::embed {

struct SideInfoOptions {
  std::size_t dim = 64;
  std::size_t window = 5;
  std::size_t negatives = 5;
  float negative_exponent = 0.75F;
  std::size_t epochs = 8;
  float learning_rate = 0.1F;  // falls linearly
  float min_learning_rate = 1e-4F;
  std::uint32_t min_count = 5;  // rarer items have side information only
  std::uint32_t min_items = 3;  // tags and people of fewer items are left out
  // Share of windows in which the id stays out, so that side information alone learns to place an
  // item (DropoutNet; Volkovs et al. 2017). EGES itself has none.
  float id_dropout = 0.2F;
  WalkOptions walks{.graph_window = 1, .walks_per_node = 5, .walk_length = 20};
  std::uint64_t seed = 1;
};

// Which features each item has, slot by slot.
struct SideFeatures {
  static constexpr std::size_t kSlots = 4;  // genres, tags and keywords, people, decade
  std::vector<std::uint32_t> offsets{0};    // items * kSlots + 1
  std::vector<std::uint32_t> features;      // ascending inside a slot
  std::size_t count = 0;                    // of different features

  std::span<const std::uint32_t> slot(Row row, std::size_t s) const {
    const std::size_t at = row * kSlots + s;
    return {features.data() + offsets[at], features.data() + offsets[at + 1]};
  }
};
SideFeatures side_features(const data::Catalog& catalog, std::uint32_t min_items);

struct SideInfoResult {
  Embeddings vectors;  // items x dim; zero rows: neither frequent enough nor any side information
  // Mean attention of the items that have the slot: id, then the slots of SideFeatures.
  std::array<double, SideFeatures::kSlots + 1> attention{};
  std::vector<double> epoch_loss;  // mean -ln likelihood of a pair
  std::uint64_t pairs = 0;
  double seconds = 0;
};

// Skip-gram with negative sampling over random walks on the graph of frequent items. A slot's
// embedding is the mean of its features'. Items without an id get the mean attention of those with
// one. One thread: equal seeds give equal bytes.
// cost    O(epochs * walks * length * window * negatives * dim).
// Errors: kInvalidInput when fewer than two items are frequent enough; kUnavailable when cancelled.
Result<SideInfoResult> train_side_info(const data::Sequences& sequences,
                                       const SideFeatures& features, const SideInfoOptions& options,
                                       const RunControl& control);

}  // namespace sparrow::embed
