// The shelves of the home page.
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/api/cards.h"
#include "sparrow/api/handlers.h"
#include "sparrow/api/list_answer.h"

namespace sparrow::api {
namespace {

std::vector<Row> first_rows(std::vector<Row> rows, std::size_t size) {
  if (rows.size() > size) rows.resize(size);
  return rows;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): one row after the other.
void get_home(Context& c, http::Response& response) {
  c.query.allow_only({"user", "looked", "size", "model", "hide"});
  const auto size = c.query.number("size", 12, 1, 100);
  const auto served = model_of(c);
  std::vector<rank::Seed> looked;
  read_seeds(c, "looked", 1, looked);
  if (failed(c, response)) return;
  const recall::ItemFacts& facts = *c.view.facts;
  const auto left_out = hidden_rows(c);
  const auto may_show = [&](Row row) { return c.now->may_show(row) && !left_out.contains(row); };
  if (const auto user = c.query.text("user"); user && looked.empty()) {
    if (const auto number = facts.find_user(*user)) {
      const auto liked = facts.liked(*number);
      for (std::size_t i = liked.size(); i > 0 && looked.size() < 2; --i)
        looked.push_back({liked[i - 1], 1});
    }
  }
  if (looked.size() > 3) looked.resize(3);
  std::string& out = response.body;
  out += "{\"rows\":[";
  const auto open = [&](std::string_view name) {
    if (out.back() == '}') out += ',';
    out += "{\"name\":";
    http::append_json(out, name);
  };
  const auto cards = [&](const std::vector<Row>& rows) {
    out += ",\"items\":[";
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) out += ',';
      append_card(out, c, rows[i]);
    }
    out += "]}";
  };
  for (const rank::Seed& seed : looked) {
    rank::Request request = start_request(c);
    request.seeds = {seed};
    request.size = size;
    request.controls.exclude.assign(left_out.begin(), left_out.end());
    const auto answer = recommend(c, request, *served);
    open("because");
    out += ",\"seed\":";
    append_card(out, c, seed.row);
    out += ",\"genre\":null";
    append_list(out, c, answer, seed.row, {.reasons = true});
    out += '}';
  }
  std::vector<Row> trending;
  if (c.now->live != nullptr) {
    for (const Neighbor& n : c.now->live->trending) {
      if (trending.size() < size && may_show(n.row)) trending.push_back(n.row);
    }
  }
  std::vector<Row> gems;
  std::vector<Row> fresh;
  std::vector<Row> popular;
  for (Row row = 0; row < facts.size(); ++row) {
    if (!may_show(row)) continue;
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
  // A row that would be half empty is none.
  constexpr std::size_t kLeastTrending = 3;
  if (trending.size() >= kLeastTrending) plain("trending", trending);
  plain("hidden-gems", best(gems, [&](Row r) { return facts.quality(r); }));
  plain("fresh", best(fresh, [&](Row r) {
          return static_cast<float>(facts.catalog()[r].year) + 0.1F * facts.popularity(r);
        }));
  plain("popular", best(popular, [&](Row r) { return facts.popularity(r); }));
  std::vector<std::pair<std::size_t, std::string>> genres;
  for (const auto& [name, rows] : c.view.genres) genres.emplace_back(rows.size(), name);
  std::sort(genres.rbegin(), genres.rend());
  if (genres.size() > 8) genres.resize(8);
  for (const auto& [count, name] : genres) {
    open("genre");
    out += ",\"seed\":null,\"genre\":";
    http::append_json(out, name);
    std::vector<Row> shown;
    for (const Row row : c.view.genres.at(name)) {
      if (shown.size() < size && may_show(row)) shown.push_back(row);
    }
    cards(shown);
  }
  out += "]}";
}

}  // namespace sparrow::api
