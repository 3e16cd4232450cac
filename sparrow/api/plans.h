// Plans: what operators plan for lists: scenarios (named places where lists stand, each with
// settings) and experiments. Both are files of the home, read again when they change, and swapped
// as a whole. apply_plans() is the one way from them to a request.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/clock.h"
#include "sparrow/core/result.h"
#include "sparrow/experiment/experiment_file.h"

namespace sparrow::api {

struct Context;

// A place where lists stand: "movie-page", "after-play", "shop-cart".
struct Scenario {
  std::string name;
  std::string note;
  experiment::Settings settings;  // for what a request of this scenario does not name
};

struct Plan {
  experiment::ExperimentFile experiments;
  std::uint64_t scenarios_version = 0;
  std::vector<Scenario> scenarios;
  bool any_running = false;      // an experiment
  std::uint64_t generation = 0;  // another for each plan that was put in place

  const Scenario* find_scenario(std::string_view name) const;
};

// {"version":3,"scenarios":[{"name","note","settings":{}}]}. Errors: kInvalidInput naming the
// scenario and the member.
Result<std::vector<Scenario>> read_scenarios(const nlohmann::json& file);
nlohmann::json scenarios_json(const Plan& plan);

// Whether scenarios and variants may set a parameter of this name: those of lists, but who it is
// for and where it stands.
bool is_setting(std::string_view name);

// Safe for use by several threads.
class Plans {
 public:
  // An empty home: kept in memory only.
  explicit Plans(std::filesystem::path home);

  // Reads changed files again, at most once a second.
  std::shared_ptr<const Plan> plan() const;
  // Whether an experiment was running when plan() was last asked, and no look at the files is due.
  bool idle() const {
    return !running_.load(std::memory_order_relaxed) &&
           now_ms() < next_look_ms_.load(std::memory_order_relaxed);
  }
  // What could not be read, in words; the plan before it stays.
  std::string notice() const;

  // Errors: kConflict when `version` is not the present one (absent: no matter which),
  // kInvalidInput naming the member, those of writing.
  Result<void> replace_experiments(const nlohmann::json& file);
  Result<void> replace_scenarios(const nlohmann::json& file);
  // "start", "stop", "ship", "roll_back"; errors of experiment::decide(), kNotFound.
  Result<void> decide(std::string_view name, std::string_view action, std::string note);

 private:
  std::filesystem::path experiments_file() const { return home_ / "experiments.json"; }
  std::filesystem::path scenarios_file() const { return home_ / "scenarios.json"; }
  void read() const;  // with mutex_ held
  void put(Plan plan) const;

  std::filesystem::path home_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Plan> plan_;
  mutable std::string notice_;
  mutable std::filesystem::file_time_type experiments_time_{};
  mutable std::filesystem::file_time_type scenarios_time_{};
  mutable std::atomic<std::int64_t> next_look_ms_{0};
  mutable std::atomic<bool> running_{false};
};

// Whether apply_plans() could change anything of this request: it says whom it is for or where it
// stands, or an experiment is running.
bool concerns_plans(const Context& c);

// Reads `scenario`, `session` (or the cookie sparrow-session), `user` and `variant` of the query,
// finds the variants, and sets what the request does not name itself: the experiment's settings
// before the scenario's. Before any other parameter is read. Errors go to the query.
void apply_plans(Context& c);

// Of the models that a plan names, "candidate,fusion", the first that is served.
std::optional<std::string_view> first_served(const Context& c, std::string_view names);

// The unit of an experiment that this request belongs to; empty: it has none.
std::string unit_of(const Context& c, const experiment::Experiment& one);

}  // namespace sparrow::api
