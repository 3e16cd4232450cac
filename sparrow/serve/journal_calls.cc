// Calls by which people tell what they think: judgements, blind votes, reports, feedback.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/serve/call.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {
namespace {

using nlohmann::json;

constexpr int kGrades = 4;  // 0..3

std::string text_of(const json& entry, const char* name) {
  return entry.contains(name) && entry[name].is_string() ? entry[name].get<std::string>() : "";
}

// Latest grade of each (seed, item, grader).
std::map<std::pair<std::string, std::string>, std::map<std::string, int>> grades_by_pair(
    const std::vector<json>& entries) {
  std::map<std::pair<std::string, std::string>, std::map<std::string, int>> pairs;
  for (const json& e : entries) {
    if (e.contains("grade") && e["grade"].is_number_integer())
      pairs[{text_of(e, "seed"), text_of(e, "item")}][text_of(e, "grader")] = e["grade"].get<int>();
  }
  return pairs;
}

// Fleiss' kappa (Fleiss 1971) over pairs with two graders or more, extended to unequal numbers of
// graders; null where nothing can be said.
json agreement_of(const std::vector<json>& entries) {
  const auto pairs = grades_by_pair(entries);
  std::set<std::string> graders;
  double observed = 0;
  double shared = 0;
  double ratings = 0;
  std::array<double, kGrades> share{};
  for (const auto& [pair, grades] : pairs) {
    for (const auto& [grader, grade] : grades) graders.insert(grader);
    if (grades.size() < 2) continue;
    std::array<double, kGrades> counts{};
    for (const auto& [grader, grade] : grades)
      ++counts[static_cast<std::size_t>(std::clamp(grade, 0, kGrades - 1))];
    const auto n = static_cast<double>(grades.size());
    double agree = 0;
    for (std::size_t g = 0; g < counts.size(); ++g) {
      agree += counts[g] * (counts[g] - 1);
      share[g] += counts[g];
    }
    observed += agree / (n * (n - 1));
    ratings += n;
    ++shared;
  }
  json kappa = nullptr;
  if (shared > 0) {
    double chance = 0;
    for (const double s : share) chance += (s / ratings) * (s / ratings);
    if (chance < 1) kappa = (observed / shared - chance) / (1 - chance);
  }
  return {{"graders", graders.size()},
          {"pairs", pairs.size()},
          {"shared_pairs", static_cast<std::size_t>(shared)},
          {"kappa", kappa}};
}

}  // namespace

