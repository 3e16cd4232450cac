#include "sparrow/api/plans.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "sparrow/api/context.h"
#include "sparrow/api/list_request.h"
#include "sparrow/api/routes.h"
#include "sparrow/core/clock.h"
#include "sparrow/core/file.h"

namespace sparrow::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMostScenarios = 200;
constexpr std::size_t kMostSettings = 30;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestText = 1000;
constexpr std::int64_t kLookMs = 1000;

// Who a list is for and where it stands: never set for a request.
constexpr std::array<std::string_view, 4> kOfTheRequest = {"user", "session", "scenario",
                                                           "variant"};

Error wrong(std::string_view scenario, std::string_view what) {
  return Error{ErrorCode::kInvalidInput, fmt::format("scenario \"{}\": {}", scenario, what)};
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), [](char ch) {
           return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' ||
                  ch == '.';
         });
}

Result<experiment::Settings> read_settings(std::string_view scenario, const json& object) {
  if (!object.is_object() || object.size() > kMostSettings)
    return wrong(scenario, "\"settings\" must be an object of at most 30 parameters");
  experiment::Settings settings;
  for (const auto& [name, value] : object.items()) {
    if (!is_setting(name))
      return wrong(scenario, fmt::format("\"{}\" is not a parameter of lists", name.substr(0, 64)));
    if (value.is_string() && value.get_ref<const std::string&>().size() <= kLongestText)
      settings[name] = value.get<std::string>();
    else if (value.is_number() || value.is_boolean())
      settings[name] = value.dump();
    else
      return wrong(scenario, fmt::format("\"{}\" must be a text, a number, true or false", name));
  }
  return settings;
}

std::filesystem::file_time_type time_of(const std::filesystem::path& path) {
  std::error_code code;
  const auto time = std::filesystem::last_write_time(path, code);
  return code ? std::filesystem::file_time_type{} : time;
}

// The version that a document was made from, against the present one.
Result<void> same_version(const json& file, std::uint64_t present, std::string_view what) {
  if (!file.is_object())
    return Error{ErrorCode::kInvalidInput, fmt::format("the body must be {{\"{}\":[...]}}", what)};
  const auto version = file.find("version");
  if (version == file.end() || (version->is_number_unsigned() && *version == present)) return {};
  if (!version->is_number_unsigned())
    return Error{ErrorCode::kInvalidInput, "\"version\" must be a whole number"};
  return Error{ErrorCode::kConflict,
               fmt::format("the {} are at version {} by now; read them again", what, present)};
}

}  // namespace

bool is_setting(std::string_view name) {
  const auto& all = control_parameters();
  return std::find(all.begin(), all.end(), name) != all.end() &&
         std::find(kOfTheRequest.begin(), kOfTheRequest.end(), name) == kOfTheRequest.end();
}

const Scenario* Plan::find_scenario(std::string_view name) const {
  const auto found = std::find_if(scenarios.begin(), scenarios.end(),
                                  [&](const Scenario& one) { return one.name == name; });
  return found == scenarios.end() ? nullptr : &*found;
}

