// Calls about items: facts, search, genres, the rows of the home page.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/data/item_json.h"
#include "sparrow/serve/call.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {

void Call::get_item(Row row) {
  query_.allow_only({});
  if (failed()) return;
  const data::Item& item = view_.dataset->catalog[row];
  std::string& out = response_.body;
  out += "{\"item\":";
  append_card(out, view_, row);
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
  append_json(out, item.text(data::kText));
  fmt::format_to(std::back_inserter(out), ",\"histogram\":[{}],\"tags\":[",
                 fmt::join(view_.histogram[row], ","));
  constexpr std::size_t kTags = 30;
  for (std::size_t t = 0; t < std::min(kTags, item.tags.size()); ++t) {
    out += t > 0 ? ",{\"tag\":" : "{\"tag\":";
    append_json(out, item.tags[t].tag);
    fmt::format_to(std::back_inserter(out), ",\"count\":{}}}", item.tags[t].count);
  }
  const auto digits = [](const std::string& id) {
    return !id.empty() &&
           std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  out += "],\"links\":{\"imdb\":";
  const std::string& imdb_id = item.text(data::kImdbId);
  const std::string& tmdb_id = item.text(data::kTmdbId);
  if (digits(imdb_id))
    append_json(out, "https://www.imdb.com/title/tt" + imdb_id + "/");
  else
    out += "null";
  out += ",\"tmdb\":";
  if (digits(tmdb_id))
    append_json(out, "https://www.themoviedb.org/movie/" + tmdb_id);
  else
    out += "null";
  out += "},\"series\":";
  const auto series = view_.facts->series(row);
  if (series == 0)
    out += "null";
  else
    append_json(out, view_.facts->series_name(series));
  const auto object = data::item_to_json(item, view_.dataset->catalog.schema());
  out += ",\"attributes\":";
  out += object.contains("attributes")
             ? object["attributes"].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
             : "{}";
  out += "}}";
}

void Call::get_search() {
  query_.allow_only({"q", "size"});
  const std::string words = query_.required("q");
  const auto size = query_.number("size", 8, 1, 100);
  if (words.size() > 256) query_.fail("q", "is longer than 256 bytes");
  if (failed()) return;
  response_.body += "{\"items\":[";
  const auto hits = view_.search.find(words, size);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (i > 0) response_.body += ',';
    append_card(response_.body, view_, hits[i].row);
  }
  response_.body += "]}";
}

const std::vector<Row>* Call::required_genre() {
  const std::string genre = query_.required("genre");
  const auto found = view_.genres.find(genre);
  if (!query_.error() && found == view_.genres.end()) {
    std::vector<std::string> names;
    for (const auto& [name, rows] : view_.genres) names.push_back(name);
    query_.fail("genre", fmt::format("\"{}\" is not known; there are {}", genre.substr(0, 64),
                                     fmt::join(names, ", ")));
  }
  return failed() ? nullptr : &found->second;
}

void Call::get_items() {
  query_.allow_only({"genre", "sort", "size"});
  const auto size = query_.number("size", 20, 1, 1000);
  const std::string sort = query_.text("sort").value_or("rating");
  if (sort != "rating" && sort != "popularity" && sort != "year")
    query_.fail("sort", "must be rating, popularity or year");
  const auto* rows = required_genre();
  if (rows == nullptr) return;
  std::vector<Row> sorted = *rows;
  const auto by = [&](auto key) {
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return key(a) > key(b); });
  };
  if (sort == "popularity") by([&](Row r) { return view_.ratings[r]; });
  if (sort == "year") by([&](Row r) { return view_.dataset->catalog[r].year; });
  response_.body += "{\"items\":[";
  for (std::size_t i = 0; i < std::min<std::size_t>(size, sorted.size()); ++i) {
    if (i > 0) response_.body += ',';
    append_card(response_.body, view_, sorted[i]);
  }
  response_.body += "]}";
}

