// Calls that help to plan an experiment and to watch it: what there is to choose from, how many
// units one needs, whether the splits are right, and which variant a unit has and why.
#include <fmt/format.h>

#include "sparrow/api/experiment_calls.h"
#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"
#include "sparrow/events/log_queries.h"
#include "sparrow/experiment/hash.h"
#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/report.h"
#include "sparrow/experiment/size_plan.h"
#include "sparrow/experiment/statistics.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

using nlohmann::json;

namespace {

const std::string& salt_of(const experiment::Experiment& one) {
  return one.salt.empty() ? one.name : one.salt;
}

// The part [from, to) of the line that each variant has.
json variant_parts(const experiment::Experiment& one) {
  double sum = 0;
  for (const auto& variant : one.variants) sum += variant.weight;
  json list = json::array();
  double from = 0;
  for (const auto& variant : one.variants) {
    list.push_back({{"name", variant.name},
                    {"from", from / sum},
                    {"to", (from + variant.weight) / sum},
                    {"force", fmt::format("{}:{}", one.name, variant.name)}});
    from += variant.weight;
  }
  return list;
}

// The layer of an experiment, where the unit lies in it, and whether that is in its part.
json layer_part(const experiment::Experiment& one, const std::string& unit) {
  if (one.layer.empty()) return nullptr;
  const double position = experiment::unit_position(one.layer, unit, experiment::Draw::kLayer);
  return {{"name", one.layer},
          {"from", one.layer_from},
          {"to", one.layer_to},
          {"position", position},
          {"inside", position >= one.layer_from && position < one.layer_to}};
}

// One sentence for people.
std::string why_assigned(const experiment::Experiment& one, const std::string& unit,
                         const experiment::Variant* variant, const json& body) {
  if (variant == nullptr)
    return fmt::format("the layer \"{}\" gives this unit to another experiment or to none",
                       one.layer);
  for (const json& part : body["variants"]) {
    if (part["name"] != variant->name) continue;
    return fmt::format(
        "the hash of \"{}\" with the salt \"{}\" lies at {:.4f}; {} has {:.4f} to {:.4f}", unit,
        salt_of(one), body["position"].get<double>(), variant->name, part["from"].get<double>(),
        part["to"].get<double>());
  }
  return {};
}

// Units of each variant so far, and whether they are as the weights say.
Result<json> split_of(const events::EventLog* log, const experiment::Experiment& one) {
  events::TimeSpan span{one.start_ms, one.stop_ms == 0 ? now_ms() + 1 : one.stop_ms};
  std::map<std::string, std::uint64_t> counts;
  if (log != nullptr && one.start_ms > 0) {
    auto found = events::count_exposures(*log, one.name, span);
    if (!found) return found.error();
    counts = std::move(*found);
  }
  std::vector<double> units;
  std::vector<double> weights;
  json variants = json::array();
  double all = 0;
  for (const auto& variant : one.variants) {
    const auto n = static_cast<double>(counts[variant.name]);
    units.push_back(n);
    weights.push_back(variant.weight);
    all += n;
    variants.push_back({{"variant", variant.name}, {"weight", variant.weight}, {"n", n}});
  }
  // Where every list is made of both, nobody is split.
  const bool splits = one.method == experiment::Method::kSplit;
  const double p = splits && all > 0 ? experiment::chi_square_fit(units, weights).p : 1;
  return json{{"name", one.name},
              {"units", all},
              {"variants", std::move(variants)},
              {"p", p},
              {"mismatch", p < experiment::kMismatchLimit}};
}

// A known metric, or one of an experiment's own; an error of the query otherwise.
std::optional<experiment::Metric> metric_of(Context& c, const Plan& plan, const std::string& name) {
  if (const auto* known = experiment::find_metric(name)) return *known;
  for (const auto& one : plan.experiments.experiments) {
    for (const auto& metric : experiment::metrics_of(one)) {
      if (metric.name == name) return metric;
    }
  }
  c.query.fail("metric", fmt::format("\"{}\" is no metric; docs/experiments.md names them",
                                     name.substr(0, 64)));
  return std::nullopt;
}

// From what the log has of the last days.
Result<experiment::SizePlan> plan_of_log(const Context& c, const experiment::Metric& metric,
                                         std::uint64_t days,
                                         const experiment::SizeQuestion& question) {
  const events::EventLog* log = c.services.options.event_log;
  if (log == nullptr)
    return Error{ErrorCode::kNotFound,
                 "this server keeps no events: name \"rate\", or \"mean\" and \"sd\""};
  const auto unit = c.query.text("unit").value_or("user") == "session" ? experiment::Unit::kSession
                                                                       : experiment::Unit::kUser;
  events::TimeSpan span;
  span.from_ms = now_ms() - static_cast<std::int64_t>(days) * experiment::kDayMs;
  const auto everyone =
      experiment::observe_everyone(experiment::records_of(*log), unit, {metric}, span);
  if (!everyone) return everyone.error();
  if (everyone->units.empty())
    return Error{ErrorCode::kNotFound, fmt::format("no {} did anything in the last {} days",
                                                   experiment::unit_name(unit), days)};
  return experiment::plan_by_log(*everyone, unit, question);
}

}  // namespace

