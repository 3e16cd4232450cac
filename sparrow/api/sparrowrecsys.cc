// SparrowRecSys's endpoints with its JSON shapes, so that its front end works against this server.
// Ids that are whole numbers are numbers, as there; others are strings. Errors are ours: 4xx with
// JSON.

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/api/list_answer.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {
namespace {

void append_id(std::string& out, const std::string& id) {
  const bool number =
      !id.empty() && id.size() <= 9 && (id.size() == 1 || id[0] != '0') &&
      std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number)
    out += id;
  else
    http::append_json(out, id);
}

void append_rating(std::string& out, const std::string& movie, const std::string& user, float score,
                   std::int64_t time) {
  out += "{\"rating\":{\"movieId\":";
  append_id(out, movie);
  out += ",\"userId\":";
  append_id(out, user);
  fmt::format_to(std::back_inserter(out), ",\"score\":{:.1f},\"timestamp\":{}}}}}", score, time);
}

void append_movie(std::string& out, const live::CatalogView& view, Row row) {
  const data::Item& item = view.dataset->catalog[row];
  out += "{\"movieId\":";
  append_id(out, item.id);
  out += ",\"title\":";
  http::append_json(out, item.title);
  fmt::format_to(std::back_inserter(out), ",\"releaseYear\":{},\"imdbId\":", item.year);
  http::append_json(out, item.text(data::kImdbId));
  out += ",\"tmdbId\":";
  http::append_json(out, item.text(data::kTmdbId));
  out += ",\"genres\":[";
  for (std::size_t g = 0; g < item.list(data::kGenres).size(); ++g) {
    if (g > 0) out += ',';
    http::append_json(out, item.list(data::kGenres)[g]);
  }
  fmt::format_to(std::back_inserter(out),
                 "],\"ratingNumber\":{},\"averageRating\":{},\"topRatings\":[", view.ratings[row],
                 view.average[row]);
  const data::Interactions& all = view.dataset->interactions;
  const live::TopRatings& top = view.top_ratings()[row];
  for (std::size_t i = 0; i < top.count; ++i) {
    if (i > 0) out += ',';
    const auto user = std::upper_bound(all.offsets.begin(), all.offsets.end(), top.at[i]) - 1;
    append_rating(out, item.id,
                  view.dataset->users[static_cast<std::size_t>(user - all.offsets.begin())],
                  all.values[top.at[i]], all.times[top.at[i]]);
  }
  out += "]}";
}

void append_movies(std::string& out, const live::CatalogView& view, const std::vector<Row>& rows) {
  out += '[';
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) out += ',';
    append_movie(out, view, rows[i]);
  }
  out += ']';
}

std::vector<Row> rows_of(const rank::Answer& answer) {
  std::vector<Row> rows;
  for (const auto& item : answer.items) rows.push_back(item.row);
  return rows;
}

// The user's number for ?id=; sets the response when there is none.
std::optional<std::uint32_t> required_user(http::Query& query, const live::CatalogView& view,
                                           http::Response& response) {
  const std::string id = query.required("id");
  if (query.error()) {
    http::write_error(response, 400, "invalid_input", query.error()->message,
                      query.error()->parameter);
    return std::nullopt;
  }
  const auto found = view.facts->find_user(id);
  if (!found) {
    http::write_error(response, 404, "not_found",
                      fmt::format("there is no user \"{}\"", id.substr(0, 64)), "id");
    return std::nullopt;
  }
  return found;
}

}  // namespace

void get_srs_movie(Context& c, http::Response& response) {
  const Row row = required_item(c, response, "id");
  if (row != kNoRow) append_movie(response.body, c.view, row);
}

void get_srs_similar(Context& c, http::Response& response) {
  rank::Request request = start_request(c);
  read_controls(c, request);
  const auto served = model_of(c);
  const Row seed = required_item(c, response, "movieId");
  if (seed == kNoRow) return;
  request.seeds = {{seed, 1}};
  append_movies(response.body, c.view, rows_of(recommend(c, request, *served)));
}

void get_srs_genre(Context& c, http::Response& response) {
  const auto size = c.query.number("size", 20, 1, 1000);
  const std::string sort = c.query.text("sortby").value_or("rating");
  if (sort != "rating" && sort != "releaseYear")
    c.query.fail("sortby", "must be rating or releaseYear");
  auto rows = required_genre(c, response);
  if (!rows) return;
  std::vector<Row>& sorted = *rows;
  if (sort == "releaseYear") {
    const data::Catalog& catalog = c.view.dataset->catalog;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](Row a, Row b) { return catalog[a].year > catalog[b].year; });
  }
  sorted.resize(std::min<std::size_t>(size, sorted.size()));
  append_movies(response.body, c.view, sorted);
}

void get_srs_user(Context& c, http::Response& response) {
  const auto user = required_user(c.query, c.view, response);
  if (!user) return;
  const data::Interactions& log = c.view.dataset->interactions;
  const std::uint64_t begin = log.offsets[*user];
  const std::uint64_t end = log.offsets[*user + 1];
  double sum = 0;
  float highest = 0;
  float lowest = 5;
  for (std::uint64_t e = begin; e < end; ++e) {
    sum += static_cast<double>(log.values[e]);
    highest = std::max(highest, log.values[e]);
    lowest = std::min(lowest, log.values[e]);
  }
  std::string& out = response.body;
  out += "{\"userId\":";
  append_id(out, c.view.dataset->users[*user]);
  fmt::format_to(std::back_inserter(out),
                 ",\"averageRating\":{},\"highestRating\":{:.1f},\"lowestRating\":{:.1f},"
                 "\"ratingCount\":{},\"ratings\":[",
                 end > begin ? sum / static_cast<double>(end - begin) : 0.0, highest, lowest,
                 end - begin);
  for (std::uint64_t e = begin; e < end; ++e) {
    if (e > begin) out += ',';
    append_rating(out, c.view.dataset->catalog[log.items[e]].id, c.view.dataset->users[*user],
                  log.values[e], log.times[e]);
  }
  out += "]}";
}

void get_srs_for_user(Context& c, http::Response& response) {
  rank::Request request = start_request(c);
  read_controls(c, request);
  const auto served = model_of(c);
  const auto user = required_user(c.query, c.view, response);
  if (!user) return;
  add_history(c, *user, request);
  append_movies(response.body, c.view, rows_of(recommend(c, request, *served)));
}

}  // namespace sparrow::api
