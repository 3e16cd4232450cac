// train_side_info(): SideInfoTrainer::train_window() is the hot loop.
#include "sparrow/embed/side_info.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/data/item_graph.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kAll = SideFeatures::kSlots + 1;  // the id, then the slots
using Names = std::set<std::string>;

std::array<Names, SideFeatures::kSlots> names_of(const data::Item& item) {
  std::array<Names, SideFeatures::kSlots> slots;
  slots[0].insert(item.list(data::kGenres).begin(), item.list(data::kGenres).end());
  for (const auto& tag : item.tags) slots[1].insert(tag.tag);
  slots[1].insert(item.list(data::kKeywords).begin(), item.list(data::kKeywords).end());
  for (const auto& name : item.list(data::kDirectors)) slots[2].insert("d:" + name);
  for (const auto& name : item.list(data::kActors)) slots[2].insert("a:" + name);
  if (item.year > 0) slots[3].insert(std::to_string(item.year / 10));
  return slots;
}

// Sequences of frequent items only, so that walks pass over the rare ones.
data::Sequences frequent_only(const data::Sequences& sequences,
                              const std::vector<std::uint32_t>& counts, std::uint32_t min_count) {
  data::Sequences kept;
  for (std::size_t s = 0; s < sequences.count(); ++s) {
    for (std::uint64_t e = sequences.offsets[s]; e < sequences.offsets[s + 1]; ++e) {
      if (counts[sequences.items[e]] < min_count) continue;
      kept.items.push_back(sequences.items[e]);
      if (!sequences.weights.empty()) kept.weights.push_back(sequences.weights[e]);
    }
    kept.offsets.push_back(kept.items.size());
  }
  return kept;
}

std::vector<Row> negative_table(const std::vector<std::uint32_t>& counts, float exponent) {
  constexpr std::size_t kSize = 1 << 20;
  double total = 0;
  for (const std::uint32_t count : counts)
    total += count == 0 ? 0 : std::pow(count, static_cast<double>(exponent));
  std::vector<Row> table;
  table.reserve(kSize);
  double sum = 0;
  Row last = 0;
  for (Row row = 0; row < counts.size(); ++row) {
    if (counts[row] == 0) continue;
    last = row;
    sum += std::pow(counts[row], static_cast<double>(exponent));
    while (static_cast<double>(table.size()) < sum / total * kSize && table.size() < kSize)
      table.push_back(row);
  }
  table.resize(kSize, last);
  return table;
}

void fill_random(Embeddings& rows, Random& random) {
  float* values = rows.data();
  for (std::size_t i = 0; i < rows.rows() * rows.dim(); ++i)
    values[i] = static_cast<float>((random.uniform() - 0.5) / static_cast<double>(rows.dim()));
}

class SideInfoTrainer {
 public:
  SideInfoTrainer(const SideFeatures& features, std::vector<std::uint32_t> counts,
                  const SideInfoOptions& options)
      : features_(features),
        counts_(std::move(counts)),
        options_(options),
        negatives_(negative_table(counts_, options.negative_exponent)),
        ids_(counts_.size(), options.dim),
        sides_(features.count, options.dim),
        outputs_(counts_.size(), options.dim),
        attention_(counts_.size(), kAll),
        slots_(kAll, options.dim),
        hidden_(1, options.dim),
        gradient_(1, options.dim),
        random_(options.seed) {
    fill_random(ids_, random_);
    fill_random(sides_, random_);
  }

  bool train(const SequenceSource& source, const RunControl& control, SideInfoResult& result);
  void finish(SideInfoResult& result);

 private:
  enum class Id { kUsed, kLeftOut };

  void train_window(const std::vector<Row>& walk, std::size_t center, float rate);
  void train_output(Row output, float label, float rate);
  bool compose(Row row, Id id, std::span<const float> attention);
  void learn_item(Row row);

  const SideFeatures& features_;
  std::vector<std::uint32_t> counts_;  // 0: no id
  const SideInfoOptions& options_;
  std::vector<Row> negatives_;
  Embeddings ids_;
  Embeddings sides_;
  Embeddings outputs_;
  Embeddings attention_;  // items x kAll, before the softmax
  Embeddings slots_;      // of the item at hand: each slot's embedding
  Embeddings hidden_;     // its vector
  Embeddings gradient_;   // of the log likelihood by it
  std::array<float, kAll> share_{};
  Random random_;
  double loss_ = 0;
  std::uint64_t pairs_ = 0;
};

