// Calls about items: facts, search, genres, the rows of the home page.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/api/cards.h"
#include "sparrow/api/handlers.h"
#include "sparrow/data/item_json.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

// What ratings are out of, and where the bins of histograms begin.
void append_scale(std::string& out, const data::ValueScale& scale) {
  out += ",\"scale\":{\"name\":";
  http::append_json(out, scale.name);
  fmt::format_to(std::back_inserter(out), ",\"low\":{:g},\"high\":{:g},\"bins\":[", scale.low,
                 scale.high);
  for (std::size_t bin = 0; bin < data::ValueScale::kBins; ++bin)
    fmt::format_to(std::back_inserter(out), "{}{:.4g}", bin > 0 ? "," : "", scale.bin_begin(bin));
  out += "]}";
}

void get_item(Context& c, http::Response& response) {
  const Row row = c.item;
  c.query.allow_only({});
  if (failed(c, response)) return;
  const data::Item& item = c.view.dataset->catalog[row];
  std::string& out = response.body;
  out += "{\"item\":";
  append_card(out, c, row);
  out.pop_back();
  out += ",\"alternative_titles\":";
  append_strings(out, item.alternative_titles);
  out += ",\"directors\":";
  append_strings(out, item.list(data::kDirectors));
  out += ",\"actors\":";
  append_strings(out, item.list(data::kActors));
  out += ",\"countries\":";
  append_strings(out, item.list(data::kCountries));
  out += ",\"keywords\":";
  append_strings(out, item.list(data::kKeywords));
  out += ",\"text\":";
  http::append_json(out, item.text(data::kText));
  append_scale(out, c.view.dataset->info.scale);
  fmt::format_to(std::back_inserter(out), ",\"histogram\":[{}],\"tags\":[",
                 fmt::join(c.view.histogram[row], ","));
  constexpr std::size_t kTags = 30;
  for (std::size_t t = 0; t < std::min(kTags, item.tags.size()); ++t) {
    out += t > 0 ? ",{\"tag\":" : "{\"tag\":";
    http::append_json(out, item.tags[t].tag);
    fmt::format_to(std::back_inserter(out), ",\"count\":{}}}", item.tags[t].count);
  }
  const auto digits = [](const std::string& id) {
    return !id.empty() &&
           std::all_of(id.begin(), id.end(), [](char x) { return x >= '0' && x <= '9'; });
  };
  out += "],\"links\":{\"imdb\":";
  if (digits(item.text(data::kImdbId)))
    http::append_json(out, "https://www.imdb.com/title/tt" + item.text(data::kImdbId) + "/");
  else
    out += "null";
  out += ",\"tmdb\":";
  if (digits(item.text(data::kTmdbId)))
    http::append_json(out, "https://www.themoviedb.org/movie/" + item.text(data::kTmdbId));
  else
    out += "null";
  out += "},\"series\":";
  const auto series = c.view.facts->series(row);
  if (series == 0)
    out += "null";
  else
    http::append_json(out, c.view.facts->series_name(series));
  const auto object = data::item_to_json(item, c.view.dataset->catalog.schema());
  out += ",\"attributes\":";
  out += object.contains("attributes") ? http::json_text(object["attributes"]) : "{}";
  out += "}}";
}

void get_search(Context& c, http::Response& response) {
  c.query.allow_only({"q", "size"});
  const std::string words = c.query.required("q");
  const auto size = c.query.number("size", 8, 1, 100);
  if (words.size() > 256) c.query.fail("q", "is longer than 256 bytes");
  if (failed(c, response)) return;
  response.body += "{\"items\":[";
  const auto hits = c.view.search().find(words, size, *c.now->hidden);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (i > 0) response.body += ',';
    append_card(response.body, c, hits[i].row);
  }
  response.body += "],\"missing_script\":";
  if (const auto script = c.view.search().missing_script(words); script.empty())
    response.body += "null}";
  else
    fmt::format_to(std::back_inserter(response.body), "\"{}\"}}", script);
}

std::optional<std::vector<Row>> required_genre(Context& c, http::Response& response) {
  const std::string genre = c.query.required("genre");
  const auto found = c.view.genres.find(genre);
  if (!c.query.error() && found == c.view.genres.end()) {
    std::vector<std::string> names;
    for (const auto& [name, rows] : c.view.genres) names.push_back(name);
    c.query.fail("genre", fmt::format("\"{}\" is not known; there are {}", genre.substr(0, 64),
                                      fmt::join(names, ", ")));
  }
  if (failed(c, response)) return std::nullopt;
  std::vector<Row> shown;
  for (const Row row : found->second) {
    if (c.now->may_show(row)) shown.push_back(row);
  }
  return shown;
}

void get_items(Context& c, http::Response& response) {
  c.query.allow_only({"genre", "sort", "size", "hide"});
  const auto size = c.query.number("size", 20, 1, 1000);
  const std::string sort = c.query.text("sort").value_or("rating");
  if (sort != "rating" && sort != "popularity" && sort != "year")
    c.query.fail("sort", "must be rating, popularity or year");
  auto rows = required_genre(c, response);
  if (!rows) return;
  std::vector<Row>& sorted = *rows;
  const auto left_out = hidden_rows(c);
  std::erase_if(sorted, [&](Row row) { return left_out.contains(row); });
  const auto by = [&](auto key) {
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return key(a) > key(b); });
  };
  if (sort == "popularity") by([&](Row r) { return c.view.ratings[r]; });
  if (sort == "year") by([&](Row r) { return c.view.dataset->catalog[r].year; });
  response.body += "{\"items\":[";
  for (std::size_t i = 0; i < std::min<std::size_t>(size, sorted.size()); ++i) {
    if (i > 0) response.body += ',';
    append_card(response.body, c, sorted[i]);
  }
  response.body += "]}";
}

void get_genres(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  response.body += "{\"genres\":[";
  bool first = true;
  for (const auto& [name, rows] : c.view.genres) {
    response.body += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    http::append_json(response.body, name);
    fmt::format_to(std::back_inserter(response.body), ",\"items\":{}}}", rows.size());
  }
  response.body += "]}";
}

}  // namespace sparrow::api
