// How healthy a served model is: hubs, equal and missing vectors, short lists, and what changed
// since another version.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/evaluate/statistics.h"
#include "sparrow/model/views.h"

namespace sparrow::api {
namespace {

using nlohmann::json;

constexpr std::size_t kFirst = 10;

// The first ten catalogue rows of every item's precomputed list.
std::vector<std::vector<Row>> first_ten(const live::ServedModel& served) {
  std::vector<std::vector<Row>> lists(served.dataset->catalog.size());
  for (Row row = 0; row < lists.size(); ++row) {
    if (!served.recommender->knows(row)) continue;
    for (const auto& item : served.recommender->similar({row, kFirst, 0, {}}).items)
      lists[row].push_back(item.row);
  }
  return lists;
}

// Rows of equal vectors beyond the first, and rows without any.
std::pair<std::size_t, std::size_t> duplicates_and_zeros(const model::Model& model) {
  const auto vectors = model::VectorsView::of(model);
  if (!vectors) return {0, model.items.size()};
  std::unordered_map<std::string_view, std::size_t> seen;
  std::size_t zeros = 0;
  std::size_t duplicates = 0;
  for (Row row = 0; row < model.items.size(); ++row) {
    if (!vectors->has(row))
      ++zeros;
    else if (seen[vectors->bytes(row)]++ > 0)
      ++duplicates;
  }
  return {duplicates, zeros};
}

// Share of the first ten of `a` that `b` has as well; -1 where one of them has no list.
double overlap(const std::vector<Row>& a, const std::vector<Row>& b) {
  if (a.empty() || b.empty()) return -1;
  std::size_t shared = 0;
  for (const Row x : a) shared += std::count(b.begin(), b.end(), x) > 0 ? 1U : 0U;
  return static_cast<double>(shared) / static_cast<double>(a.size());
}

// How far two versions agree: mean overlap of the first ten, and the items that changed most.
json churn_of(const std::vector<std::vector<Row>>& now, const std::vector<std::vector<Row>>& before,
              const data::Catalog& catalog) {
  std::vector<std::pair<double, Row>> rows;
  double sum = 0;
  for (Row row = 0; row < now.size(); ++row) {
    const double o = overlap(now[row], before[row]);
    if (o < 0) continue;
    sum += o;
    rows.emplace_back(o, row);
  }
  const std::size_t most = std::min(kFirst, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(most), rows.end());
  json changed = json::array();
  for (std::size_t i = 0; i < most; ++i)
    changed.push_back({{"id", catalog[rows[i].second].id},
                       {"title", catalog[rows[i].second].title},
                       {"overlap", rows[i].first}});
  return {{"mean_overlap_10", rows.empty() ? 0 : sum / static_cast<double>(rows.size())},
          {"changed", changed}};
}

}  // namespace

// Made once for a version, then kept.
void get_health(Context& c, http::Response& response) {
  const std::string& name = c.parameter;
  c.query.allow_only({"against"});
  if (failed(c, response)) return;
  const auto model = named_model(c, response);
  if (model == nullptr) return;
  const live::ServedModel& served = *model;
  const std::string against = c.query.text("against").value_or("");
  const std::string key = fmt::format("{}@{}/{}", name, served.model.manifest.version, against);
  const std::lock_guard lock(c.services.health.mutex);
  if (const auto kept = c.services.health.by_name.find(key);
      kept != c.services.health.by_name.end()) {
    response.body = kept->second;
    return;
  }
  const auto lists = first_ten(served);
  std::vector<std::uint32_t> n10(lists.size(), 0);
  for (const auto& list : lists) {
    for (const Row row : list) ++n10[row];
  }
  std::vector<Row> order(n10.size());
  for (Row row = 0; row < order.size(); ++row) order[row] = row;
  const std::size_t top = std::min(kFirst, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](Row a, Row b) { return n10[a] > n10[b]; });
  json hubs = json::array();
  for (std::size_t i = 0; i < top; ++i)
    hubs.push_back({{"id", c.view.dataset->catalog[order[i]].id},
                    {"title", c.view.dataset->catalog[order[i]].title},
                    {"n10", n10[order[i]]}});
  const auto [duplicates, zeros] = duplicates_and_zeros(served.model);
  json churn = nullptr;
  if (!against.empty() && c.services.control.load) {
    auto other = std::make_shared<live::ServedModel>();
    auto loaded = c.services.control.load(name, against);
    if (!loaded) return fail(response, loaded.error());
    other->dataset = served.dataset;
    other->model = std::move(*loaded);
    auto recommender = rank::Recommender::open(other->dataset->catalog, other->model);
    if (!recommender) return fail(response, recommender.error());
    other->recommender = std::move(*recommender);
    churn = churn_of(lists, first_ten(*other), c.view.dataset->catalog);
    churn["against"] = against;
  }
  std::size_t short_lists = 0;
  for (const auto& list : lists) short_lists += list.size() < kFirst ? 1U : 0U;
  const json answer = {{"name", name},
                       {"version", served.model.manifest.version},
                       {"hubness", {{"skewness", evaluate::skewness(n10)}, {"top", hubs}}},
                       {"duplicates", duplicates},
                       {"zero_vectors", zeros},
                       {"short_lists", short_lists},
                       {"churn", churn}};
  response.body = http::json_text(answer);
  if (c.services.health.by_name.size() > 64) c.services.health.by_name.clear();
  c.services.health.by_name[key] = response.body;
}

}  // namespace sparrow::api
