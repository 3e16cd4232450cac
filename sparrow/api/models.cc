// Models: which there are, which is promoted, where items lie on the map, how they were evaluated.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/file.h"
#include "sparrow/http/json_text.h"
#include "sparrow/live/map_labels.h"
#include "sparrow/model/views.h"

namespace sparrow::api {

using nlohmann::json;

namespace {

constexpr std::uint64_t kMostCardBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostReportBytes = std::uint64_t{32} << 20;

}  // namespace

void get_models(Context& c, http::Response& response) {
  c.query.allow_only({"all"});
  const bool all = c.query.flag("all", false);
  if (failed(c, response)) return;
  const auto& usual_model = c.now->default_model(c.services.options.default_model);
  const std::string usual = usual_model == nullptr ? "" : usual_model->model.manifest.name;
  json list = json::array();
  const auto describe = [&](json entry) {
    const auto name = entry.value("name", "");
    const auto found = c.now->models.find(name);
    const bool served =
        found != c.now->models.end() && found->second->model.manifest.version == entry["version"];
    entry["default"] = name == usual;
    entry["served"] = served;
    if (served) {
      entry["items"] = found->second->model.items.size();
      entry["dim"] = found->second->model.dim();
    }
    list.push_back(std::move(entry));
  };
  if (all && c.services.control.versions) {
    auto versions = c.services.control.versions();
    if (!versions) return fail(response, versions.error());
    for (auto& entry : *versions) describe(std::move(entry));
  } else {
    for (const auto& [name, served] : c.now->models) {
      json entry = model::to_json(served->model.manifest);
      entry["promoted"] = true;
      describe(std::move(entry));
    }
  }
  response.body = http::json_text(json{{"models", list}});
}

void post_promote(Context& c, http::Response& response) {
  const std::string& name = c.parameter;
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  const auto version = member(response, *object, "version");
  if (!version) return;
  if (!c.services.control.promote)
    return http::write_error(response, 503, "unavailable", "this server cannot write to the store");
  if (auto done = c.services.control.promote(name, *version); !done)
    return fail(response, done.error());
  response.body = http::json_text(json{{"name", name}, {"version", *version}});
}

void post_rollback(Context& c, http::Response& response) {
  const std::string& name = c.parameter;
  c.query.allow_only({});
  if (failed(c, response)) return;
  if (!c.services.control.rollback)
    return http::write_error(response, 503, "unavailable", "this server cannot write to the store");
  const auto version = c.services.control.rollback(name);
  if (!version) return fail(response, version.error());
  response.body = http::json_text(json{{"name", name}, {"version", *version}});
}

void get_map(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto model = named_model(c, response);
  if (model == nullptr) return;
  const live::ServedModel& served = *model;
  const auto map = model::MapView::of(served.model);
  if (!map)
    return http::write_error(response, 404, "not_found",
                             "this model was trained without a map; train it again", "name");
  const auto xy = map->xy();
  const recall::ItemFacts& facts = *c.view.facts;
  std::vector<Row> rows;
  std::vector<float> places;
  std::string x;
  std::string y;
  for (std::size_t m = 0; m < served.model.items.size(); ++m) {
    const auto row = c.view.find(served.model.items[m]);
    if (!row) continue;
    rows.push_back(*row);
    places.insert(places.end(), {xy[2 * m], xy[2 * m + 1]});
    fmt::format_to(std::back_inserter(x), "{}{:.4g}", x.empty() ? "" : ",", xy[2 * m]);
    fmt::format_to(std::back_inserter(y), "{}{:.4g}", y.empty() ? "" : ",", xy[2 * m + 1]);
  }
  std::string& out = response.body;
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
  const data::Catalog& catalog = c.view.dataset->catalog;
  each([&](Row row) { http::append_json(out, catalog[row].id); });
  out += "],\"titles\":[";
  each([&](Row row) { http::append_json(out, catalog[row].title); });
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
  out += "],\"labels\":[";
  for (const live::MapLabel& label : live::map_labels(catalog, rows, places)) {
    fmt::format_to(put, "{}{{\"x\":{:.4g},\"y\":{:.4g},\"level\":{},\"items\":{},\"text\":",
                   out.back() == '}' ? "," : "", label.x, label.y, label.level, label.items);
    append_strings(out, label.words);
    out += '}';
  }
  out += "]}";
}

// The data card that `prepare` left beside the data.
void get_data(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto file = c.services.options.home / "prepared" / "card.json";
  auto card = read_file(file, kMostCardBytes);
  if (!card && card.error().code == ErrorCode::kNotFound)
    return http::write_error(
        response, 404, "not_found",
        "no data card: this server has its data from elsewhere, or they were prepared by a version "
        "before 0.3.0; `sparrow prepare --force` writes one");
  if (!card) return fail(response, card.error());
  response.body = std::move(*card);
}

namespace {

// Reports of `evaluate`, newest first: names begin with the time.
std::vector<std::filesystem::path> evaluation_files(const Context& c) {
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (const auto& entry :
       std::filesystem::directory_iterator(c.services.options.home / "evaluations", code)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.rbegin(), files.rend());
  return files;
}

// Not an object: the file is not a report.
json read_evaluation(const std::filesystem::path& file) {
  const auto text = read_file(file, kMostReportBytes);
  json run = text ? json::parse(*text, nullptr, false) : json();
  if (!run.is_object() || !run.contains("methods") || !run["methods"].is_array()) return {};
  json& methods = run["methods"];
  methods.erase(std::remove_if(methods.begin(), methods.end(),
                               [](const json& method) { return !method.is_object(); }),
                methods.end());
  run["file"] = file.filename().string();
  return run;
}

// What a list of runs says of one: its data and what each method found. The whole is ten times as
// long, and runs become many.
json summary_of(const json& run) {
  json summary = {{"file", run["file"]}, {"methods", json::array()}};
  for (const char* name : {"data", "protocol"}) {
    if (run.contains(name)) summary[name] = run[name];
  }
  for (const auto& method : run["methods"]) {
    json brief = json::object();
    for (const char* name : {"name", "baseline"}) {
      if (method.contains(name)) brief[name] = method[name];
    }
    if (const auto held_out = method.find("held_out_users");
        held_out != method.end() && held_out->is_object() && held_out->contains("hit"))
      brief["held_out_users"] = {{"hit", (*held_out)["hit"]}};
    summary["methods"].push_back(std::move(brief));
  }
  return summary;
}

}  // namespace

void get_evaluations(Context& c, http::Response& response) {
  c.query.allow_only({"size"});
  const auto size = c.query.number("size", 20, 1, 100);
  if (failed(c, response)) return;
  json runs = json::array();
  for (const auto& file : evaluation_files(c)) {
    if (runs.size() == size) break;
    const json run = read_evaluation(file);
    if (run.is_object()) runs.push_back(summary_of(run));
  }
  response.body = http::json_text(json{{"runs", runs}});
}

void get_evaluation(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  for (const auto& file : evaluation_files(c)) {
    if (file.filename() != c.parameter) continue;
    json run = read_evaluation(file);
    if (!run.is_object()) break;
    // Curves are for the report's own page; here they would be most of the answer.
    for (auto& method : run["methods"]) {
      for (const char* part : {"groups", "ground_truth"}) {
        if (!method.contains(part)) continue;
        method[part].erase("precision_recall");
        method[part].erase("reliability");
      }
    }
    response.body = http::json_text(run);
    return;
  }
  http::write_error(response, 404, "not_found",
                    "there is no evaluation of this name; /api/v1/evaluations lists them", "file");
}

}  // namespace sparrow::api
