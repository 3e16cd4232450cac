#include "sparrow/embed/continue_training.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/data/sequences.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

using model::Model;

// former row -> row of the new catalog, or kNoRow.
std::vector<Row> rows_now(const Model& former, const data::Catalog& catalog) {
  std::vector<Row> rows;
  rows.reserve(former.items.size());
  for (const ItemId& id : former.items) {
    const auto row = catalog.find(id);
    rows.push_back(row ? *row : kNoRow);
  }
  return rows;
}

// The former vectors by rows of the new catalog; zero where there was none.
Embeddings vectors_now(const Model& former, const std::vector<Row>& now, std::size_t items) {
  const auto before = *model::VectorsView::of(former);
  Embeddings vectors(items, before.dim());
  for (std::size_t r = 0; r < now.size(); ++r) {
    if (now[r] != kNoRow) before.copy(static_cast<Row>(r), vectors.row(now[r]));
  }
  return vectors;
}

bool is_zero(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float v) { return v == 0; });
}

// Positives of the new events; known items take part however few they have.
std::vector<std::uint32_t> counts_of(const data::Sequences& sequences, const Embeddings& before,
                                     std::uint32_t min_count) {
  std::vector<std::uint32_t> counts(before.rows(), 0);
  for (const Row row : sequences.items) ++counts[row];
  for (Row row = 0; row < counts.size(); ++row) {
    if (counts[row] > 0 && !is_zero(before.row(row)))
      counts[row] = std::max(counts[row], min_count);
  }
  return counts;
}

// Popularity of all events so far.
void add_popularity(const Model& former, const std::vector<Row>& now, Model& model) {
  const auto counts = model::popularity_of(former);
  if (counts.empty()) return;
  const auto fresh = model::popularity_of(model);
  std::vector<std::uint32_t> sum(fresh.begin(), fresh.end());
  for (std::size_t r = 0; r < now.size(); ++r) {
    if (now[r] != kNoRow) sum[now[r]] += counts[r];
  }
  set_popularity(model, sum);
}

// How many of each item's ten nearest stayed, over items with a vector in both.
void measure_drift(const Model& former, const std::vector<Row>& now, const Embeddings& before,
                   ContinuedModel& result) {
  const auto old_table = model::NeighborTable::of(former);
  const auto new_table = model::NeighborTable::of(result.model);
  if (!old_table || !new_table) return;
  const std::size_t old_k = old_table->per_item;
  const std::size_t new_k = new_table->per_item;
  const std::size_t wanted = std::min({std::size_t{10}, old_k, new_k});
  if (wanted == 0) return;
  const auto old_rows = old_table->rows;
  const auto new_rows = new_table->rows;
  const auto popularity = model::popularity_of(result.model);
  double sum = 0;
  std::vector<std::pair<std::size_t, Row>> stayed_of;
  for (std::size_t r = 0; r < now.size(); ++r) {
    if (now[r] == kNoRow || is_zero(before.row(now[r]))) continue;
    const auto list = new_rows.subspan(now[r] * new_k, wanted);
    std::size_t stayed = 0;
    for (std::size_t i = 0; i < wanted; ++i) {
      const Row other = old_rows[r * old_k + i];
      if (other != kNoRow && now[other] != kNoRow)
        stayed += std::find(list.begin(), list.end(), now[other]) != list.end() ? 1U : 0U;
    }
    sum += static_cast<double>(stayed) / static_cast<double>(wanted);
    result.lists_mostly_new += 2 * stayed < wanted ? 1U : 0U;
    stayed_of.emplace_back(stayed, now[r]);
  }
  if (stayed_of.empty()) return;
  result.mean_overlap_at_10 = sum / static_cast<double>(stayed_of.size());
  const auto shown = static_cast<std::ptrdiff_t>(std::min<std::size_t>(5, stayed_of.size()));
  std::partial_sort(stayed_of.begin(), stayed_of.begin() + shown, stayed_of.end(),
                    [&](const auto& a, const auto& b) {
                      if (a.first != b.first) return a.first < b.first;
                      if (popularity[a.second] != popularity[b.second])
                        return popularity[a.second] > popularity[b.second];
                      return a.second < b.second;
                    });
  for (auto it = stayed_of.begin(); it != stayed_of.begin() + shown; ++it)
    result.most_changed.push_back(it->second);
}

}  // namespace

Result<ContinuedModel> continue_training(const Model& former, const data::Dataset& news,
                                         const TrainOptions& given, const RunControl& control) {
  const TrainOptions options = with_liked(given, news);
  if (former.manifest.method != "item2vec" || !model::VectorsView::of(former))
    return Error{
        ErrorCode::kInvalidInput,
        fmt::format("{} {} was made by {}; only item2vec can be continued, the others are "
                    "trained anew",
                    former.manifest.name, former.manifest.version, former.manifest.method)};
  const std::vector<Row> now = rows_now(former, news.catalog);
  const Embeddings before = vectors_now(former, now, news.catalog.size());
  const data::Sequences sequences = data::build_sequences(news.interactions, options.sequences);
  SkipGramOptions skip_gram = options.skip_gram;
  skip_gram.seed = options.seed;
  skip_gram.dim = former.dim();
  skip_gram.loss = Loss::kNegativeSampling;
  if (skip_gram.threads == 0) skip_gram.threads = options.threads;
  skip_gram.initial = &before;
  const auto counts = counts_of(sequences, before, skip_gram.min_count);
  const auto trained = train_skip_gram(source_of(sequences), counts, skip_gram, control);
  if (!trained) return trained.error();

  TrainOptions as_made = options;
  as_made.method = "item2vec";
  as_made.name = options.name.empty() ? former.manifest.name : options.name;
  as_made.skip_gram = skip_gram;
  ContinuedModel result;
  Embeddings vectors = trained->vectors;
  for (Row row = 0; row < vectors.rows(); ++row) {
    const bool known = !is_zero(before.row(row));
    const bool learned = !is_zero(vectors.row(row));
    if (known && !learned)
      std::copy(before.row(row).begin(), before.row(row).end(), vectors.row(row).begin());
    result.items_added += !known && learned ? 1U : 0U;
    result.items_updated += known && learned ? 1U : 0U;
  }
  result.items_missing = static_cast<std::size_t>(std::count(now.begin(), now.end(), kNoRow));
  Model model = start_model(news, as_made);
  set_vectors(model, vectors);
  add_popularity(former, now, model);
  add_content(model, build_content(news.catalog, options.fusion.content));
  auto finished = finish_model(std::move(model), as_made, control);
  if (!finished) return finished.error();
  result.model = std::move(*finished);
  measure_drift(former, now, before, result);
  result.model.manifest.metrics["continued"] = {
      {"from", former.manifest.version},
      {"events", news.interactions.size()},
      {"items_added", result.items_added},
      {"items_updated", result.items_updated},
      {"items_missing", result.items_missing},
      {"mean_overlap_at_10", result.mean_overlap_at_10},
      {"lists_mostly_new", result.lists_mostly_new},
  };
  return result;
}

}  // namespace sparrow::embed