// Fills slots_, share_ and hidden_; false when the item has nothing at all.
bool SideInfoTrainer::compose(Row row, Id id, std::span<const float> attention) {
  std::fill_n(slots_.data(), kAll * options_.dim, 0.0F);
  std::fill_n(hidden_.data(), options_.dim, 0.0F);
  share_.fill(0);
  float sum = 0;
  if (id == Id::kUsed) {
    simd::axpy(1, ids_.row(row).data(), slots_.row(0).data(), options_.dim);
    sum += share_[0] = std::exp(attention[0]);
  }
  for (std::size_t s = 0; s < SideFeatures::kSlots; ++s) {
    const auto features = features_.slot(row, s);
    if (features.empty()) continue;
    const float part = 1.0F / static_cast<float>(features.size());
    for (const std::uint32_t f : features)
      simd::axpy(part, sides_.row(f).data(), slots_.row(s + 1).data(), options_.dim);
    sum += share_[s + 1] = std::exp(attention[s + 1]);
  }
  if (sum <= 0) return false;
  for (std::size_t s = 0; s < kAll; ++s) {
    share_[s] /= sum;
    if (share_[s] > 0) simd::axpy(share_[s], slots_.row(s).data(), hidden_.data(), options_.dim);
  }
  return true;
}

// One logistic regression: moves the output and adds to the gradient of the vector.
void SideInfoTrainer::train_output(Row output, float label, float rate) {
  float* out = outputs_.row(output).data();
  const float score = std::clamp(simd::dot(hidden_.data(), out, options_.dim), -15.0F, 15.0F);
  const float predicted = 1 / (1 + std::exp(-score));
  loss_ -= std::log(static_cast<double>(label > 0 ? predicted : 1 - predicted));
  const float error = rate * (label - predicted);
  simd::axpy(error, out, gradient_.data(), options_.dim);
  simd::axpy(error, hidden_.data(), out, options_.dim);
}

// Passes the gradient on: H = sum_s a_s W_s, so dW_s = a_s dH and, through the softmax,
// d(logit s) = a_s (dH . W_s - dH . H).
void SideInfoTrainer::learn_item(Row row) {
  const float along = simd::dot(gradient_.data(), hidden_.data(), options_.dim);
  auto attention = attention_.row(row);
  for (std::size_t s = 0; s < kAll; ++s) {
    if (share_[s] <= 0) continue;
    const float slot = simd::dot(gradient_.data(), slots_.row(s).data(), options_.dim);
    attention[s] = std::clamp(attention[s] + share_[s] * (slot - along), -5.0F, 5.0F);
  }
  if (share_[0] > 0) simd::axpy(share_[0], gradient_.data(), ids_.row(row).data(), options_.dim);
  for (std::size_t s = 0; s < SideFeatures::kSlots; ++s) {
    const auto features = features_.slot(row, s);
    if (features.empty()) continue;
    const float part = share_[s + 1] / static_cast<float>(features.size());
    for (const std::uint32_t f : features)
      simd::axpy(part, gradient_.data(), sides_.row(f).data(), options_.dim);
  }
}

void SideInfoTrainer::train_window(const std::vector<Row>& walk, std::size_t center, float rate) {
  const Row row = walk[center];
  const Id id =
      random_.uniform() < static_cast<double>(options_.id_dropout) ? Id::kLeftOut : Id::kUsed;
  if (!compose(row, id, attention_.row(row))) return;
  std::fill_n(gradient_.data(), options_.dim, 0.0F);
  const std::size_t reach = 1 + random_.below(static_cast<std::uint32_t>(options_.window));
  const std::size_t begin = center > reach ? center - reach : 0;
  const std::size_t end = std::min(walk.size(), center + reach + 1);
  for (std::size_t o = begin; o < end; ++o) {
    if (walk[o] == row) continue;
    train_output(walk[o], 1, rate);
    ++pairs_;
    for (std::size_t n = 0; n < options_.negatives; ++n) {
      const Row negative = negatives_[random_.below(static_cast<std::uint32_t>(negatives_.size()))];
      if (negative != walk[o]) train_output(negative, 0, rate);
    }
  }
  learn_item(row);
}

