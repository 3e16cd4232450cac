// Reports of bad pairs: each is a regression case, shown with where the pair stands now.
#include <map>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"

namespace sparrow::api {

using nlohmann::json;

namespace {

// A reported pair is a regression case: where the served model has it in the list, with the rules
// (what people see) and without them (what the model says).
json regression_now(const Context& c, const std::string& seed, const std::string& item,
                    const live::ServedModel& served) {
  constexpr std::size_t kListed = 20;
  json now = {{"model", served.model.manifest.name},
              {"version", served.model.manifest.version},
              {"listed", kListed},
              {"rank", nullptr},
              {"rank_without_rules", nullptr},
              {"blocked", false}};
  const auto seed_row = c.view.find(seed);
  const auto item_row = c.view.find(item);
  if (!seed_row || !item_row) return now;
  now["blocked"] = !c.now->rules->allows(*item_row, *seed_row, nullptr);
  rank::Request request = start_request(c);
  request.seeds = {{*seed_row, 1}};
  request.size = kListed;
  rank::Request unruled = request;
  unruled.rules = nullptr;
  for (const auto& [name, asked] : {std::pair<const char*, const rank::Request*>{"rank", &request},
                                    {"rank_without_rules", &unruled}}) {
    const auto answer = served.recommender->recommend(*asked);
    for (std::size_t i = 0; i < answer.items.size(); ++i) {
      if (answer.items[i].row == *item_row) now[name] = i + 1;
    }
  }
  return now;
}

// Adds the rule that keeps the pair apart; a second one would change nothing.
Result<void> block_pair(Context& c, const json& seed, const json& item) {
  const std::lock_guard one_editor(c.services.editor_mutex);
  const auto present = c.services.state.snapshot()->rules;
  json rules = present->source();
  for (const json& rule : rules["rules"]) {
    if (live::text_of(rule, "type") == "block_pair" && rule.value("a", json()) == seed &&
        rule.value("b", json()) == item)
      return {};
  }
  rules["version"] = present->version() + 1;
  rules["rules"].push_back(
      {{"type", "block_pair"}, {"a", seed}, {"b", item}, {"note", "reported"}});
  return c.services.state.replace_rules(c.services.options.home, rules);
}

}  // namespace

void get_reports(Context& c, http::Response& response) {
  c.query.allow_only({"model"});
  const auto served = model_of(c);
  if (failed(c, response)) return;
  // The last entry of a pair is its state; all of them are its history.
  std::map<std::pair<std::string, std::string>, json> latest;
  const auto reports = c.services.reports.entries();
  if (!reports) return fail(response, reports.error());
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
      if (const auto row = c.view.find(live::text_of(entry, name)))
        entry[std::string(name) + "_title"] = c.view.dataset->catalog[*row].title;
    }
    entry["now"] = regression_now(c, pair.first, pair.second, *served);
    list.push_back(std::move(entry));
  }
  response.body = http::json_text(json{{"reports", list}});
}

void post_reports(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  if (!member_item(c, response, *object, "seed") || !member_item(c, response, *object, "item"))
    return;
  const auto state = member(response, *object, "state", 16);
  if (!state) return;
  if (*state != "reported" && *state != "understood" && *state != "fixed")
    return http::write_error(response, 400, "invalid_input",
                             "\"state\" must be reported, understood or fixed", "state");
  json kept = {{"time", utc_now()},
               {"seed", (*object)["seed"]},
               {"item", (*object)["item"]},
               {"state", *state}};
  for (const char* name : {"note", "fixed_in"}) {
    if (object->contains(name)) {
      const auto text = member(response, *object, name, 2000);
      if (!text) return;
      kept[name] = *text;
    }
  }
  if (*state == "fixed" && !member(response, *object, "fixed_in", 2000)) return;
  kept["block"] = object->value("block", json(false)) == json(true);
  if (kept["block"] == true) {
    if (auto blocked = block_pair(c, kept["seed"], kept["item"]); !blocked)
      return fail(response, blocked.error());
  }
  if (auto saved = c.services.reports.append(kept); !saved) return fail(response, saved.error());
  response.body = "{\"saved\":1}";
}

}  // namespace sparrow::api
