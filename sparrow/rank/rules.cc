#include "sparrow/rank/rules.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace sparrow::rank {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRules = 10'000;
constexpr std::size_t kMaxSets = 20;
constexpr std::size_t kLongestSet = 64;

std::uint64_t pair_key(Row a, Row b) {
  return (static_cast<std::uint64_t>(std::min(a, b)) << 32) | std::max(a, b);
}

Error bad(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

Result<FilterPtr> filter_of(const json& rule, const char* name, bool required,
                            const recall::ItemFacts& facts) {
  if (!rule.contains(name)) {
    if (required) return bad(fmt::format("\"{}\" is missing", name));
    return FilterPtr();
  }
  if (!rule[name].is_string()) return bad(fmt::format("\"{}\" is not a text", name));
  auto filter = Filter::parse(rule[name].get<std::string>(), facts);
  if (!filter) return bad(fmt::format("\"{}\": {}", name, filter.error().message));
  return *filter;
}

Result<Row> item_of(const json& value, const recall::ItemFacts& facts) {
  if (!value.is_string()) return bad("an item id is not a text");
  const auto row = facts.catalog().find(value.get<std::string>());
  if (!row) return bad(fmt::format("there is no item \"{}\"", value.get<std::string>()));
  return *row;
}

Result<void> only_fields(const json& rule, std::set<std::string> known) {
  known.insert({"type", "note", "id", "set"});
  for (const auto& [name, value] : rule.items()) {
    if (!known.contains(name)) return bad(fmt::format("\"{}\" is not a field of this rule", name));
  }
  return {};
}

// Empty: it is of no set.
Result<std::string> set_of(const json& rule) {
  const auto found = rule.is_object() ? rule.find("set") : rule.end();
  if (found == rule.end()) return std::string();
  const std::string name = found->is_string() ? found->get<std::string>() : std::string();
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (name.empty() || name.size() > kLongestSet || !plain || name == "none")
    return bad("\"set\" is not 1 to 64 of a-z, 0-9, \"-\" and \"_\", other than \"none\"");
  return name;
}

}  // namespace

const Rules* Rules::in_set(std::string_view name) const {
  const auto found = sets_.find(name);
  return found == sets_.end() ? nullptr : found->second.get();
}

std::vector<std::string_view> Rules::sets() const {
  std::vector<std::string_view> names;
  for (const auto& [name, rules] : sets_) names.emplace_back(name);
  return names;
}

Result<std::shared_ptr<const Rules>> Rules::parse(const json& input, const recall::ItemFacts& facts,
                                                  Faulty faulty) {
  if (!input.is_object() || !input.contains("rules") || !input["rules"].is_array())
    return bad("rules are {\"version\": n, \"rules\": [...]}");
  if (input["rules"].size() > kMaxRules && faulty == Faulty::kRefused)
    return bad("more than 10,000 rules");
  auto rules = std::make_shared<Rules>();
  rules->json_ = {{"version", 0}, {"rules", input["rules"]}};
  if (input.contains("version")) {
    if (!input["version"].is_number_integer() || input["version"] < 0)
      return bad("\"version\" is not a whole number");
    rules->json_["version"] = input["version"];
  }
  for (const json& rule : input["rules"]) {
    const auto set = set_of(rule);
    if (!set || set->empty() || rules->sets_.contains(*set)) continue;
    if (rules->sets_.size() == kMaxSets) return bad("more than 20 sets of rules");
    auto& of_set = rules->sets_[*set] = std::make_shared<Rules>();
    of_set->json_ = {{"version", rules->json_["version"]}, {"rules", json::array()}};
  }
  std::size_t number = 0;
  for (const json& rule : input["rules"]) {
    ++number;
    const auto added = rules->add_where_it_holds(rule, facts);
    if (added) continue;
    const std::string what = fmt::format("rule {}: {}", number, added.error().message);
    if (faulty == Faulty::kRefused) return bad(what);
    rules->resting_.push_back(what);
  }
  return std::shared_ptr<const Rules>(std::move(rules));
}

Result<void> Rules::add_where_it_holds(const json& rule, const recall::ItemFacts& facts) {
  const auto set = set_of(rule);
  if (!set) return set.error();
  if (!set->empty()) return sets_.at(*set)->add(rule, facts);
  for (const auto& [name, of_set] : sets_) {
    if (auto added = of_set->add(rule, facts); !added) return added;
  }
  return add(rule, facts);
}

Result<void> Rules::add(const json& rule, const recall::ItemFacts& facts) {
  if (!rule.is_object() || !rule.contains("type") || !rule["type"].is_string())
    return bad("is not an object with a \"type\"");
  for (const auto& [name, most] : {std::pair<const char*, std::size_t>{"id", 64}, {"note", 1000}}) {
    const auto found = rule.find(name);
    if (found != rule.end() &&
        (!found->is_string() || found->get_ref<const std::string&>().size() > most))
      return bad(fmt::format("\"{}\" is not a text of at most {} bytes", name, most));
  }
  const auto type = rule["type"].get<std::string>();
  auto when = filter_of(rule, "when", false, facts);
  if (!when) return when.error();
  ++count_;
  if (type == "filter") return add_filter(rule, *when, facts);
  if (type == "boost") return add_boost(rule, *when, facts);
  if (type == "pin") return add_pin(rule, *when, facts);
  if (type == "cap") return add_cap(rule);
  if (type == "block_pair") return add_block(rule, facts);
  return bad(fmt::format(
      "\"{}\" is not a type of rule; there are filter, boost, pin, cap and block_pair", type));
}

