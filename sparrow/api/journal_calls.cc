// Calls by which people tell what they think: blind votes, reports of bad pairs, feedback.
// Judgements are in judgement_calls.cc.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sparrow/api/call.h"
#include "sparrow/core/clock.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

using nlohmann::json;

void Call::get_votes() {
  query_.allow_only({});
  if (failed()) return;
  struct Tally {
    std::size_t a = 0;
    std::size_t b = 0;
    std::size_t ties = 0;
  };
  std::map<std::pair<std::string, std::string>, Tally> tallies;
  const auto votes = api_.votes_.entries();
  if (!votes) return fail(votes.error());
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
  response_.body = http::json_text(json{{"pairs", pairs}});
}

void Call::post_votes() {
  query_.allow_only({});
  if (failed()) return;
  const auto object = body();
  if (!object) return;
  if (!member(*object, "grader", 64) || !member_item(*object, "seed")) return;
  const auto winner = member(*object, "winner", 8);
  if (!winner) return;
  if (*winner != "left" && *winner != "right" && *winner != "tie")
    return http::write_error(response_, 400, "invalid_input",
                             "\"winner\" must be left, right or tie", "winner");
  json kept = {{"time", utc_now()},
               {"grader", (*object)["grader"]},
               {"seed", (*object)["seed"]},
               {"winner", *winner}};
  for (const char* side : {"left", "right"}) {
    if (!object->contains(side)) return (void)member(*object, side);
    const json& model = (*object)[side];
    const auto name = member(model, "name", 64);
    const auto version = name ? member(model, "version", 64) : std::nullopt;
    if (!version) return;
    kept[side] = *name + "@" + *version;
  }
  if (auto saved = api_.votes_.append(kept); !saved) return fail(saved.error());
  response_.body = "{\"saved\":1}";
}

void Call::get_reports() {
  query_.allow_only({"model"});
  const auto served = model_or_fail(false);
  if (failed()) return;
  // The last entry of a pair is its state; all of them are its history.
  std::map<std::pair<std::string, std::string>, json> latest;
  const auto reports = api_.reports_.entries();
  if (!reports) return fail(reports.error());
  for (const json& entry : *reports) {
    json& report = latest[{live::text_of(entry, "seed"), live::text_of(entry, "item")}];
    json history = report.is_object() ? std::move(report["history"]) : json::array();
    json step = {{"time", live::text_of(entry, "time")}, {"state", live::text_of(entry, "state")}};
    for (const char* name : {"note", "fixed_in"}) {
      if (entry.contains(name)) step[name] = entry[name];
    }
    history.push_back(std::move(step));
    report = entry;
    report["history"] = std::move(history);
  }
  json list = json::array();
  for (auto& [pair, entry] : latest) {
    for (const char* name : {"seed", "item"}) {
      if (const auto row = view_.find(live::text_of(entry, name)))
        entry[std::string(name) + "_title"] = view_.dataset->catalog[*row].title;
    }
    entry["now"] = regression_now(pair.first, pair.second, *served);
    list.push_back(std::move(entry));
  }
  response_.body = http::json_text(json{{"reports", list}});
}

// A reported pair is a regression case: where the served model has it in the list, with the rules
// (what people see) and without them (what the model says).
json Call::regression_now(const std::string& seed, const std::string& item,
                          const live::ServedModel& served) const {
  constexpr std::size_t kListed = 20;
  json now = {{"model", served.model.manifest.name},
              {"version", served.model.manifest.version},
              {"listed", kListed},
              {"rank", nullptr},
              {"rank_without_rules", nullptr},
              {"blocked", false}};
  const auto seed_row = view_.find(seed);
  const auto item_row = view_.find(item);
  if (!seed_row || !item_row) return now;
  now["blocked"] = !now_->rules->allows(*item_row, *seed_row, nullptr);
  rank::Request request;
  request.seeds = {{*seed_row, 1}};
  request.size = kListed;
  request.hidden = now_->pool->hidden;
  for (const auto& [name, rules] :
       {std::pair<const char*, const rank::Rules*>{"rank_without_rules", nullptr},
        {"rank", now_->rules->empty() ? nullptr : now_->rules.get()}}) {
    request.rules = rules;
    const auto answer = served.recommender->recommend(request);
    for (std::size_t i = 0; i < answer.items.size(); ++i) {
      if (answer.items[i].row == *item_row) now[name] = i + 1;
    }
  }
  return now;
}

