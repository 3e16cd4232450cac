// extend() appends rows tensor by tensor, then places the touched rows: statistics, table, map.
#include "sparrow/model/extension.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/similarity.h"

namespace sparrow::model {
namespace {

constexpr std::size_t kReference = 2048;  // rows that statistics are estimated against

void append_zero_rows(Model& model, const char* name, std::size_t count) {
  const auto found = model.tensors.find(name);
  if (found == model.tensors.end()) return;
  Tensor& tensor = found->second;
  const std::uint64_t rows = tensor.shape[0];
  if (rows > 0) tensor.bytes.resize(tensor.bytes.size() / rows * (rows + count), '\0');
  tensor.shape[0] += count;
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
  for (const char* name : {"vectors", "popularity", "fusion.items", "map"})
    append_zero_rows(model, name, fresh.size());
  return touched;
}

void set_content(Model& model, std::span<const ItemContent> items, std::span<const Row> touched) {
  const auto indptr = model.find("content.indptr")->uint32s();
  const auto indices = model.find("content.indices")->uint32s();
  const auto values = model.find("content.values")->floats();
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
  model.tensors["content.indptr"] =
      Tensor::of(std::span<const std::uint32_t>(offsets), {offsets.size()});
  model.tensors["content.indices"] =
      Tensor::of(std::span<const std::uint32_t>(features), {features.size()});
  model.tensors["content.values"] = Tensor::of(std::span<const float>(weights), {weights.size()});
}

// Items with behavior, evenly spread; all items where none has any.
std::vector<Row> reference_rows(const Similarity& similarity) {
  std::vector<Row> rows;
  for (Row row = 0; row < similarity.items(); ++row) {
    if (similarity.source(row) == Source::kBehavior) rows.push_back(row);
  }
  if (rows.empty()) {
    rows.resize(similarity.items());
    for (Row row = 0; row < rows.size(); ++row) rows[row] = row;
  }
  std::vector<Row> chosen;
  const std::size_t step = std::max<std::size_t>(1, rows.size() / kReference);
  for (std::size_t i = 0; i < rows.size(); i += step) chosen.push_back(rows[i]);
  return chosen;
}

void set_statistics(Model& model, std::span<const ItemContent> items,
                    std::span<const Row> touched) {
  Tensor& tensor = model.tensors.at("fusion.items");
  const auto at = [&](Row row) { return tensor.bytes.data() + row * sizeof(FusionItem); };
  for (std::size_t i = 0; i < items.size(); ++i) {
    FusionItem item;
    std::memcpy(&item, at(touched[i]), sizeof(item));
    item.richness = items[i].richness;
    std::memcpy(at(touched[i]), &item, sizeof(item));
  }
  const FusionSimilarity similarity(model);
  const auto reference = reference_rows(similarity);
  for (const Row row : touched) {
    const FusionItem item = similarity.estimate_item(row, reference);
    std::memcpy(at(row), &item, sizeof(item));
  }
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
  const Tensor* old_rows = model.find("neighbors.rows");
  const Tensor* old_scores = model.find("neighbors.scores");
  if (old_rows == nullptr || old_scores == nullptr) return;
  const std::size_t n = model.items.size();
  const std::size_t k = old_rows->shape[1];
  std::vector<std::uint32_t> rows(old_rows->uint32s().begin(), old_rows->uint32s().end());
  std::vector<float> scores(old_scores->floats().begin(), old_scores->floats().end());
  rows.resize(n * k, kNoRow);
  scores.resize(n * k, 0.0F);
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
  model.tensors["neighbors.rows"] = Tensor::of(std::span<const std::uint32_t>(rows), {n, k});
  model.tensors["neighbors.scores"] = Tensor::of(std::span<const float>(scores), {n, k});
}

// On the map a new item stands amid its ten nearest.
void set_map(Model& model, std::span<const Row> touched, std::size_t first_new) {
  const auto found = model.tensors.find("map");
  const Tensor* near = model.find("neighbors.rows");
  if (found == model.tensors.end() || near == nullptr || found->second.shape.size() != 2 ||
      found->second.shape[1] != 2)
    return;
  const auto before = found->second.floats();
  std::vector<float> xy(before.begin(), before.end());
  const std::size_t k = near->shape[1];
  for (const Row row : touched) {
    if (row < first_new) continue;
    float count = 0;
    float x = 0;
    float y = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(10, k); ++i) {
      const Row other = near->uint32s()[row * k + i];
      if (other == kNoRow || other >= first_new) continue;
      x += xy[std::size_t{2} * other];
      y += xy[std::size_t{2} * other + 1];
      ++count;
    }
    xy[std::size_t{2} * row] = count > 0 ? x / count : 0;
    xy[std::size_t{2} * row + 1] = count > 0 ? y / count : 0;
  }
  found->second = Tensor::of(std::span<const float>(xy), found->second.shape);
}

}  // namespace

Result<Model> extend(const Model& model, std::span<const ItemContent> items) {
  if (model.find("content.indptr") == nullptr || model.find("content.indices") == nullptr ||
      model.find("content.values") == nullptr)
    return Error{ErrorCode::kInvalidInput,
                 "model " + model.manifest.name + " has no content: items cannot be placed in it"};
  Model next = model;
  if (items.empty()) return next;
  const std::size_t first_new = next.items.size();
  // The old content has no rows for new items yet; they read as empty until set_content().
  {
    auto indptr = next.find("content.indptr")->uint32s();
    std::vector<std::uint32_t> offsets(indptr.begin(), indptr.end());
    offsets.resize(first_new + items.size() + 1, offsets.back());
    next.tensors["content.indptr"] =
        Tensor::of(std::span<const std::uint32_t>(offsets), {offsets.size()});
  }
  const std::vector<Row> touched = add_items(next, items);
  set_content(next, items, touched);
  if (next.find("fusion.items") != nullptr) set_statistics(next, items, touched);
  auto similarity = Similarity::open(next);
  if (!similarity) return similarity.error();
  set_table(next, **similarity, touched);
  set_map(next, touched, first_new);
  return next;
}

}  // namespace sparrow::model