Result<void> Rules::add_filter(const json& rule, const FilterPtr& when,
                               const recall::ItemFacts& facts) {
  if (auto ok = only_fields(rule, {"when", "show"}); !ok) return ok;
  auto show = filter_of(rule, "show", true, facts);
  if (!show) return show.error();
  filters_.push_back({when, *show});
  return {};
}

Result<void> Rules::add_boost(const json& rule, const FilterPtr& when,
                              const recall::ItemFacts& facts) {
  if (auto ok = only_fields(rule, {"when", "items", "factor"}); !ok) return ok;
  auto items = filter_of(rule, "items", true, facts);
  if (!items) return items.error();
  if (!rule.contains("factor") || !rule["factor"].is_number() || rule["factor"] < 0.0 ||
      rule["factor"] > 10.0)
    return bad("\"factor\" is not a number in 0..10");
  boosts_.push_back({when, *items, rule["factor"].get<float>()});
  return {};
}

Result<void> Rules::add_pin(const json& rule, const FilterPtr& when,
                            const recall::ItemFacts& facts) {
  if (auto ok = only_fields(rule, {"when", "seed", "items"}); !ok) return ok;
  Pin pin{kNoRow, when, {}};
  if (rule.contains("seed")) {
    auto seed = item_of(rule["seed"], facts);
    if (!seed) return seed.error();
    pin.seed = *seed;
  }
  if (!rule.contains("items") || !rule["items"].is_array() || rule["items"].size() > 100)
    return bad("\"items\" is not a list of at most 100 ids");
  for (const json& id : rule["items"]) {
    auto row = item_of(id, facts);
    if (!row) return row.error();
    pin.items.push_back(*row);
  }
  pins_.push_back(std::move(pin));
  return {};
}

Result<void> Rules::add_cap(const json& rule) {
  if (auto ok = only_fields(rule, {"by", "max"}); !ok) return ok;
  if (!rule.contains("max") || !rule["max"].is_number_unsigned() || rule["max"] < 1U ||
      rule["max"] > 1000U)
    return bad("\"max\" is not a whole number in 1..1000");
  const auto by = rule.value("by", json()).is_string() ? rule["by"].get<std::string>() : "";
  std::size_t* cap = by == "genre"    ? &caps_.genre
                     : by == "series" ? &caps_.series
                     : by == "person" ? &caps_.person
                                      : nullptr;
  if (cap == nullptr) return bad("\"by\" must be genre, series or person");
  *cap = rule["max"].get<std::size_t>();
  return {};
}

Result<void> Rules::add_block(const json& rule, const recall::ItemFacts& facts) {
  if (auto ok = only_fields(rule, {"a", "b"}); !ok) return ok;
  auto a = item_of(rule.value("a", json()), facts);
  if (!a) return a.error();
  auto b = item_of(rule.value("b", json()), facts);
  if (!b) return b.error();
  blocked_.insert(pair_key(*a, *b));
  blocked_rows_.insert({*a, *b});
  return {};
}

bool Rules::allows(Row item, Row seed, std::string* why) const {
  if (seed != kNoRow && !blocked_.empty() && blocked_.contains(pair_key(item, seed))) {
    if (why != nullptr) *why = "a rule blocks this pair";
    return false;
  }
  for (const Show& rule : filters_) {
    if (rule.when != nullptr && (seed == kNoRow || !rule.when->holds(seed, seed))) continue;
    if (rule.show->holds(item, seed)) continue;
    if (why != nullptr)
      *why = rule.when == nullptr ? fmt::format("a rule shows only: {}", rule.show->text())
                                  : fmt::format("a rule for seeds with {} shows only: {}",
                                                rule.when->text(), rule.show->text());
    return false;
  }
  return true;
}

float Rules::factor(Row item, Row seed) const {
  float product = 1;
  for (const Boost& boost : boosts_) {
    if (boost.when != nullptr && (seed == kNoRow || !boost.when->holds(seed, seed))) continue;
    if (boost.items->holds(item, seed)) product *= boost.factor;
  }
  return product;
}

std::vector<Row> Rules::pins(Row seed) const {
  std::vector<Row> rows;
  for (const Pin& pin : pins_) {
    if (pin.seed != kNoRow && pin.seed != seed) continue;
    if (pin.when != nullptr && (seed == kNoRow || !pin.when->holds(seed, seed))) continue;
    rows.insert(rows.end(), pin.items.begin(), pin.items.end());
  }
  return rows;
}

bool Rules::touches(Row seed) const {
  const auto holds = [&](const FilterPtr& when) {
    return when == nullptr || when->holds(seed, seed);
  };
  return caps_.any() || blocked_rows_.contains(seed) ||
         std::any_of(filters_.begin(), filters_.end(),
                     [&](const Show& s) { return holds(s.when); }) ||
         std::any_of(boosts_.begin(), boosts_.end(),
                     [&](const Boost& b) { return holds(b.when); }) ||
         std::any_of(pins_.begin(), pins_.end(), [&](const Pin& p) {
           return (p.seed == kNoRow || p.seed == seed) && holds(p.when);
         });
}

}  // namespace sparrow::rank
