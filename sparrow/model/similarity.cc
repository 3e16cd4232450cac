#include "sparrow/model/similarity.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/schema.h"
#include "sparrow/model/views.h"

namespace sparrow::model {
namespace {

// Cosine or inner product of the vectors; where either item has none, the cosine of their content.
// A seed with a vector lists the items without one last: there the cosine is lowered by `offset_`.
class VectorSimilarity final : public Similarity {
 public:
  VectorSimilarity(const Model& model, Measure measure) : measure_(measure), content_(model) {
    const std::size_t n = model.items.size();
    const auto view = VectorsView::of(model);
    vectors_ = view ? view->all() : Embeddings(n, 0);
    known_.resize(n);
    for (std::size_t r = 0; r < n; ++r) {
      const auto v = vectors_.row(r);
      known_[r] = simd::dot(v.data(), v.data(), v.size()) > 0 ? 1 : 0;
    }
    if (measure_ == Measure::kCosine) normalize_rows(vectors_);
    if (measure_ == Measure::kInnerProduct) {
      for (std::size_t r = 0; r < n; ++r) {
        const auto v = vectors_.row(r);
        largest_ = std::max(largest_, simd::dot(v.data(), v.data(), v.size()));
      }
    }
    offset_ = largest_ + 2;
  }

  std::size_t items() const override { return vectors_.rows(); }
  // Without any vectors the model is one of content, and content is what it knows.
  Source source(Row row) const override {
    if (known_[row] != 0) return Source::kBehavior;
    return content_.alone(row) ? Source::kNone : Source::kContent;
  }

  void scores(Row row, std::span<float> out) const override {
    std::vector<float> cosine(items());
    content_.add_cosines(row, cosine);
    if (known_[row] != 0) {
      simd::dot_rows(vectors_.row(row).data(), vectors_.data(), items(), vectors_.dim(),
                     out.data());
    }
    for (Row j = 0; j < items(); ++j) {
      if (known_[row] == 0 || known_[j] == 0) out[j] = from_content(row, j, cosine[j]);
    }
    out[row] = largest_ + kAboveAll;
  }

  float score(Row a, Row b) const override {
    if (a == b) return largest_ + kAboveAll;
    if (known_[a] == 0 || known_[b] == 0) return from_content(a, b, content_.cosine(a, b));
    return simd::dot(vectors_.row(a).data(), vectors_.row(b).data(), vectors_.dim());
  }

  const ContentMatrix& content() const override { return content_; }

  // What is ranked last has at most kMatchOfLast, so that it stays last where a list is ordered by
  // match.
  float to_match(float similarity) const override {
    if (similarity < -1.001F * largest_)
      return kMatchOfLast * std::clamp(similarity + offset_, 0.0F, 1.0F);
    return 100 * std::clamp(similarity / largest_, 0.0F, 1.0F);
  }

  std::size_t space_dim(Space space) const override {
    if (space == Space::kBehavior) return vectors_.dim();
    return content_.empty() ? 0 : ContentMatrix::kSketch;
  }
  void place(Row row, Space space, std::span<float> out) const override {
    if (space == Space::kContent) return content_.sketch(row, out);
    const auto v = vectors_.row(row);
    std::copy(v.begin(), v.end(), out.begin());
  }

 private:
  static constexpr float kAboveAll = 1e-4F;
  static constexpr float kMatchOfLast = 1;

  float from_content(Row seed, Row other, float cosine) const {
    return known_[seed] != 0 && known_[other] == 0 ? cosine - offset_ : cosine;
  }

  Measure measure_;
  ContentMatrix content_;
  Embeddings vectors_;
  std::vector<std::uint8_t> known_;
  float largest_ = 1;  // no pair is above
  float offset_ = 3;
};

Error misfit(const Model& model, const std::string& what) {
  return {ErrorCode::kCorrupt,
          fmt::format("model {} {}: {}", model.manifest.name, model.manifest.version, what)};
}

}  // namespace

const char* source_name(Source source) {
  switch (source) {
    case Source::kBehavior:
      return "behavior";
    case Source::kContent:
      return "content";
    case Source::kNone:
      return "none";
  }
  return "none";
}

Result<std::unique_ptr<Similarity>> Similarity::open(const Model& model, Purpose purpose) {
  if (auto forms = check_forms(model); !forms) return misfit(model, forms.error().message);
  const bool has_vectors = VectorsView::of(model).has_value();
  if (model.find(tensor_name::kFusionItems) != nullptr) {
    const Tensor* parameters = model.find(tensor_name::kFusionParameters);
    if (!has_vectors || parameters == nullptr ||
        parameters->elements() != FusionParameters::kCount) {
      return misfit(model,
                    "its fusion tensors are not those of this version of Sparrow: train it again");
    }
    auto fused = std::make_unique<FusionSimilarity>(model);
    if (purpose == Purpose::kSingleLists) fused->prepare_search();
    return std::unique_ptr<Similarity>(std::move(fused));
  }
  if (!has_vectors && !ContentView::of(model))
    return misfit(model, "it has neither vectors nor content");
  const auto measure = model.manifest.options.value("measure", std::string("cosine"));
  return std::unique_ptr<Similarity>(std::make_unique<VectorSimilarity>(
      model, measure == "inner_product" ? Measure::kInnerProduct : Measure::kCosine));
}

std::vector<Neighbor> Similarity::nearest(Row row, std::size_t k,
                                          std::span<const std::uint8_t> excluded) const {
  if (source(row) == Source::kNone) return {};
  thread_local std::vector<float> out;
  out.resize(items());
  scores(row, out);
  TopK best(k);
  for (Row j = 0; j < items(); ++j) {
    if (j != row && (excluded.empty() || excluded[j] == 0)) best.add(j, out[j]);
  }
  return best.take();
}

std::vector<std::vector<Neighbor>> Similarity::nearest_block(Row first, std::size_t count,
                                                             std::size_t k) const {
  std::vector<std::vector<Neighbor>> lists;
  for (std::size_t i = 0; i < count; ++i)
    lists.push_back(nearest(first + static_cast<Row>(i), k, {}));
  return lists;
}

std::vector<std::vector<Neighbor>> Similarity::nearest_among(std::span<const Row> rows,
                                                             std::span<const Row> among,
                                                             std::size_t k) const {
  std::vector<std::vector<Neighbor>> lists(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (source(rows[i]) == Source::kNone) continue;
    TopK best(k);
    for (const Row j : among) {
      if (j != rows[i]) best.add(j, score(rows[i], j));
    }
    lists[i] = best.take();
  }
  return lists;
}

}  // namespace sparrow::model
