// extend() appends rows tensor by tensor, then places the touched rows: statistics, table, map.
#include "sparrow/model/extension.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <unordered_map>

#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/schema.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::model {
namespace {

constexpr std::size_t kReference = 2048;  // rows that statistics are estimated against

// Every tensor with a row an item gets zero rows; lists and content are set afterwards.
void append_zero_rows(Model& model, std::size_t count) {
  for (const TensorForm& form : tensor_forms()) {
    const auto found = model.tensors.find(form.name);
    if (form.rows != TensorRows::kItems || found == model.tensors.end()) continue;
    Tensor& tensor = found->second;
    const std::uint64_t rows = tensor.shape[0];
    if (rows > 0) tensor.bytes.own().resize(tensor.bytes.size() / rows * (rows + count), '\0');
    tensor.shape[0] += count;
  }
}

// Rows of the touched items; appends those that are new.
std::vector<Row> add_items(Model& model, std::span<const ItemContent> items) {
  std::unordered_map<std::string_view, Row> known;
  for (Row row = 0; row < model.items.size(); ++row) known.emplace(model.items[row], row);
  std::vector<Row> touched;
  std::vector<ItemId> fresh;
  for (const ItemContent& item : items) {
    const auto next = static_cast<Row>(model.items.size() + fresh.size());
    const auto [at, is_new] = known.emplace(item.id, next);
    if (is_new) fresh.push_back(item.id);
    touched.push_back(at->second);
  }
  model.items.insert(model.items.end(), fresh.begin(), fresh.end());
  append_zero_rows(model, fresh.size());
  return touched;
}

void place_content(Model& model, std::span<const ItemContent> items, std::span<const Row> touched) {
  const ContentView before = *ContentView::of(model);
  const auto& indptr = before.offsets;
  const auto& indices = before.indices;
  const auto& values = before.values;
  std::vector<const ItemContent*> given(model.items.size(), nullptr);
  for (std::size_t i = 0; i < items.size(); ++i) given[touched[i]] = &items[i];
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint32_t> features;
  std::vector<float> weights;
  for (Row row = 0; row < model.items.size(); ++row) {
    if (given[row] != nullptr) {
      const ItemContent& item = *given[row];
      features.insert(features.end(), item.features.begin(), item.features.end());
      weights.insert(weights.end(), item.values.begin(), item.values.end());
    } else {
      features.insert(features.end(), indices.begin() + indptr[row],
                      indices.begin() + indptr[row + 1]);
      weights.insert(weights.end(), values.begin() + indptr[row], values.begin() + indptr[row + 1]);
    }
    offsets.push_back(static_cast<std::uint32_t>(features.size()));
  }
  set_content(model, {.offsets = offsets, .indices = features, .values = weights});
  if (!before.dense) return;
  Embeddings dense(model.items.size(), before.dense->dim());
  for (Row row = 0; row < model.items.size(); ++row) {
    if (given[row] == nullptr)
      before.dense->copy(row, dense.row(row));
    else if (given[row]->dense.size() == dense.dim())
      std::copy(given[row]->dense.begin(), given[row]->dense.end(), dense.row(row).begin());
  }
  set_dense_content(model, dense);
}

// Of each kind evenly spread; all items where none has behavior. Only the `trained` first rows:
// those behind them came later, so that statistics do not depend on the order in which items came,
// and none is measured by another whose own statistics are not known yet.
FusionReference reference_rows(const Similarity& similarity, std::size_t trained) {
  const auto spread = [](const std::vector<Row>& rows) {
    std::vector<Row> chosen;
    const std::size_t step = std::max<std::size_t>(1, rows.size() / kReference);
    for (std::size_t i = 0; i < rows.size(); i += step) chosen.push_back(rows[i]);
    return chosen;
  };
  std::vector<Row> all(trained);
  std::iota(all.begin(), all.end(), Row{0});
  std::vector<Row> known;
  std::copy_if(all.begin(), all.end(), std::back_inserter(known),
               [&](Row row) { return similarity.source(row) == Source::kBehavior; });
  return {spread(known.empty() ? all : known), spread(all)};
}

void set_statistics(Model& model, std::span<const ItemContent> items, std::span<const Row> touched,
                    std::size_t trained) {
  const FusionView before = *FusionView::of(model);
  std::vector<FusionItem> scalars(before.items.begin(), before.items.end());
  for (std::size_t i = 0; i < items.size(); ++i) scalars[touched[i]].richness = items[i].richness;
  set_fusion(model, before.parameters, scalars);
  const FusionSimilarity similarity(model);
  const auto reference = reference_rows(similarity, trained);
  for (const Row row : touched) scalars[row] = similarity.estimate_item(row, reference);
  set_fusion(model, before.parameters, scalars);
}

// One row of the table.
struct TableRow {
  std::span<std::uint32_t> rows;
  std::span<float> scores;