Result<std::vector<Scenario>> read_scenarios(const json& file) {
  const auto list = file.is_object() ? file.find("scenarios") : file.end();
  if (!file.is_object() || list == file.end() || !list->is_array() || list->size() > kMostScenarios)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("\"scenarios\" must be a list of at most {}", kMostScenarios)};
  std::vector<Scenario> scenarios;
  for (const auto& object : *list) {
    Scenario scenario;
    if (object.is_object() && object.contains("name") && object["name"].is_string())
      scenario.name = object["name"].get<std::string>();
    if (!is_name(scenario.name))
      return wrong(scenario.name.substr(0, kLongestName),
                   "\"name\" must be 1 to 64 of a-z, 0-9, \"-\", \"_\" and \".\"");
    for (const auto& [name, value] : object.items()) {
      if (name != "name" && name != "note" && name != "settings")
        return wrong(scenario.name,
                     fmt::format("\"{}\" is not a member; there are name, note and settings",
                                 name.substr(0, 64)));
    }
    if (object.contains("note")) {
      if (!object["note"].is_string() ||
          object["note"].get_ref<const std::string&>().size() > kLongestText)
        return wrong(scenario.name, "\"note\" must be a text of at most 1,000 bytes");
      scenario.note = object["note"].get<std::string>();
    }
    if (object.contains("settings")) {
      auto settings = read_settings(scenario.name, object["settings"]);
      if (!settings) return settings.error();
      scenario.settings = std::move(*settings);
    }
    for (const Scenario& other : scenarios) {
      if (other.name == scenario.name) return wrong(scenario.name, "is there twice");
    }
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

json scenarios_json(const Plan& plan) {
  json file = {{"version", plan.scenarios_version}, {"scenarios", json::array()}};
  for (const Scenario& one : plan.scenarios) {
    file["scenarios"].push_back(
        {{"name", one.name}, {"note", one.note}, {"settings", json::object()}});
    for (const auto& [name, value] : one.settings)
      file["scenarios"].back()["settings"][name] = value;
  }
  return file;
}

Plans::Plans(std::filesystem::path home) : home_(std::move(home)) {
  plan_ = std::make_shared<const Plan>();
  const std::lock_guard lock(mutex_);
  read();
}

void Plans::put(Plan plan) const {
  const auto& all = plan.experiments.experiments;
  plan.any_running = std::any_of(all.begin(), all.end(), [](const auto& one) {
    return one.status == experiment::Status::kRunning;
  });
  running_.store(plan.any_running, std::memory_order_relaxed);
  plan.generation = plan_->generation + 1;
  plan_ = std::make_shared<const Plan>(std::move(plan));
}

void Plans::read() const {
  if (home_.empty()) return;
  Plan next;
  experiments_time_ = time_of(experiments_file());
  scenarios_time_ = time_of(scenarios_file());
  notice_.clear();
  auto experiments = experiment::read_experiment_file(experiments_file(), is_setting);
  if (experiments)
    next.experiments = std::move(*experiments);
  else {
    notice_ = "experiments are as before: " + experiments.error().message;
    next.experiments = plan_->experiments;
  }
  const auto text = read_file(scenarios_file(), std::uint64_t{4} << 20);
  if (text) {
    const json file = json::parse(*text, nullptr, false);
    auto scenarios = read_scenarios(file);
    if (scenarios) {
      next.scenarios = std::move(*scenarios);
      next.scenarios_version = file.value("version", std::uint64_t{0});
    } else {
      notice_ = fmt::format("scenarios are as before: {}: {}", scenarios_file().string(),
                            scenarios.error().message);
      next.scenarios = plan_->scenarios;
      next.scenarios_version = plan_->scenarios_version;
    }
  } else if (text.error().code != ErrorCode::kNotFound) {
    notice_ = "scenarios are as before: " + text.error().message;
  }
  put(std::move(next));
}

std::shared_ptr<const Plan> Plans::plan() const {
  const std::int64_t now = now_ms();
  const bool look = now >= next_look_ms_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (look) {
    next_look_ms_.store(now + kLookMs, std::memory_order_relaxed);
    if (home_.empty()) return plan_;
    if (time_of(experiments_file()) != experiments_time_ ||
        time_of(scenarios_file()) != scenarios_time_)
      read();
  }
  return plan_;
}

std::string Plans::notice() const {
  const std::lock_guard lock(mutex_);
  return notice_;
}

Result<void> Plans::replace_experiments(const json& file) {
  const std::lock_guard lock(mutex_);
  if (auto same = same_version(file, plan_->experiments.version, "experiments"); !same) return same;
  auto parsed = experiment::parse_experiment_file(file.dump(), is_setting);
  if (!parsed) return parsed.error();
  if (home_.empty()) {
    Plan next = *plan_;
    parsed->version = next.experiments.version + 1;
    next.experiments = std::move(*parsed);
    put(std::move(next));
    return {};
  }
  auto changed = experiment::change_experiment_file(
      experiments_file(), [&](experiment::ExperimentFile& present) -> Result<void> {
        if (auto same = same_version(file, present.version, "experiments"); !same) return same;
        present.experiments = parsed->experiments;
        return {};
      });
  if (!changed) return changed.error();
  read();
  return {};
}

Result<void> Plans::replace_scenarios(const json& file) {
  const std::lock_guard lock(mutex_);
  if (auto same = same_version(file, plan_->scenarios_version, "scenarios"); !same) return same;
  auto scenarios = read_scenarios(file);
  if (!scenarios) return scenarios.error();
  Plan next = *plan_;
  next.scenarios = std::move(*scenarios);
  ++next.scenarios_version;
  if (!home_.empty()) {
    const std::string text = scenarios_json(next).dump() + "\n";
    if (auto written = write_file_atomically(scenarios_file(), text); !written) return written;
    scenarios_time_ = time_of(scenarios_file());
  }
  put(std::move(next));
  return {};
}

Result<void> Plans::decide(std::string_view name, std::string_view action, std::string note) {
  const std::lock_guard lock(mutex_);
  const auto change = [&](experiment::ExperimentFile& file) -> Result<void> {
    experiment::Experiment* one = file.find(name);
    if (one == nullptr)
      return Error{ErrorCode::kNotFound,
                   fmt::format("there is no experiment \"{}\"", name.substr(0, kLongestName))};
    return experiment::decide(*one, action, now_ms(), std::move(note));
  };
  if (home_.empty()) {
    Plan next = *plan_;
    if (auto changed = change(next.experiments); !changed) return changed;
    ++next.experiments.version;
    put(std::move(next));
    return {};
  }
  auto changed = experiment::change_experiment_file(experiments_file(), change);
  if (!changed) return changed.error();
  read();
  return {};
}

std::string unit_of(const Context& c, const experiment::Experiment& one) {
  switch (one.unit) {
    case experiment::Unit::kUser:
      return c.user;
    case experiment::Unit::kSession:
      return c.session;
    case experiment::Unit::kItemDay:
      if (c.item == kNoRow) return {};
      return fmt::format("{}|{}", c.view.dataset->catalog[c.item].id, utc_now().substr(0, 10));
  }
  return {};
}

namespace {

void read_name(Context& c, const char* parameter, std::string& value) {
  const auto found = c.query.view(parameter);
  if (!found) return;
  constexpr std::size_t kLongest = 128;
  if (found->empty() || found->size() > kLongest)
    return c.query.fail(parameter, "must have 1 to 128 bytes");
  value = *found;
}

// That no planned model is served is no reason to give no list.
std::optional<std::string_view> served_or_note(Context& c, std::string_view names) {
  const auto name = first_served(c, names);
  if (!name)
    c.notes.push_back(fmt::format("the planned model \"{}\" is not served", names));
  else if (name->data() != names.data())
    c.notes.push_back(fmt::format("of the planned models {} answers", *name));
  return name;
}

void set_defaults(Context& c, http::Query& query, const experiment::Settings& settings) {
  for (const auto& [name, value] : settings) {
    if (query.has(name)) continue;
    const auto known = name == "model" ? served_or_note(c, value) : std::string_view(value);
    if (known) query.set_default(name, *known);
  }
}

// For what the request does not name itself; of both queries where a list is interleaved.
void set_defaults(Context& c, const experiment::Settings& settings) {
  set_defaults(c, c.query, settings);
  if (c.other) set_defaults(c, *c.other, settings);
}

// Both variants' settings. A list is of one such experiment at a time: the first.
void interleave(Context& c, const experiment::Experiment& one) {
  if (c.other) return;
  http::Query second = c.query;
  set_defaults(c, second, one.variants[1].settings);
  set_defaults(c, one.variants[0].settings);
  c.other = std::move(second);
  c.interleaved = one.name;
}

// Puts the request into one experiment, if it belongs there.
void take_part(Context& c, const experiment::Experiment& one, std::string_view forced,
               std::int64_t now) {
  if (one.status != experiment::Status::kRunning || now < one.start_ms ||
      (one.stop_ms != 0 && now >= one.stop_ms))
    return;
  if (!one.scenarios.empty() &&
      std::find(one.scenarios.begin(), one.scenarios.end(), c.scenario) == one.scenarios.end())
    return;
  const std::string unit = unit_of(c, one);
  // For tests: that variant, whatever the assignment says.
  const std::string_view wanted = events::variant_in(forced, one.name);
  const experiment::Variant* variant = nullptr;
  if (!wanted.empty()) {
    for (const auto& known : one.variants) {
      if (known.name == wanted) variant = &known;
    }
    if (variant == nullptr)
      return c.query.fail("variant", fmt::format("\"{}\" has no variant \"{}\"", one.name,
                                                 wanted.substr(0, kLongestName)));
  } else if (!unit.empty()) {
    variant = experiment::assign(one, unit);
  }
  if (variant == nullptr) return;
  if (one.method == experiment::Method::kInterleave && wanted.empty()) return interleave(c, one);
  if (!c.variants.empty()) c.variants += ',';
  c.variants += one.name + ":" + variant->name;
  if (wanted.empty()) c.exposures.push_back({one.name, unit, variant->name, now});
  set_defaults(c, variant->settings);
}

}  // namespace

std::optional<std::string_view> first_served(const Context& c, std::string_view names) {
  while (!names.empty()) {
    const auto comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    if (c.now->models.contains(name)) return name;
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  return std::nullopt;
}

bool concerns_plans(const Context& c) {
  if (!c.services.plans.idle() || !c.request.cookie.empty()) return true;
  // SparrowRecSys names a user "id"; parameters may be percent-encoded.
  if (c.route->endpoint == Endpoint::kCompatible) return true;
  const std::string_view query = c.request.query;
  return query.find('%') != std::string_view::npos ||
         std::any_of(kOfTheRequest.begin(), kOfTheRequest.end(), [&](std::string_view name) {
           return query.find(name) != std::string_view::npos;
         });
}

void apply_plans(Context& c) {
  const auto plan = c.services.plans.plan();
  for (std::string* own : {&c.user, &c.session, &c.scenario, &c.variants}) own->clear();
  c.exposures.clear();
  c.other.reset();
  c.notes.clear();
  c.plan = plan->generation;
  read_name(c, "user", c.user);
  // SparrowRecSys's name for the user of a list.
  if (c.user.empty() && c.route != nullptr && c.route->endpoint == Endpoint::kCompatible)
    read_name(c, "id", c.user);
  read_name(c, "session", c.session);
  // Pages carry it as a cookie (web/sparrow.js): a list that the browser fetches ahead has it too.
  constexpr std::size_t kLongestCookie = 64;
  if (const auto cookie = http::cookie_of(c.request.cookie, "sparrow-session");
      c.session.empty() && cookie.size() <= kLongestCookie && is_name(cookie))
    c.session = cookie;
  read_name(c, "scenario", c.scenario);
  const std::string forced(c.query.view("variant").value_or(""));
  if (c.query.error()) return;
  const Scenario* scenario = c.scenario.empty() ? nullptr : plan->find_scenario(c.scenario);
  if (!c.scenario.empty() && scenario == nullptr)
    return c.query.fail("scenario", fmt::format("\"{}\" is not known; /api/v1/scenarios lists them",
                                                c.scenario.substr(0, kLongestName)));
  if (plan->any_running) {
    const std::int64_t now = now_ms();
    for (const auto& one : plan->experiments.experiments) take_part(c, one, forced, now);
  }
  if (scenario == nullptr) return;
  set_defaults(c, scenario->settings);
}

}  // namespace sparrow::api
