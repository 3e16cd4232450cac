// SparrowRecSys's endpoints with its JSON shapes, so that its front end works against this server.
// Ids that are whole numbers are numbers, as there; others are strings. Errors are ours: 4xx with
// JSON.

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/serve/call.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {
namespace {

constexpr std::size_t kTopRatings = 10;

void append_id(std::string& out, const std::string& id) {
  const bool number =
      !id.empty() && id.size() <= 9 && (id.size() == 1 || id[0] != '0') &&
      std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number)
    out += id;
  else
    append_json(out, id);
}

void append_rating(std::string& out, const std::string& movie, const std::string& user, float score,
                   std::int64_t time) {
  out += "{\"rating\":{\"movieId\":";
  append_id(out, movie);
  out += ",\"userId\":";
  append_id(out, user);
  fmt::format_to(std::back_inserter(out), ",\"score\":{:.1f},\"timestamp\":{}}}}}", score, time);
}

void append_movie(std::string& out, const CatalogView& view, Row row) {
  const data::Item& item = view.dataset->catalog[row];
  out += "{\"movieId\":";
  append_id(out, item.id);
  out += ",\"title\":";
  append_json(out, item.title);
  fmt::format_to(std::back_inserter(out), ",\"releaseYear\":{},\"imdbId\":", item.year);
  append_json(out, item.text(data::kImdbId));
  out += ",\"tmdbId\":";
  append_json(out, item.text(data::kTmdbId));
  out += ",\"genres\":[";
  for (std::size_t g = 0; g < item.list(data::kGenres).size(); ++g) {
    if (g > 0) out += ',';
    append_json(out, item.list(data::kGenres)[g]);
  }
  fmt::format_to(std::back_inserter(out),
                 "],\"ratingNumber\":{},\"averageRating\":{},\"topRatings\":[", view.ratings[row],
                 view.average[row]);
  const std::uint64_t begin = view.by_item_offsets[row];
  const std::uint64_t end =
      std::min<std::uint64_t>(view.by_item_offsets[row + 1], begin + kTopRatings);
  for (std::uint64_t e = begin; e < end; ++e) {
    if (e > begin) out += ',';
    append_rating(out, item.id, view.dataset->users[view.by_item_user[e]], view.by_item_value[e],
                  view.by_item_time[e]);
  }
  out += "]}";
}

void append_movies(std::string& out, const CatalogView& view, const std::vector<Row>& rows) {
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
std::optional<std::uint32_t> required_user(Query& query, const CatalogView& view,
                                           Response& response) {
  const std::string id = query.required("id");
  if (query.error()) {
    write_error(response, 400, "invalid_input", query.error()->message, query.error()->parameter);
    return std::nullopt;
  }
  const auto found = view.facts->find_user(id);
  if (!found) {
    write_error(response, 404, "not_found",
                fmt::format("there is no user \"{}\"", id.substr(0, 64)), "id");
    return std::nullopt;
  }
  return found;
}

}  // namespace

bool Call::route_compatible(std::string_view path) {
  endpoint_ = Endpoint::kCompatible;
  if (path == "/getmovie")
    compatible_movie();
  else if (path == "/getsimilarmovie")
    compatible_similar();
  else if (path == "/getrecommendation")
    compatible_genre();
  else if (path == "/getuser")
    compatible_user();
  else if (path == "/getrecforyou")
    compatible_for_user();
  else
    return false;
  return true;
}

Row Call::required_item(std::string_view name) {
  const std::string id = query_.required(name);
  if (failed()) return kNoRow;
  const auto row = view_.find(id);
  if (!row)
    write_error(response_, 404, "not_found",
                fmt::format("there is no item \"{}\"", id.substr(0, 64)), name);
  return row.value_or(kNoRow);
}

void Call::compatible_movie() {
  const Row row = required_item("id");
  if (row != kNoRow) append_movie(response_.body, view_, row);
}

void Call::compatible_similar() {
  rank::SimilarRequest request;
  request.size = query_.number("size", 20, 1, 1000);
  const auto served = model_or_fail(true);
  request.seed = required_item("movieId");
  if (request.seed == kNoRow) return;
  append_movies(response_.body, view_, rows_of(served->recommender->similar(request)));
}

void Call::compatible_genre() {
  const auto size = query_.number("size", 20, 1, 1000);
  const std::string sort = query_.text("sortby").value_or("rating");
  if (sort != "rating" && sort != "releaseYear")
    query_.fail("sortby", "must be rating or releaseYear");
  const auto* rows = required_genre();
  if (rows == nullptr) return;
  std::vector<Row> sorted = *rows;
  if (sort == "releaseYear") {
    const data::Catalog& catalog = view_.dataset->catalog;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](Row a, Row b) { return catalog[a].year > catalog[b].year; });
  }
  sorted.resize(std::min<std::size_t>(size, sorted.size()));
  append_movies(response_.body, view_, sorted);
}

void Call::compatible_user() {
  const auto user = required_user(query_, view_, response_);
  if (!user) return;
  const data::Interactions& log = view_.dataset->interactions;
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
  std::string& out = response_.body;
  out += "{\"userId\":";
  append_id(out, view_.dataset->users[*user]);
  fmt::format_to(std::back_inserter(out),
                 ",\"averageRating\":{},\"highestRating\":{:.1f},\"lowestRating\":{:.1f},"
                 "\"ratingCount\":{},\"ratings\":[",
                 end > begin ? sum / static_cast<double>(end - begin) : 0.0, highest, lowest,
                 end - begin);
  for (std::uint64_t e = begin; e < end; ++e) {
    if (e > begin) out += ',';
    append_rating(out, view_.dataset->catalog[log.items[e]].id, view_.dataset->users[*user],
                  log.values[e], log.times[e]);
  }
  out += "]}";
}

void Call::compatible_for_user() {
  rank::UserRequest request;
  request.size = query_.number("size", 20, 1, 1000);
  const auto served = model_or_fail(true);
  const auto user = required_user(query_, view_, response_);
  if (!user) return;
  const data::Interactions& log = view_.dataset->interactions;
  constexpr float kLiked = 3.5F;
  for (std::uint64_t e = log.offsets[*user]; e < log.offsets[*user + 1]; ++e) {
    (log.values[e] >= kLiked ? request.history : request.exclude).push_back(log.items[e]);
  }
  append_movies(response_.body, view_, rows_of(served->recommender->for_user(request)));
}

}  // namespace sparrow::serve