void Call::get_genres() {
  query_.allow_only({});
  if (failed()) return;
  response_.body += "{\"genres\":[";
  bool first = true;
  for (const auto& [name, rows] : view_.genres) {
    response_.body += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    append_json(response_.body, name);
    fmt::format_to(std::back_inserter(response_.body), ",\"items\":{}}}", rows.size());
  }
  response_.body += "]}";
}

namespace {

std::vector<Row> first_rows(std::vector<Row> rows, std::size_t size) {
  if (rows.size() > size) rows.resize(size);
  return rows;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): one row after the other.
void Call::get_home() {
  query_.allow_only({"user", "looked", "size", "model"});
  const auto size = query_.number("size", 12, 1, 100);
  const auto served = model_or_fail(false);
  std::vector<rank::Seed> looked;
  read_seeds(query_, "looked", *now_, 1, looked);
  if (failed()) return;
  const recall::ItemFacts& facts = *view_.facts;
  if (const auto user = query_.text("user"); user && looked.empty()) {
    if (const auto number = facts.find_user(*user)) {
      const auto liked = facts.liked(*number);
      for (std::size_t i = liked.size(); i > 0 && looked.size() < 2; --i)
        looked.push_back({liked[i - 1], 1});
    }
  }
  if (looked.size() > 3) looked.resize(3);
  std::string& out = response_.body;
  out += "{\"rows\":[";
  const auto open = [&](std::string_view name) {
    if (out.back() == '}') out += ',';
    out += "{\"name\":";
    append_json(out, name);
  };
  const auto cards = [&](const std::vector<Row>& rows) {
    out += ",\"items\":[";
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) out += ',';
      append_card(out, view_, rows[i]);
    }
    out += "]}";
  };
  for (const rank::Seed& seed : looked) {
    rank::Request request;
    request.seeds = {seed};
    request.size = size;
    const auto answer = recommend(request, *served);
    open("because");
    out += ",\"seed\":";
    append_card(out, view_, seed.row);
    out += ",\"genre\":null";
    append_list(answer, seed.row, *served, {.reasons = true, .parts = false, .fields = {}});
    out += '}';
  }
  std::vector<Row> gems;
  std::vector<Row> fresh;
  std::vector<Row> popular;
  for (Row row = 0; row < facts.size(); ++row) {
    if (!now_->hidden->empty() && (*now_->hidden)[row] != 0) continue;
    if (facts.percentile(row) <= 93 && facts.liked_by(row).size() >= 3) gems.push_back(row);
    if (facts.catalog()[row].year > 0) fresh.push_back(row);
    popular.push_back(row);
  }
  const auto best = [&](std::vector<Row>& rows, auto key) {
    std::stable_sort(rows.begin(), rows.end(), [&](Row a, Row b) { return key(a) > key(b); });
    return first_rows(rows, size);
  };
  const auto plain = [&](std::string_view name, const std::vector<Row>& rows) {
    open(name);
    out += ",\"seed\":null,\"genre\":null";
    cards(rows);
  };
  plain("hidden-gems", best(gems, [&](Row r) { return facts.quality(r); }));
  plain("fresh", best(fresh, [&](Row r) {
          return static_cast<float>(facts.catalog()[r].year) + 0.1F * facts.popularity(r);
        }));
  plain("popular", best(popular, [&](Row r) { return facts.popularity(r); }));
  std::vector<std::pair<std::size_t, std::string>> genres;
  for (const auto& [name, rows] : view_.genres) genres.emplace_back(rows.size(), name);
  std::sort(genres.rbegin(), genres.rend());
  if (genres.size() > 8) genres.resize(8);
  for (const auto& [count, name] : genres) {
    open("genre");
    out += ",\"seed\":null,\"genre\":";
    append_json(out, name);
    cards(first_rows(view_.genres.at(name), size));
  }
  out += "]}";
}

}  // namespace sparrow::serve
