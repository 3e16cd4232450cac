// FusionSimilarity: behavior and content in one symmetric similarity, freed of hubs.
//
//   B_ij = z(<v_i, v_j>)                    behavior; v = concatenated unit blocks ("vectors")
//   C_ij = z(cos(content_i, content_j))     content
//   S_ij = (1 - c) B + c rho_i rho_j C + gamma max(B - t, 0) clamp(g + h C, 0, 1) - beta (p_i +
//   p_j) L_ij = mean of S_ij standardised by i's mean and deviation and by j's P_ij = Phi((L_ij -
//   mu_i) / sd_i) * Phi((L_ij - mu_j) / sd_j)      mutual proximity
//
// z(.) standardises over random pairs of items with behavior; rho^4 is an item's content richness
// (share of the block weights it really has); p its standardised ln popularity. The term with gamma
// lets pairs that are watched together far more than chance stand first, the more so where content
// agrees. Where an item has
// no behavior vector, B is its expectation given C (linear regression). The similarity is -log10(1
// - P): 3 means that one pair of items in a thousand is closer. Mutual proximity: Schnitzer et al.
// 2012, JMLR 13.
#pragma once

#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/simd/fusion_kernel.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/similarity.h"

namespace sparrow::model {

// Scalars of a fusion, kept as the float32 tensor "fusion.parameters" in this order.
struct FusionParameters {
  float content_weight = 0;      // c, 0..1
  float closeness_bonus = 0;     // gamma
  float popularity_penalty = 0;  // beta
  float behavior_mean = 0;       // of <v_i, v_j> over random pairs
  float behavior_deviation = 1;
  float content_mean = 0;
  float content_deviation = 1;
  float behavior_slope = 0;          // regression of B on C
  float closeness_threshold = 3;     // t
  float closeness_base = 0;          // g
  float closeness_agreement = 0.5F;  // h
  static constexpr std::size_t kCount = 11;
};

// Per item, a row of the float32 tensor "fusion.items".
struct FusionItem {
  float richness = 0;    // rho
  float popularity = 0;  // p
  float mean_s = 0;      // of S_ij over the reference items j
  float deviation_s = 1;
  float mean_l = 0;  // of L_ij
  float deviation_l = 1;
  static constexpr std::size_t kCount = 6;
};

class FusionSimilarity final : public Similarity {
 public:
  // The model needs valid "vectors", "fusion.parameters" and "fusion.items"; it must outlive this.
  explicit FusionSimilarity(const Model& model);

  std::size_t items() const override { return items_.size(); }
  Source source(Row row) const override {
    return behavior_[row] != 0 ? Source::kBehavior : Source::kContent;
  }
  void scores(Row row, std::span<float> out) const override;
  float score(Row a, Row b) const override;
  float to_match(float similarity) const override;
  // behavior (standardised), content (standardised cosine), their weighted shares, closeness,
  // popularity, mutual proximity.
  std::vector<Part> parts(Row a, Row b) const override;
  std::vector<Neighbor> nearest(Row row, std::size_t k,
                                std::span<const std::uint8_t> excluded) const override;
  std::vector<std::vector<Neighbor>> nearest_block(Row first, std::size_t count,
                                                   std::size_t k) const override;

  // Estimates mean and deviation of S and L for every item against `reference` rows (sorted), and
  // returns the items' tensor. O(items * reference.size() * dim); equal for any number of threads.
  Tensor estimate_statistics(std::span<const Row> reference, std::size_t threads);
  // The same for one item, the others' staying as they are. O(reference.size() * dim).
  FusionItem estimate_item(Row row, std::span<const Row> reference) const;

  // Keeps the vectors in bytes as well (a quarter of their memory), so that nearest() needs the
  // exact products of few pairs: worth it where single lists are asked for. The lists stay the
  // same.
  void prepare_search();

  // For trying several content weights: they share what costs most, the products of vectors.
  void set_content_weight(float weight) { parameters_.content_weight = weight; }
  // As estimate_statistics(), of similarities that differ in the content weight alone.
  static void estimate_statistics(std::span<FusionSimilarity> similarities,
                                  std::span<const Row> reference, std::size_t threads);
  // Inner products and content cosines of each of `rows` with every item: rows.size() x items.
  // Inner products are written where both have a behavior vector.
  void raw_rows(std::span<const Row> rows, std::span<float> inner, std::span<float> cosine) const;
  // As nearest(), from a row of each.
  std::vector<Neighbor> nearest_of(Row row, std::size_t k, std::span<const std::uint8_t> excluded,
                                   std::span<const float> inner,
                                   std::span<const float> cosine) const;

 private:
  float fuse(Row a, Row b, float inner, float cosine) const;  // S
  float standardized(Row a, Row b, float s) const;            // L
  float proximity(float za, float zb) const;                  // -log10(1 - P)
  float closeness(float behavior, float content) const;
  float similarity(Row a, Row b, float inner, float cosine) const;
  void raw_row(Row row, std::span<float> inner, std::span<float> cosine) const;
  void set_items(std::vector<FusionItem> items);
  simd::FusionConstants constants() const;
  simd::FusionSeed seed(Row row) const;
  float smaller_z(Row a, Row b, float inner, float cosine) const;
  void smaller_z_of(Row row, std::span<const float> inner, std::span<const float> cosine,
                    std::span<const std::uint8_t> excluded, std::span<float> out) const;
  void bound_inner(Row row, std::span<float> inner) const;
  std::vector<Neighbor> nearest_by_bound(Row row, std::size_t k,
                                         std::span<const std::uint8_t> excluded) const;
  struct Reference;
  // Row r of the vectors is scale[r] * bytes[r] and what is left, of length error[r].
  struct ByteVectors {
    std::size_t width = 0;  // bytes a row; 0: there are none
    std::vector<std::int8_t> bytes;
    std::vector<float> scale;
    std::vector<float> length;  // of scale * bytes
    std::vector<float> error;
  };

  FusionParameters parameters_;
  std::vector<FusionItem> items_;
  std::vector<std::uint8_t> behavior_;
  std::vector<Row> known_;  // the rows with a behavior vector
  Embeddings columns_;      // of items_ and behavior_, for the kernels: kColumns x items
  ByteVectors coarse_;
  const float* vectors_ = nullptr;
  std::size_t dim_ = 0;
  ContentMatrix content_;
};

}  // namespace sparrow::model