// Adds the rule that keeps the pair apart; a second one would change nothing.
Result<void> Call::block_pair(const json& seed, const json& item) {
  const std::lock_guard one_editor(api_.editor_mutex_);
  const auto present = api_.snapshot()->rules;
  json rules = present->source();
  for (const json& rule : rules["rules"]) {
    if (live::text_of(rule, "type") == "block_pair" && rule.value("a", json()) == seed &&
        rule.value("b", json()) == item)
      return {};
  }
  rules["version"] = present->version() + 1;
  rules["rules"].push_back(
      {{"type", "block_pair"}, {"a", seed}, {"b", item}, {"note", "reported"}});
  return api_.replace_rules(rules);
}

void Call::post_reports() {
  query_.allow_only({});
  if (failed() || !authorized(Role::kEditor)) return;
  const auto object = body();
  if (!object) return;
  if (!member_item(*object, "seed") || !member_item(*object, "item")) return;
  const auto state = member(*object, "state", 16);
  if (!state) return;
  if (*state != "reported" && *state != "understood" && *state != "fixed")
    return http::write_error(response_, 400, "invalid_input",
                             "\"state\" must be reported, understood or fixed", "state");
  json kept = {{"time", utc_now()},
               {"seed", (*object)["seed"]},
               {"item", (*object)["item"]},
               {"state", *state}};
  for (const char* name : {"note", "fixed_in"}) {
    if (object->contains(name)) {
      const auto text = member(*object, name, 2000);
      if (!text) return;
      kept[name] = *text;
    }
  }
  if (*state == "fixed" && !member(*object, "fixed_in", 2000)) return;
  kept["block"] = object->value("block", json(false)) == json(true);
  if (kept["block"] == true) {
    if (auto blocked = block_pair(kept["seed"], kept["item"]); !blocked)
      return fail(blocked.error());
  }
  if (auto saved = api_.reports_.append(kept); !saved) return fail(saved.error());
  response_.body = "{\"saved\":1}";
}

void Call::post_feedback() {
  query_.allow_only({});
  if (failed()) return;
  const auto object = body();
  if (!object) return;
  const auto user = member(*object, "user", 128);
  if (!user) return;
  const auto item = member_item(*object, "item");
  if (!item) return;
  const auto kind = member(*object, "kind", 16);
  if (!kind) return;
  if (*kind != "undo" && !Api::event_kind(*kind))
    return http::write_error(response_, 400, "invalid_input",
                             "\"kind\" must be hide, not_similar, seen, play, shown or undo",
                             "kind");
  json kept = {{"time", utc_now()}, {"user", *user}, {"item", (*object)["item"]}, {"kind", *kind}};
  if (object->contains("seed")) {
    if (!member_item(*object, "seed")) return;
    kept["seed"] = (*object)["seed"];
  }
  if (object->contains("of")) {
    const auto of = member(*object, "of", 16);
    if (!of) return;
    if (*kind != "undo" || (*of != "hide" && *of != "not_similar" && *of != "seen"))
      return http::write_error(response_, 400, "invalid_input",
                               "\"of\" goes with \"undo\": hide, not_similar or seen", "of");
    kept["of"] = *of;
  }
  // To take back what was never said changes nothing and is not kept. What is refused by the disk
  // is not in lists either.
  const bool changes = api_.would_take(kept, *item);
  if (*kind != "shown" && changes) {
    if (auto saved = api_.feedback_.append(kept); !saved) return fail(saved.error());
  }
  const bool changed = api_.take(kept, *item);
  response_.body = changed ? "{\"saved\":1}" : "{\"saved\":0}";
}

}  // namespace sparrow::api