bool SideInfoTrainer::train(const SequenceSource& source, const RunControl& control,
                            SideInfoResult& result) {
  std::vector<std::uint32_t> order(source.count);
  std::vector<Row> walk;
  std::uint64_t done = 0;
  const std::uint64_t all = std::max<std::uint64_t>(1, source.count * options_.epochs);
  for (std::size_t epoch = 0; epoch < options_.epochs; ++epoch) {
    for (std::uint32_t s = 0; s < order.size(); ++s) order[s] = s;
    shuffle(order, random_);
    loss_ = 0;
    pairs_ = 0;
    for (const std::uint32_t s : order) {
      if (done % 256 == 0) {
        if (control.is_cancelled()) return false;
        control.report({"side-info", done, all, "walks",
                        pairs_ > 0 ? loss_ / static_cast<double>(pairs_) : 0});
      }
      const float progress = static_cast<float>(done++) / static_cast<float>(all);
      const float rate =
          std::max(options_.min_learning_rate, options_.learning_rate * (1 - progress));
      source.fill({&s, 1}, epoch, {&walk, 1});
      for (std::size_t c = 0; c < walk.size(); ++c) train_window(walk, c, rate);
    }
    result.pairs += pairs_;
    result.epoch_loss.push_back(loss_ / static_cast<double>(std::max<std::uint64_t>(1, pairs_)));
  }
  return true;
}

void SideInfoTrainer::finish(SideInfoResult& result) {
  std::array<double, kAll> logits{};
  double learned = 0;
  for (Row row = 0; row < counts_.size(); ++row) {
    if (counts_[row] == 0) continue;
    for (std::size_t s = 0; s < kAll; ++s) logits[s] += static_cast<double>(attention_.row(row)[s]);
    ++learned;
  }
  std::array<float, kAll> mean{};
  for (std::size_t s = 0; s < kAll; ++s) mean[s] = static_cast<float>(logits[s] / learned);
  std::array<double, kAll> having{};
  result.vectors = Embeddings(counts_.size(), options_.dim);
  for (Row row = 0; row < counts_.size(); ++row) {
    const bool warm = counts_[row] > 0;
    const auto attention = warm ? attention_.row(row) : std::span<float>(mean);
    if (!compose(row, warm ? Id::kUsed : Id::kLeftOut, attention)) continue;
    std::copy_n(hidden_.data(), options_.dim, result.vectors.row(row).begin());
    for (std::size_t s = 0; warm && s < kAll; ++s) {
      result.attention[s] += static_cast<double>(share_[s]);
      having[s] += share_[s] > 0 ? 1 : 0;
    }
  }
  for (std::size_t s = 0; s < kAll; ++s) result.attention[s] /= std::max(1.0, having[s]);
}

}  // namespace

SideFeatures side_features(const data::Catalog& catalog, std::uint32_t min_items) {
  std::array<std::map<std::string, std::uint32_t>, SideFeatures::kSlots> items;
  for (const data::Item& item : catalog.items()) {
    const auto slots = names_of(item);
    for (std::size_t s = 0; s < slots.size(); ++s) {
      for (const auto& name : slots[s]) ++items[s][name];
    }
  }
  SideFeatures result;
  std::array<std::map<std::string, std::uint32_t>, SideFeatures::kSlots> numbers;
  for (std::size_t s = 0; s < items.size(); ++s) {
    const bool open_ended = s == 1 || s == 2;  // anybody may add a tag or a person
    for (const auto& [name, count] : items[s]) {
      if (!open_ended || count >= min_items)
        numbers[s][name] = static_cast<std::uint32_t>(result.count++);
    }
  }
  for (const data::Item& item : catalog.items()) {
    const auto slots = names_of(item);
    for (std::size_t s = 0; s < slots.size(); ++s) {
      for (const auto& name : slots[s]) {
        const auto found = numbers[s].find(name);
        if (found != numbers[s].end()) result.features.push_back(found->second);
      }
      result.offsets.push_back(static_cast<std::uint32_t>(result.features.size()));
    }
  }
  return result;
}

Result<SideInfoResult> train_side_info(const data::Sequences& sequences,
                                       const SideFeatures& features, const SideInfoOptions& options,
                                       const RunControl& control) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t items = (features.offsets.size() - 1) / SideFeatures::kSlots;
  std::vector<std::uint32_t> counts(items, 0);
  for (const Row row : sequences.items) ++counts[row];
  const data::Sequences kept = frequent_only(sequences, counts, options.min_count);
  const data::ItemGraph graph =
      data::build_item_graph(kept, items, data::Direction::kUndirected, options.walks.graph_window);
  WalkOptions walks = options.walks;
  walks.seed = options.seed;
  const WalkSampler sampler(graph, walks);
  const SequenceSource source = sampler.source();
  if (source.count == 0)
    return Error{ErrorCode::kInvalidInput,
                 "no two items with enough positive interactions follow each other; lower "
                 "--min-count, or use a content method"};
  SideInfoResult result;
  SideInfoTrainer trainer(features, sampler.expected_counts(), options);
  if (!trainer.train(source, control, result))
    return Error{ErrorCode::kUnavailable, "cancelled; nothing was written"};
  trainer.finish(result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace sparrow::embed
