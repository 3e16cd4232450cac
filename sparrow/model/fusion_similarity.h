// FusionSimilarity: behavior and content in one symmetric similarity, freed of hubs.
// fusion_formula.h is the formula, fusion_search.cc finds the nearest by it, fusion_statistics.cc
// estimates what it knows of each item, embed/content_weight.h chooses its weight.
#pragma once

#include <memory>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/simd/fusion_kernel.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/fusion_formula.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::model {

// Rows (ascending) that statistics are estimated against. Items with behavior
// compete with those that have it as well; items without it compete with all.
struct FusionReference {
  std::vector<Row> behavior;
  std::vector<Row> all;
};

class FusionSimilarity final : public Similarity {
 public:
  // The model needs valid vectors and the tensors of a fusion; it must outlive this.
  explicit FusionSimilarity(const Model& model);

  std::size_t items() const override { return items_.size(); }
  Source source(Row row) const override {
    if (behavior_[row] != 0) return Source::kBehavior;
    return none_[row] != 0 ? Source::kNone : Source::kContent;
  }
  void scores(Row row, std::span<float> out) const override;
  float score(Row a, Row b) const override;
  const ContentMatrix& content() const override { return content_; }
  float to_match(float similarity) const override;
  // behavior (standardised), content (standardised cosine), their weighted shares, closeness,
  // popularity, mutual proximity.
  std::vector<Part> parts(Row a, Row b) const override;
  std::vector<Neighbor> nearest(Row row, std::size_t k,
                                std::span<const std::uint8_t> excluded) const override;
  std::vector<std::vector<Neighbor>> nearest_block(Row first, std::size_t count,
                                                   std::size_t k) const override;
  std::vector<std::vector<Neighbor>> nearest_among(std::span<const Row> rows,
                                                   std::span<const Row> among,
                                                   std::size_t k) const override;
  std::size_t space_dim(Space space) const override;
  void place(Row row, Space space, std::span<float> out) const override;

  // Estimates mean and deviation of S and L for every item against the rows
  // that it competes with. O(items * reference.size() * dim); equal for any
  // number of threads.
  std::span<const FusionItem> estimate_statistics(const FusionReference& reference,
                                                  std::size_t threads);
  // The same for one item, the others' staying as they are. O(reference.size()
  // * dim).
  FusionItem estimate_item(Row row, const FusionReference& reference) const;

  // Keeps the vectors in bytes as well (a quarter of their memory), so that nearest() needs the
  // exact products of few pairs: worth it where single lists are asked for. The lists stay the
  // same.
  void prepare_search();

  // For trying several content weights: they share what costs most, the products of vectors.
  void set_content_weight(float weight) { formula_.q.content_weight = weight; }
  // As estimate_statistics(), of similarities that differ in the content weight alone.
  static void estimate_statistics(std::span<FusionSimilarity> similarities,
                                  const FusionReference& reference, std::size_t threads);
  // Inner products and content cosines of each of `rows` with every item:
  // rows.size() x items. Inner products are written where both have a behavior
  // vector.
  void raw_rows(std::span<const Row> rows, std::span<float> inner, std::span<float> cosine) const;
  // As nearest(), from a row of each.
  std::vector<Neighbor> nearest_of(Row row, std::size_t k, std::span<const std::uint8_t> excluded,
                                   std::span<const float> inner,
                                   std::span<const float> cosine) const;

 private:
  // Rows of columns_, as the kernels want what they know of each item.
  enum Column : std::size_t {
    kKnownColumn,
    kRichnessColumn,
    kPopularityColumn,
    kMeanSColumn,
    kScaleSColumn,
    kMeanLColumn,
    kScaleLColumn,
    kColumns
  };
  static simd::FusionColumns columns_at(const Embeddings& columns);

  bool known(Row a, Row b) const { return behavior_[a] != 0 && behavior_[b] != 0; }
  float inner_product(Row a, Row b) const { return vectors_.dot(a, b); }
  bool comparable(Row a, Row b) const { return none_[a] == 0 && none_[b] == 0; }
  float fuse(Row a, Row b, float inner, float cosine) const;  // S
  float similarity(Row a, Row b, float inner, float cosine) const;
  float smaller_z(Row a, Row b, float inner, float cosine) const;
  void raw_row(Row row, std::span<float> inner, std::span<float> cosine) const;
  void set_items(std::vector<FusionItem> items);
  simd::FusionConstants constants() const;
  simd::FusionSeed seed(Row row) const;
  void smaller_z_of(Row row, std::span<const float> inner, std::span<const float> cosine,
                    std::span<const std::uint8_t> excluded, std::span<float> out) const;
  void bound_inner(Row row, std::span<float> inner) const;
  std::vector<Neighbor> nearest_by_bound(Row row, std::size_t k,
                                         std::span<const std::uint8_t> excluded) const;
  static void estimate_group(std::span<FusionSimilarity> similarities, std::span<const Row> rows,
                             std::span<const Row> reference, std::size_t threads);
  void shrink_by_evidence(FusionItem& item, Row row) const;
  struct Reference;
  // Row r of the vectors is scale[r] * bytes[r] and what is left, of length error[r].
  struct ByteVectors {
    std::size_t width = 0;                 // bytes a row; 0: there are none
    std::shared_ptr<std::int8_t[]> bytes;  // shared by copies
    std::vector<float> scale;
    std::vector<float> length;  // of scale * bytes
    std::vector<float> error;
  };

  FusionFormula formula_;
  std::vector<FusionItem> items_;
  std::vector<std::uint8_t> behavior_;
  std::vector<Row> known_;          // the rows with a behavior vector
  std::vector<std::uint8_t> none_;  // neither behavior nor content shared with any other item
  std::vector<Row> like_nothing_;   // the rows that none_ marks
  Embeddings columns_;              // of items_ and behavior_, for the kernels: kColumns x items
  ByteVectors coarse_;
  VectorsView vectors_;
  std::size_t dim_ = 0;
  ContentMatrix content_;
};

}  // namespace sparrow::model