void Call::get_judgements() {
  query_.allow_only({"format", "seed"});
  const std::string format = query_.text("format").value_or("json");
  if (format != "json" && format != "tsv" && format != "qrels")
    query_.fail("format", "must be json, tsv or qrels");
  if (failed()) return;
  std::vector<json> entries = api_.judgements_.entries();
  if (const auto seed = query_.text("seed"))
    std::erase_if(entries, [&](const json& e) { return text_of(e, "seed") != *seed; });
  std::string& out = response_.body;
  if (format == "json") {
    out = json{{"judgements", entries}, {"agreement", agreement_of(entries)}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
    return;
  }
  // A pair's grade is the mean of its graders: what `sparrow evaluate --ground-truth` reads.
  response_.content_type = "text/plain; charset=utf-8";
  if (format == "tsv") out = "itemId\tneighborId\tgrade\n";
  for (const auto& [pair, grades] : grades_by_pair(entries)) {
    double sum = 0;
    for (const auto& [grader, grade] : grades) sum += grade;
    const double mean = sum / static_cast<double>(grades.size());
    if (format == "tsv")
      fmt::format_to(std::back_inserter(out), "{}\t{}\t{:g}\n", pair.first, pair.second, mean);
    else
      fmt::format_to(std::back_inserter(out), "{} 0 {} {:.0f}\n", pair.first, pair.second, mean);
  }
}

void Call::post_judgements() {
  query_.allow_only({});
  if (failed()) return;
  auto list = body();
  if (!list) return;
  if (list->is_object()) list = json::array({*list});
  constexpr std::size_t kMost = 1000;
  if (!list->is_array() || list->empty() || list->size() > kMost)
    return write_error(response_, 400, "invalid_input", "a list of 1 to 1,000 judgements", "body");
  for (json& entry : *list) {
    if (!member(entry, "grader", 64) || !member_item(entry, "seed") || !member_item(entry, "item"))
      return;
    if (!entry.contains("grade") || !entry["grade"].is_number_integer() || entry["grade"] < 0 ||
        entry["grade"] >= kGrades)
      return write_error(response_, 400, "invalid_input", "\"grade\" must be 0, 1, 2 or 3",
                         "grade");
    json kept = {{"time", utc_now()}, {"grade", entry["grade"]}};
    for (const char* name : {"grader", "seed", "item", "reason", "model", "version", "note"}) {
      if (!entry.contains(name)) continue;
      const auto text = text_of(entry, name);
      if (!entry[name].is_string() || text.size() > 1000)
        return write_error(response_, 400, "invalid_input", "must be a text of at most 1,000 bytes",
                           name);
      kept[name] = text;
    }
    entry = std::move(kept);
  }
  for (const json& entry : *list) {
    if (auto saved = api_.judgements_.append(entry); !saved) return fail(saved.error());
  }
  response_.body = json{{"saved", list->size()}}.dump();
}

void Call::get_votes() {
  query_.allow_only({});
  if (failed()) return;
  struct Tally {
    std::size_t a = 0;
    std::size_t b = 0;
    std::size_t ties = 0;
  };
  std::map<std::pair<std::string, std::string>, Tally> tallies;
  for (const json& vote : api_.votes_.entries()) {
    std::string left = text_of(vote, "left");
    std::string right = text_of(vote, "right");
    const std::string winner = text_of(vote, "winner");
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
  response_.body = json{{"pairs", pairs}}.dump(-1, ' ', false, json::error_handler_t::replace);
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
    return write_error(response_, 400, "invalid_input", "\"winner\" must be left, right or tie",
                       "winner");
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
  query_.allow_only({});
  if (failed()) return;
  // The last entry of a pair is its state.
  std::map<std::pair<std::string, std::string>, json> latest;
  for (const json& entry : api_.reports_.entries())
    latest[{text_of(entry, "seed"), text_of(entry, "item")}] = entry;
  json list = json::array();
  for (auto& [pair, entry] : latest) {
    for (const char* name : {"seed", "item"}) {
      if (const auto row = view_.find(text_of(entry, name)))
        entry[std::string(name) + "_title"] = view_.dataset->catalog[*row].title;
    }
    list.push_back(std::move(entry));
  }
  response_.body = json{{"reports", list}}.dump(-1, ' ', false, json::error_handler_t::replace);
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
    return write_error(response_, 400, "invalid_input",
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
  kept["block"] = object->value("block", json(false)) == json(true);
  if (kept["block"] == true) {
    const std::lock_guard one_editor(api_.editor_mutex_);
    const auto present = api_.snapshot()->rules;
    json rules = present->source();
    rules["version"] = present->version() + 1;
    rules["rules"].push_back(
        {{"type", "block_pair"}, {"a", kept["seed"]}, {"b", kept["item"]}, {"note", "reported"}});
    if (!api_.options_.home.empty()) {
      if (auto w = write_file_atomically(api_.options_.home / "rules.json", rules.dump(2) + "\n");
          !w)
        return fail(w.error());
    }
    if (auto set = api_.set_rules(rules); !set) return fail(set.error());
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
  static const std::map<std::string, EventKind> kinds = {{"hide", EventKind::kHidden},
                                                         {"not_similar", EventKind::kShown},
                                                         {"seen", EventKind::kSeen},
                                                         {"play", EventKind::kPlayed},
                                                         {"shown", EventKind::kShown}};
  const auto known = kinds.find(*kind);
  if (known == kinds.end())
    return write_error(response_, 400, "invalid_input",
                       "\"kind\" must be hide, not_similar, seen, play or shown", "kind");
  json kept = {{"time", utc_now()}, {"user", *user}, {"item", (*object)["item"]}, {"kind", *kind}};
  if (object->contains("seed")) {
    if (!member_item(*object, "seed")) return;
    kept["seed"] = (*object)["seed"];
  }
  api_.events_.add(*user, *item, known->second);
  if (*kind != "shown") {
    if (auto saved = api_.feedback_.append(kept); !saved) return fail(saved.error());
  }
  response_.body = "{\"saved\":1}";
}

}  // namespace sparrow::serve
