// Calls about models: which there are, which is promoted, how healthy, where items lie on the map.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/evaluate/statistics.h"
#include "sparrow/model/views.h"
#include "sparrow/serve/call.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {
namespace {

using nlohmann::json;

constexpr std::size_t kTen = 10;

// The first ten catalogue rows of every item's precomputed list.
std::vector<std::vector<Row>> first_ten(const ServedModel& served) {
  std::vector<std::vector<Row>> lists(served.dataset->catalog.size());
  for (Row row = 0; row < lists.size(); ++row) {
    if (!served.recommender->knows(row)) continue;
    for (const auto& item : served.recommender->similar({row, kTen, 0, {}}).items)
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
  for (std::size_t row = 0; row < model.items.size(); ++row) {
    if (!vectors->has(static_cast<Row>(row)))
      ++zeros;
    else if (seen[vectors->bytes(static_cast<Row>(row))]++ > 0)
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
  const std::size_t most = std::min(kTen, rows.size());
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

void Call::get_models() {
  query_.allow_only({"all"});
  const bool all = query_.flag("all", false);
  if (failed()) return;
  json list = json::array();
  const auto describe = [&](json entry) {
    const auto name = entry.value("name", "");
    const auto found = now_->models.find(name);
    const bool served =
        found != now_->models.end() && found->second->model.manifest.version == entry["version"];
    entry["default"] = name == api_.options_.default_model;
    entry["served"] = served;
    if (served) {
      entry["items"] = found->second->model.items.size();
      entry["dim"] = found->second->model.dim();
    }
    list.push_back(std::move(entry));
  };
  if (all && api_.control_.versions) {
    auto versions = api_.control_.versions();
    if (!versions) return fail(versions.error());
    for (auto& entry : *versions) describe(std::move(entry));
  } else {
    for (const auto& [name, served] : now_->models) {
      json entry = model::to_json(served->model.manifest);
      entry["promoted"] = true;
      describe(std::move(entry));
    }
  }
  response_.body = json_text(json{{"models", list}});
}

void Call::post_promote(const std::string& name) {
  query_.allow_only({});
  if (failed() || !authorized(Role::kAdmin)) return;
  const auto object = body();
  if (!object) return;
  const auto version = member(*object, "version");
  if (!version) return;
  if (!api_.control_.promote)
    return write_error(response_, 503, "unavailable", "this server cannot write to the store");
  if (auto done = api_.control_.promote(name, *version); !done) return fail(done.error());
  response_.body = json_text(json{{"name", name}, {"version", *version}});
}

void Call::post_rollback(const std::string& name) {
  query_.allow_only({});
  if (failed() || !authorized(Role::kAdmin)) return;
  if (!api_.control_.rollback)
    return write_error(response_, 503, "unavailable", "this server cannot write to the store");
  const auto version = api_.control_.rollback(name);
  if (!version) return fail(version.error());
  response_.body = json_text(json{{"name", name}, {"version", *version}});
}

void Call::get_map(const std::string& name) {
  query_.allow_only({});
  if (failed()) return;
  const auto found = now_->models.find(name);
  if (found == now_->models.end())
    return write_error(response_, 404, "not_found",
                       fmt::format("the model \"{}\" is not served", name.substr(0, 64)), "name");
  const ServedModel& served = *found->second;
  const auto map = model::MapView::of(served.model);
  if (!map)
    return write_error(response_, 404, "not_found",
                       "this model was trained without a map; train it again", "name");
  const auto xy = map->xy();
  const recall::ItemFacts& facts = *view_.facts;
  std::vector<Row> rows;
  std::string x;
  std::string y;
  for (std::size_t m = 0; m < served.model.items.size(); ++m) {
    const auto row = view_.find(served.model.items[m]);
    if (!row) continue;
    rows.push_back(*row);
    fmt::format_to(std::back_inserter(x), "{}{:.4g}", x.empty() ? "" : ",", xy[2 * m]);
    fmt::format_to(std::back_inserter(y), "{}{:.4g}", y.empty() ? "" : ",", xy[2 * m + 1]);
  }
  std::string& out = response_.body;
  out += "{\"model\":";
  append_model(out, served.model.manifest);
  const auto put = std::back_inserter(out);
  fmt::format_to(put, ",\"points\":{},\"x\":[{}],\"y\":[{}],\"ids\":[", rows.size(), x, y);
  const auto each = [&](auto&& append) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) out += ',';
      append(rows[i]);
    }
  };
  const data::Catalog& catalog = view_.dataset->catalog;
  each([&](Row row) { append_json(out, catalog[row].id); });
  out += "],\"titles\":[";
  each([&](Row row) { append_json(out, catalog[row].title); });
  out += "],\"years\":[";
  each([&](Row row) { fmt::format_to(put, "{}", catalog[row].year); });
  out += "],\"genre\":[";
  const auto& names = facts.genre_names();
  each([&](Row row) {
    const auto& genres = catalog[row].list(data::kGenres);
    const auto at = genres.empty() ? names.end() : std::find(names.begin(), names.end(), genres[0]);
    fmt::format_to(put, "{}", at == names.end() ? -1 : static_cast<long>(at - names.begin()));
  });
  out += "],\"genres\":";
  append_strings(out, names);
  out += ",\"popularity\":[";
  each([&](Row row) { fmt::format_to(put, "{}", facts.liked_by(row).size()); });
  out += "]}";
}

// Made once for a version, then kept.
void Call::get_health(const std::string& name) {
  query_.allow_only({"against"});
  if (failed()) return;
  const auto found = now_->models.find(name);
  if (found == now_->models.end())
    return write_error(response_, 404, "not_found",
                       fmt::format("the model \"{}\" is not served", name.substr(0, 64)), "name");
  const ServedModel& served = *found->second;
  const std::string against = query_.text("against").value_or("");
  const std::string key = fmt::format("{}@{}/{}", name, served.model.manifest.version, against);
  const std::lock_guard lock(api_.health_mutex_);  // one at a time: it costs a pass over all lists
  if (const auto kept = api_.health_.find(key); kept != api_.health_.end()) {
    response_.body = kept->second;
    return;
  }
  const auto lists = first_ten(served);
  std::vector<std::uint32_t> n10(lists.size(), 0);
  for (const auto& list : lists) {
    for (const Row row : list) ++n10[row];
  }
  std::vector<Row> order(n10.size());
  for (Row row = 0; row < order.size(); ++row) order[row] = row;
  const std::size_t top = std::min(kTen, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](Row a, Row b) { return n10[a] > n10[b]; });
  json hubs = json::array();
  for (std::size_t i = 0; i < top; ++i)
    hubs.push_back({{"id", view_.dataset->catalog[order[i]].id},
                    {"title", view_.dataset->catalog[order[i]].title},
                    {"n10", n10[order[i]]}});
  const auto [duplicates, zeros] = duplicates_and_zeros(served.model);
  json churn = nullptr;
  if (!against.empty() && api_.control_.load) {
    auto other = std::make_shared<ServedModel>();
    auto loaded = api_.control_.load(name, against);
    if (!loaded) return fail(loaded.error());
    other->dataset = served.dataset;
    other->model = std::move(*loaded);
    auto recommender = rank::Recommender::open(other->dataset->catalog, other->model);
    if (!recommender) return fail(recommender.error());
    other->recommender = std::move(*recommender);
    churn = churn_of(lists, first_ten(*other), view_.dataset->catalog);
    churn["against"] = against;
  }
  std::size_t short_lists = 0;
  for (const auto& list : lists) short_lists += list.size() < kTen ? 1U : 0U;
  const json answer = {{"name", name},
                       {"version", served.model.manifest.version},
                       {"hubness", {{"skewness", evaluate::skewness(n10)}, {"top", hubs}}},
                       {"duplicates", duplicates},
                       {"zero_vectors", zeros},
                       {"short_lists", short_lists},
                       {"churn", churn}};
  response_.body = json_text(answer);
  if (api_.health_.size() > 64) api_.health_.clear();
  api_.health_[key] = response_.body;
}

void Call::get_evaluations() {
  query_.allow_only({"size"});
  const auto size = query_.number("size", 20, 1, 100);
  if (failed()) return;
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (const auto& entry :
       std::filesystem::directory_iterator(api_.options_.home / "evaluations", code)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.rbegin(), files.rend());  // names begin with the time
  json runs = json::array();
  for (const auto& file : files) {
    if (runs.size() == size) break;
    const auto text = read_file(file);
    auto run = text ? json::parse(*text, nullptr, false) : json();
    if (!run.is_object()) continue;
    run["file"] = file.filename().string();
    // Curves are for the report's own page; here they would be most of the answer.
    for (auto& method : run["methods"]) {
      for (const char* part : {"groups", "ground_truth"}) {
        if (!method.is_object() || !method.contains(part)) continue;
        method[part].erase("precision_recall");
        method[part].erase("reliability");
      }
    }
    runs.push_back(std::move(run));
  }
  response_.body = json_text(json{{"runs", runs}});
}

}  // namespace sparrow::serve
