// experiment: which there are, what they found, start and stop, how many units one needs, and
// whether the tests keep their promise on this log.
#include <cmath>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/core/clock.h"
#include "sparrow/core/file.h"
#include "sparrow/events/event_log.h"
#include "sparrow/experiment/aa_runs.h"
#include "sparrow/experiment/experiment_file.h"
#include "sparrow/experiment/interleaving.h"
#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/report.h"
#include "sparrow/experiment/size_plan.h"
#include "sparrow/experiment/unit_table.h"
#include "sparrow/flags/checks.h"

namespace sparrow::app {
namespace {

using nlohmann::json;

struct ExperimentArguments {
  std::string name;
  std::string from;         // a file of JSON lines instead of the home's log
  std::string experiments;  // a file instead of the home's
  std::string units;        // where to write the table of units
  std::string note;
  std::string metric = "click_through";
  std::string unit = "user";
  int days = 28;
  double mean = 0;
  double sd = 0;
  double rate = 0;
  experiment::SizeQuestion size;
  experiment::SelfTestOptions self_test;
};

std::filesystem::path experiments_path(const Context& context, const ExperimentArguments& o) {
  return o.experiments.empty() ? context.paths().root / "experiments.json"
                               : std::filesystem::path(o.experiments);
}

// Events, lists and exposures, and what must stay open while they are read.
struct OpenRecords {
  std::unique_ptr<events::EventLog> log;
  experiment::Records records;
};

Result<OpenRecords> open_records(const Context& context, const ExperimentArguments& o) {
  OpenRecords open;
  if (!o.from.empty()) {
    open.records = experiment::records_of_file(o.from);
    return open;
  }
  auto log = events::EventLog::open_to_read(context.paths().root / "events");
  if (!log) return log.error();
  open.log = std::move(*log);
  open.records = experiment::records_of(*open.log);
  return open;
}

Error no_experiment(const std::string& name, const std::filesystem::path& path) {
  return {ErrorCode::kNotFound,
          fmt::format("{} has no experiment \"{}\"; `sparrow experiment list` "
                      "shows what there is",
                      path.string(), name)};
}

// A known metric, or one of an experiment's own.
Result<experiment::Metric> metric_named(const Context& context, const ExperimentArguments& o) {
  if (const auto* known = experiment::find_metric(o.metric)) return *known;
  const auto file = experiment::read_experiment_file(experiments_path(context, o));
  if (!file) return file.error();
  for (const auto& one : file->experiments) {
    for (const auto& metric : experiment::metrics_of(one)) {
      if (metric.name == o.metric) return metric;
    }
  }
  return experiment::read_metric(o.metric).error();
}

std::string time_or_dash(std::int64_t ms) { return ms == 0 ? "-" : experiment::iso_day(ms); }

Result<void> list_experiments(const Context& context, const ExperimentArguments& o) {
  const auto path = experiments_path(context, o);
  const auto file = experiment::read_experiment_file(path);
  if (!file) return file.error();
  if (context.json) {
    fmt::print("{}\n", experiment::to_json(*file).dump(2));
    return {};
  }
  if (file->experiments.empty()) {
    fmt::print("{}: no experiments; docs/experiments.md shows how to write one\n", path.string());
    return {};
  }
  fmt::print("{:<24} {:<11} {:<8} {:<10} {:<10} {}\n", "experiment", "status", "unit", "start",
             "stop", "variants");
  for (const auto& one : file->experiments) {
    std::string variants;
    for (const auto& variant : one.variants)
      variants += (variants.empty() ? "" : ", ") + variant.name;
    fmt::print("{:<24} {:<11} {:<8} {:<10} {:<10} {}\n", one.name,
               experiment::status_name(one.status), experiment::unit_name(one.unit),
               time_or_dash(one.start_ms), time_or_dash(one.stop_ms), variants);
  }
  return {};
}

Result<void> report_experiment(const Context& context, const ExperimentArguments& o) {
  const auto path = experiments_path(context, o);
  auto file = experiment::read_experiment_file(path);
  if (!file) return file.error();
  const experiment::Experiment* one = file->find(o.name);
  if (one == nullptr) return no_experiment(o.name, path);
  const auto open = open_records(context, o);
  if (!open) return open.error();
  if (one->method == experiment::Method::kInterleave) {
    if (!o.units.empty())
      return Error{ErrorCode::kInvalidInput,
                   "--units: an interleaved experiment has no such table"};
    const auto found = experiment::interleaving(open->records, *one, now_ms());
    if (!found) return found.error();
    fmt::print("{}", context.json ? experiment::interleaving_json(*found).dump(2) + "\n"
                                  : interleaving_text(*found));
    return {};
  }
  const auto observed = experiment::observe(open->records, *one, experiment::metrics_of(*one),
                                            {.now_ms = now_ms() + 1, .series = true});
  if (!observed) return observed.error();
  if (!o.units.empty()) {
    auto written = write_file_atomically(o.units, experiment::unit_table(*one, *observed));
    if (!written) return written;
  }
  const auto report = experiment::report(*one, *observed);
  fmt::print("{}{}", context.json ? experiment::report_json(report).dump(2) : report_text(report),
             context.json ? "\n" : "");
  return {};
}

// start, stop, ship, roll_back.
Result<void> decide_experiment(const Context& context, const ExperimentArguments& o,
                               const std::string& action) {
  const auto path = experiments_path(context, o);
  const auto changed = experiment::change_experiment_file(
      path, [&](experiment::ExperimentFile& file) -> Result<void> {
        auto* one = file.find(o.name);
        if (one == nullptr) return no_experiment(o.name, path);
        return experiment::decide(*one, action, now_ms(), o.note);
      });
  if (!changed) return changed.error();
  experiment::ExperimentFile file = *changed;
  const auto* one = file.find(o.name);
  if (context.json)
    fmt::print("{}\n", experiment::to_json(*one).dump(2));
  else if (!context.quiet)
    fmt::print("{} is {} (version {} of {})\n", o.name, experiment::status_name(one->status),
               file.version, path.string());
  return {};
}

Result<experiment::Observations> observe_log(const Context& context, const ExperimentArguments& o,
                                             const experiment::Metric& metric) {
  const auto open = open_records(context, o);
  if (!open) return open.error();
  events::TimeSpan span;
  // A file may be old: all of it is taken.
  if (o.from.empty()) span.from_ms = now_ms() - o.days * experiment::kDayMs;
  auto observed = experiment::observe_everyone(
      open->records, o.unit == "session" ? experiment::Unit::kSession : experiment::Unit::kUser,
      {metric}, span);
  if (!observed) return observed.error();
  if (observed->units.empty())
    return Error{ErrorCode::kNotFound,
                 fmt::format("no {} did anything in the last {} days", o.unit, o.days)};
  return observed;
}

Result<experiment::SizePlan> plan(const Context& context, const ExperimentArguments& o) {
  if (o.rate > 0) return experiment::plan_by_share(o.rate, o.size);
  if (o.mean > 0 && o.sd > 0) return experiment::plan_by_mean(o.mean, o.sd, o.size);
  const auto metric = metric_named(context, o);
  if (!metric) return metric.error();
  const auto observed = observe_log(context, o, *metric);
  if (!observed) return observed.error();
  return experiment::plan_by_log(
      *observed, o.unit == "session" ? experiment::Unit::kSession : experiment::Unit::kUser,
      o.size);
}

Result<void> size_experiment(const Context& context, const ExperimentArguments& o) {
  const auto planned = plan(context, o);
  if (!planned) return planned.error();
  const double control = std::ceil(planned->size.control);
  const double treatment = std::ceil(planned->size.treatment);
  const double days =
      planned->units_a_day > 0 ? std::ceil((control + treatment) / planned->units_a_day) : 0;
  if (context.json) {
    json answer = {{"control", planned->size.control},
                   {"treatment", planned->size.treatment},
                   {"value", planned->value},
                   {"deviation", planned->deviation},
                   {"difference", planned->size.difference},
                   {"lift", o.size.lift},
                   {"alpha", o.size.alpha},
                   {"power", o.size.power},
                   {"source", planned->source}};
    if (days > 0) answer["days"] = days;
    fmt::print("{}\n", answer.dump(2));
    return {};
  }
  fmt::print(
      "{:.0f} units in the control, {:.0f} in the treatment\n"
      "find a lift of {:+.2f} % of {:.4g} ({}; a difference of {:+.4g})\n"
      "in {:.0f} % of experiments where it is true; where nothing is, {:.0f} % find something\n",
      control, treatment, 100 * o.size.lift, planned->value, planned->source,
      planned->size.difference, 100 * o.size.power, 100 * o.size.alpha);
  if (days > 0) fmt::print("at {:.0f} new units a day: {:.0f} days\n", planned->units_a_day, days);
  return {};
}

Result<void> run_self_test(const Context& context, const ExperimentArguments& o) {
  const auto metric = metric_named(context, o);
  if (!metric) return metric.error();
  const auto observed = observe_log(context, o, *metric);
  if (!observed) return observed.error();
  const auto test = experiment::self_test(*observed, observed->metrics.front(), o.self_test,
                                          run_control(context));
  finish_progress();
  if (context.json) {
    fmt::print("{}\n", experiment::to_json(test).dump(2));
    return {};
  }
  fmt::print(
      "{} A/A experiments on {}, {} {}s, {} days; at 5 % a difference was called in\n"
      "  {:>5.1f} %  by the fixed-horizon test at the end (5 % is right)\n"
      "  {:>5.1f} %  by the fixed-horizon test on any day (why one must not peek with it)\n"
      "  {:>5.1f} %  by the sequential test on any day (at most 5 % is right)\n"
      "  {:>5.1f} %  of splits were called a mismatch (0.1 % is right)\n"
      "a lift of {:.1f} % is the size of the interval's half\n",
      test.runs, metric->name, test.units, o.unit, test.days, 100 * test.fixed_rate,
      100 * test.peeking_rate, 100 * test.sequential_rate, 100 * test.mismatch_rate,
      100 * test.smallest_lift);
  return {};
}

void add_size_options(CLI::App& size, ExperimentArguments& o) {
  auto* rate = size.add_option("--rate", o.rate,
                               "The control's share of units, 0 to 1, instead of "
                               "what the log has")
                   ->check(flags::number_from(1e-9, 1));
  auto* mean = size.add_option("--mean", o.mean,
                               "The control's mean per unit, instead of what the "
                               "log has")
                   ->check(flags::number_from(1e-12, 1e12));
  auto* sd = size.add_option("--sd", o.sd, "Standard deviation of a unit, with --mean")
                 ->check(flags::number_from(1e-12, 1e12));
  mean->needs(sd)->excludes(rate);
  sd->needs(mean);
  size.add_option("--lift", o.size.lift, "Relative lift that is worth finding; 0.05 is 5 %")
      ->check(flags::number_from(-0.999, 100))
      ->capture_default_str();
  size.add_option("--alpha", o.size.alpha, "Chance of finding what is not there")
      ->check(flags::number_from(1e-6, 0.5))
      ->capture_default_str();
  size.add_option("--power", o.size.power, "Chance of finding what is there")
      ->check(flags::number_from(0.01, 0.999999))
      ->capture_default_str();
  size.add_option("--share", o.size.treatment_share, "The treatment's part of the units")
      ->check(flags::number_from(0.001, 0.999))
      ->capture_default_str();
}

void add_log_options(CLI::App& sub, ExperimentArguments& o) {
  sub.add_option("--metric", o.metric, "Metric, a known one or one of an experiment's own")
      ->capture_default_str();
  sub.add_option("--unit", o.unit, "What is assigned")
      ->check(CLI::IsMember({"user", "session"}))
      ->capture_default_str();
  sub.add_option("--days", o.days, "Days of the log, counted back from now; of --from all")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
}

}  // namespace

Command add_experiment(CLI::App& sub) {
  sub.require_subcommand(1);
  auto o = std::make_shared<ExperimentArguments>();
  CLI::App* list = sub.add_subcommand("list", "The experiments of the home");
  CLI::App* report = sub.add_subcommand("report", "What an experiment found so far");
  CLI::App* start = sub.add_subcommand("start", "Begin to assign units");
  CLI::App* stop = sub.add_subcommand("stop", "Assign no more; everyone gets the usual lists");
  CLI::App* ship = sub.add_subcommand("ship", "Note that a treatment was made the usual");
  CLI::App* back = sub.add_subcommand("roll-back", "Note that the treatments were given up");
  CLI::App* size = sub.add_subcommand("size", "How many units an experiment needs");
  CLI::App* test = sub.add_subcommand(
      "self-test", "A/A experiments on this log: how often tests call what is not there");
  CLI::App* replay = sub.add_subcommand(
      "replay", "What a model, rules or settings that were never live would have been worth");
  replay->fallthrough();
  const Command run_replay = add_replay(*replay);
  for (CLI::App* each : {list, report, start, stop, ship, back, size, test}) {
    each->fallthrough();
    each->add_option("--experiments", o->experiments,
                     "File of experiments (default: experiments.json in the home)");
  }
  for (CLI::App* each : {report, start, stop, ship, back})
    each->add_option("name", o->name, "Name of the experiment")->required();
  for (CLI::App* each : {start, stop, ship, back})
    each->add_option("--note", o->note, "Why, for the list of decisions");
  for (CLI::App* each : {report, size, test})
    each->add_option("--from", o->from,
                     "Exported events, lists and exposures as JSON lines, instead of the log");
  report->add_option("--units", o->units, "File for a table of units (CSV), for notebooks");
  for (CLI::App* each : {size, test}) add_log_options(*each, *o);
  add_size_options(*size, *o);
  test->add_option("--runs", o->self_test.runs, "A/A experiments")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  test->add_option("--minimum-lift", o->self_test.minimum_lift,
                   "Smallest lift worth finding, of the sequential test")
      ->check(flags::number_from(1e-4, 10))
      ->capture_default_str();
  test->add_option("--seed", o->self_test.seed, "Seed of the assignments")->capture_default_str();
  return [=](const Context& context) -> Result<void> {
    if (replay->parsed()) return run_replay(context);
    if (list->parsed()) return list_experiments(context, *o);
    if (report->parsed()) return report_experiment(context, *o);
    if (size->parsed()) return size_experiment(context, *o);
    if (test->parsed()) return run_self_test(context, *o);
    const std::string action = start->parsed()  ? "start"
                               : stop->parsed() ? "stop"
                               : ship->parsed() ? "ship"
                                                : "roll_back";
    return decide_experiment(context, *o, action);
  };
}

}  // namespace sparrow::app
