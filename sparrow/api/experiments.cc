// Calls about experiments and scenarios: read, replace, decide, report.
#include <fmt/format.h>

#include "sparrow/api/experiment_calls.h"
#include "sparrow/api/handlers.h"
#include "sparrow/api/list_answer.h"
#include "sparrow/core/clock.h"
#include "sparrow/experiment/interleaving.h"
#include "sparrow/experiment/report.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

using nlohmann::json;

namespace {

// Whether lists would take these settings now, by reading them as those of a request. The response
// says what is wrong.
bool lists_take(Context& c, http::Response& response, const std::string& whose,
                const experiment::Settings& settings) {
  c.query = http::Query("");
  for (const auto& [name, value] : settings)
    c.query.set_default(name, name == "model" ? first_served(c, value).value_or(value) : value);
  rank::Request request = start_request(c);
  read_controls(c, request);
  (void)read_list_options(c);
  (void)model_of(c);
  if (!c.query.error()) return true;
  http::write_error(response, 400, "invalid_input",
                    fmt::format("{}: {}", whose, c.query.error()->message), "settings");
  return false;
}

}  // namespace

void get_experiments(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  response.body = http::json_text(to_json(c.services.plans.plan()->experiments));
}

void put_experiments(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto file = json_body(c, response);
  if (!file) return;
  const auto parsed = experiment::parse_experiment_file(file->dump(), is_setting);
  if (!parsed) return fail(response, parsed.error());
  for (const auto& one : parsed->experiments) {
    for (const auto& variant : one.variants) {
      if (!lists_take(c, response, fmt::format("{}, variant {}", one.name, variant.name),
                      variant.settings))
        return;
    }
  }
  if (auto replaced = c.services.plans.replace_experiments(*file); !replaced)
    return fail(response, replaced.error());
  response.body = http::json_text(to_json(c.services.plans.plan()->experiments));
}

void post_decision(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  const auto action = member(response, *object, "action", 16);
  if (!action) return;
  std::string note;
  if (object->contains("note")) {
    const auto given = member(response, *object, "note", 1000);
    if (!given) return;
    note = *given;
  }
  if (auto done = c.services.plans.decide(c.parameter, *action, note); !done)
    return fail(response, done.error());
  const auto plan = c.services.plans.plan();
  if (const auto* one = named_experiment(c, *plan, response))
    response.body = http::json_text(to_json(*one));
}

void get_experiment_report(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto plan = c.services.plans.plan();
  const auto* one = named_experiment(c, *plan, response);
  if (one == nullptr) return;
  const events::EventLog* log = c.services.options.event_log;
  if (log == nullptr)
    return http::write_error(response, 503, "unavailable",
                             "this server keeps no events: start it with --events");
  if (one->method == experiment::Method::kInterleave) {
    const auto found = experiment::interleaving(experiment::records_of(*log), *one, now_ms());
    if (!found) return fail(response, found.error());
    response.body = http::json_text(interleaving_json(*found));
    return;
  }
  const auto observed =
      experiment::observe(experiment::records_of(*log), *one, experiment::metrics_of(*one),
                          {.now_ms = now_ms() + 1, .series = true});
  if (!observed) return fail(response, observed.error());
  if (given_up(c, response)) return;
  response.body = http::json_text(report_json(experiment::report(*one, *observed)));
}

void get_scenarios(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  response.body = http::json_text(scenarios_json(*c.services.plans.plan()));
}

void put_scenarios(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto file = json_body(c, response);
  if (!file) return;
  const auto scenarios = read_scenarios(*file);
  if (!scenarios) return fail(response, scenarios.error());
  for (const Scenario& one : *scenarios) {
    if (!lists_take(c, response, "scenario " + one.name, one.settings)) return;
  }
  if (auto replaced = c.services.plans.replace_scenarios(*file); !replaced)
    return fail(response, replaced.error());
  response.body = http::json_text(scenarios_json(*c.services.plans.plan()));
}

}  // namespace sparrow::api