  std::size_t size() const {
    return static_cast<std::size_t>(std::find(rows.begin(), rows.end(), kNoRow) - rows.begin());
  }
  void remove(Row row) {
    const auto at =
        static_cast<std::size_t>(std::find(rows.begin(), rows.end(), row) - rows.begin());
    if (at == rows.size()) return;
    std::copy(rows.begin() + static_cast<std::ptrdiff_t>(at) + 1, rows.end(),
              rows.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy(scores.begin() + static_cast<std::ptrdiff_t>(at) + 1, scores.end(),
              scores.begin() + static_cast<std::ptrdiff_t>(at));
    rows.back() = kNoRow;
    scores.back() = 0;
  }
  // Only before its last entry: what follows that is not known.
  void insert(Row row, float score) {
    const std::size_t filled = size();
    const auto is_better = [&](std::size_t i) {
      return better({row, score}, {rows[i], scores[i]});
    };
    if (filled == 0 || !is_better(filled - 1)) return;
    std::size_t at = filled - 1;
    while (at > 0 && is_better(at - 1)) --at;
    const std::size_t end = std::min(filled + 1, rows.size());
    for (std::size_t i = end - 1; i > at; --i) {
      rows[i] = rows[i - 1];
      scores[i] = scores[i - 1];
    }
    rows[at] = row;
    scores[at] = score;
  }
  void assign(const std::vector<Neighbor>& list) {
    std::fill(rows.begin(), rows.end(), kNoRow);
    std::fill(scores.begin(), scores.end(), 0.0F);
    for (std::size_t i = 0; i < list.size() && i < rows.size(); ++i) {
      rows[i] = list[i].row;
      scores[i] = list[i].score;
    }
  }
};

void set_table(Model& model, const Similarity& similarity, std::span<const Row> touched) {
  const auto before = NeighborTable::of(model);
  if (!before) return;
  const std::size_t n = model.items.size();
  const std::size_t k = before->per_item;
  std::vector<std::uint32_t> rows(before->rows.begin(), before->rows.end());
  std::vector<float> scores(before->scores.begin(), before->scores.end());
  const auto row_of = [&](Row row) {
    return TableRow{{rows.data() + row * k, k}, {scores.data() + row * k, k}};
  };
  for (const Row row : touched) {
    for (Row other = 0; other < n; ++other) {
      if (other == row) continue;
      TableRow line = row_of(other);
      line.remove(row);
      line.insert(row, similarity.score(other, row));
    }
    row_of(row).assign(similarity.nearest(row, k, {}));
  }
  set_neighbors(model, {k, rows, scores});
}

// On the map a new item stands amid its ten nearest.
void place_on_map(Model& model, std::span<const Row> touched, std::size_t first_new) {
  const auto before = MapView::of(model);
  const auto near = NeighborTable::of(model);
  if (!before || !near) return;
  std::vector<float> xy(before->xy().begin(), before->xy().end());
  for (const Row row : touched) {
    if (row < first_new) continue;
    float count = 0;
    float x = 0;
    float y = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(10, near->per_item); ++i) {
      const Row other = near->rows_of(row)[i];
      if (other == kNoRow || other >= first_new) continue;
      x += xy[std::size_t{2} * other];
      y += xy[std::size_t{2} * other + 1];
      ++count;
    }
    xy[std::size_t{2} * row] = count > 0 ? x / count : 0;
    xy[std::size_t{2} * row + 1] = count > 0 ? y / count : 0;
  }
  set_map(model, xy);
}

}  // namespace

Result<Model> extend(const Model& model, std::span<const ItemContent> items) {
  if (!ContentView::of(model))
    return Error{ErrorCode::kInvalidInput,
                 "model " + model.manifest.name + " has no content: items cannot be placed in it"};
  Model next = model;
  if (items.empty()) return next;
  const std::size_t first_new = next.items.size();
  // The old content has no rows for new items yet; they read as empty until place_content().
  {
    const ContentView before = *ContentView::of(next);
    std::vector<std::uint32_t> offsets(before.offsets.begin(), before.offsets.end());
    offsets.resize(first_new + items.size() + 1, offsets.back());
    set_content(next, {.offsets = offsets, .indices = before.indices, .values = before.values});
  }
  const std::vector<Row> touched = add_items(next, items);
  place_content(next, items, touched);
  const std::size_t trained = next.manifest.metrics.value("trained_items", first_new);
  next.manifest.metrics["trained_items"] = trained;
  if (FusionView::of(next)) set_statistics(next, items, touched, trained);
  auto similarity = Similarity::open(next);
  if (!similarity) return similarity.error();
  set_table(next, **similarity, touched);
  place_on_map(next, touched, first_new);
  return next;
}

}  // namespace sparrow::model