const experiment::Experiment* named_experiment(const Context& c, const Plan& plan,
                                               http::Response& response) {
  for (const auto& one : plan.experiments.experiments) {
    if (one.name == c.parameter) return &one;
  }
  http::write_error(response, 404, "not_found",
                    fmt::format("there is no experiment \"{}\"", c.parameter.substr(0, 64)),
                    "name");
  return nullptr;
}

void get_experiment_options(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  json metrics = json::array();
  for (const auto& metric : experiment::known_metrics())
    metrics.push_back(
        {{"name", metric.name},
         {"definition", metric.sentence},
         {"unit", metric.unit},
         {"better", metric.better == experiment::Better::kHigher ? "higher" : "lower"}});
  json settings = json::array();
  for (const auto& name : control_parameters()) {
    if (is_setting(name)) settings.push_back(name);
  }
  json models = json::array();
  for (const auto& [name, served] : c.now->models) models.push_back(name);
  json scenarios = json::array();
  for (const Scenario& one : c.services.plans.plan()->scenarios) scenarios.push_back(one.name);
  response.body = http::json_text(json{{"metrics", std::move(metrics)},
                                       {"settings", std::move(settings)},
                                       {"models", std::move(models)},
                                       {"scenarios", std::move(scenarios)},
                                       {"units", {"user", "session", "item_day"}},
                                       {"events", c.services.options.event_log != nullptr}});
}

void get_experiment_splits(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  json list = json::array();
  const auto plan = c.services.plans.plan();
  for (const auto& one : plan->experiments.experiments) {
    auto split = split_of(c.services.options.event_log, one);
    if (!split) return fail(response, split.error());
    list.push_back(std::move(*split));
    if (given_up(c, response)) return;
  }
  response.body = http::json_text(json{{"splits", std::move(list)}});
}

void get_experiment_size(Context& c, http::Response& response) {
  c.query.allow_only(
      {"metric", "unit", "days", "rate", "mean", "sd", "lift", "alpha", "power", "share"});
  experiment::SizeQuestion question;
  question.lift = c.query.decimal("lift", question.lift, -0.999, 100);
  question.alpha = c.query.decimal("alpha", question.alpha, 1e-6, 0.5);
  question.power = c.query.decimal("power", question.power, 0.01, 0.999999);
  question.treatment_share = c.query.decimal("share", question.treatment_share, 0.001, 0.999);
  const double rate = c.query.decimal("rate", 0, 1e-9, 1);
  const double mean = c.query.decimal("mean", 0, 1e-12, 1e12);
  const double sd = c.query.decimal("sd", 0, 1e-12, 1e12);
  const auto days = c.query.number("days", 28, 1, 3650);
  const std::string unit = c.query.text("unit").value_or("user");
  if (unit != "user" && unit != "session") c.query.fail("unit", "\"unit\" must be user or session");
  if ((mean > 0) != (sd > 0)) c.query.fail("sd", "\"mean\" and \"sd\" go together");
  const auto plan = c.services.plans.plan();
  const auto metric = metric_of(c, *plan, c.query.text("metric").value_or("click_through"));
  if (failed(c, response)) return;
  const auto planned = rate > 0   ? experiment::plan_by_share(rate, question)
                       : mean > 0 ? experiment::plan_by_mean(mean, sd, question)
                                  : plan_of_log(c, *metric, days, question);
  if (!planned) return fail(response, planned.error());
  json body = {{"control", planned->size.control},
               {"treatment", planned->size.treatment},
               {"value", planned->value},
               {"deviation", planned->deviation},
               {"difference", planned->size.difference},
               {"lift", question.lift},
               {"alpha", question.alpha},
               {"power", question.power},
               {"share", question.treatment_share},
               {"source", planned->source}};
  if (planned->units_a_day > 0) body["units_a_day"] = planned->units_a_day;
  response.body = http::json_text(body);
}

void get_assignment(Context& c, http::Response& response) {
  c.query.allow_only({"unit"});
  const std::string unit = c.query.required("unit");
  if (failed(c, response)) return;
  const auto plan = c.services.plans.plan();
  const auto* one = named_experiment(c, *plan, response);
  if (one == nullptr) return;
  const auto* variant = experiment::assign(*one, unit);
  json body = {
      {"experiment", one->name},
      {"unit", unit},
      {"status", experiment::status_name(one->status)},
      {"salt", salt_of(*one)},
      {"position", experiment::unit_position(salt_of(*one), unit, experiment::Draw::kVariant)},
      {"variant", variant == nullptr ? json() : json(variant->name)},
      {"variants", variant_parts(*one)},
      {"layer", layer_part(*one, unit)},
      {"scenarios", one->scenarios}};
  body["why"] = why_assigned(*one, unit, variant, body);
  // When a unit was here is no business of strangers.
  const events::EventLog* log = c.services.options.event_log;
  if (log != nullptr &&
      role_of(c.services, bearer_token(c.request.authorization)) >= Role::kViewer) {
    const auto found = events::find_exposure(*log, one->name, unit);
    if (!found) return fail(response, found.error());
    body["exposed"] = *found ? json{{"variant", (*found)->variant},
                                    {"time", experiment::iso_time((*found)->time_ms)}}
                             : json();
  }
  response.body = http::json_text(body);
}

}  // namespace sparrow::api
