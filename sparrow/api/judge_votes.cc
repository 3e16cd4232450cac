// Votes of the blind comparison: whose list is better, left or right.
#include <map>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"

namespace sparrow::api {

using nlohmann::json;

void get_votes(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  struct Tally {
    std::size_t a = 0;
    std::size_t b = 0;
    std::size_t ties = 0;
  };
  std::map<std::pair<std::string, std::string>, Tally> tallies;
  const auto votes = c.services.votes.entries();
  if (!votes) return fail(response, votes.error());
  for (const json& vote : *votes) {
    std::string left = live::text_of(vote, "left");
    std::string right = live::text_of(vote, "right");
    const std::string winner = live::text_of(vote, "winner");
    const bool swapped = right < left;
    if (swapped) std::swap(left, right);
    Tally& tally = tallies[{left, right}];
    if (winner == "tie")
      ++tally.ties;
    else if ((winner == "left") != swapped)
      ++tally.a;
    else
      ++tally.b;
  }
  json pairs = json::array();
  for (const auto& [names, tally] : tallies)
    pairs.push_back({{"a", names.first},
                     {"b", names.second},
                     {"wins_a", tally.a},
                     {"wins_b", tally.b},
                     {"ties", tally.ties}});
  response.body = http::json_text(json{{"pairs", pairs}});
}

void post_votes(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  if (!member(response, *object, "grader", 64) || !member_item(c, response, *object, "seed"))
    return;
  const auto winner = member(response, *object, "winner", 8);
  if (!winner) return;
  if (*winner != "left" && *winner != "right" && *winner != "tie")
    return http::write_error(response, 400, "invalid_input",
                             "\"winner\" must be left, right or tie", "winner");
  json kept = {{"time", utc_now()},
               {"grader", (*object)["grader"]},
               {"seed", (*object)["seed"]},
               {"winner", *winner}};
  for (const char* side : {"left", "right"}) {
    if (!object->contains(side)) return (void)member(response, *object, side);
    const json& model = (*object)[side];
    const auto name = member(response, model, "name", 64);
    const auto version = name ? member(response, model, "version", 64) : std::nullopt;
    if (!version) return;
    kept[side] = *name + "@" + *version;
  }
  if (!may_write(c, response, 1)) return;
  if (auto saved = c.services.votes.append(kept); !saved) return fail(response, saved.error());
  response.body = "{\"saved\":1}";
}

}  // namespace sparrow::api
