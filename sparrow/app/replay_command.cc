// experiment replay: what a model, rules or settings that were never live would have been worth, by
// lists that chance had a part in.
#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/rules_files.h"
#include "sparrow/core/clock.h"
#include "sparrow/events/event_log.h"
#include "sparrow/experiment/replay.h"
#include "sparrow/flags/checks.h"

namespace sparrow::app {
namespace {

struct ReplayArguments {
  std::string from;  // a file of JSON lines instead of the home's log
  std::string model = kDefaultModel;
  std::string rules;  // a file instead of the home's
  float popularity = 0;
  float diversity = 0;
  int days = 28;
  experiment::ShownOptions shown;
  experiment::ReplayOptions replay;
};

Result<experiment::ShownLists> read_lists(const Context& context, const ReplayArguments& o) {
  experiment::ShownOptions options = o.shown;
  // A file may be old: all of it is taken.
  if (!o.from.empty()) return experiment::shown_lists(experiment::records_of_file(o.from), options);
  options.span.from_ms = now_ms() - o.days * events::kDayMs;
  const auto log = events::EventLog::open_to_read(context.paths().root / "events");
  if (!log) return log.error();
  return experiment::shown_lists(experiment::records_of(**log), options);
}

// The ranking that is asked about, by numbers of items in `shown`.
class Asked {
 public:
  static Result<Asked> open(const Context& context, const ReplayArguments& o) {
    Asked asked;
    const auto dataset = load_prepared(context);
    if (!dataset) return dataset.error();
    auto served = load_served(context, *dataset, o.model, "");
    if (!served) return served.error();
    asked.served_ = std::move(*served);
    const recall::ItemFacts& facts = *asked.served_->facts;
    auto rules = o.rules.empty() ? present_rules(context, facts) : read_rules(o.rules, facts);
    if (!rules) return rules.error();
    asked.rules_ = std::move(*rules);
    asked.request_.controls.popularity = o.popularity;
    asked.request_.controls.diversity = o.diversity;
    asked.request_.rules = asked.rules_->empty() ? nullptr : asked.rules_.get();
    return asked;
  }

  // Seeds that are gone have no list.
  std::vector<std::uint32_t> list(const experiment::ShownLists& shown, std::uint32_t seed,
                                  std::size_t size) const {
    const data::Catalog& catalog = served_->dataset->catalog;
    const auto row = catalog.find(shown.items[seed]);
    std::vector<std::uint32_t> numbers;
    if (!row) return numbers;
    rank::Request request = request_;
    request.seeds = {{*row, 1}};
    request.size = size;
    for (const auto& item : served_->recommender->recommend(request).items)
      numbers.push_back(shown.items.find(catalog[item.row].id));
    return numbers;
  }

 private:
  std::shared_ptr<const live::ServedModel> served_;
  RulesPtr rules_;
  rank::Request request_;
};

Result<void> run_replay(const Context& context, const ReplayArguments& o) {
  const auto asked = Asked::open(context, o);
  if (!asked) return asked.error();
  const auto shown = read_lists(context, o);
  if (!shown) return shown.error();
  const auto target = [&](std::uint32_t seed, std::size_t size) {
    return asked->list(*shown, seed, size);
  };
  const auto made = experiment::replay(*shown, target, o.replay);
  if (made.lists == 0) return Error{ErrorCode::kNotFound, made.trouble};
  if (context.json)
    fmt::print("{}\n", experiment::replay_json(made).dump(2));
  else
    fmt::print("{}", experiment::replay_text(made, o.shown.type));
  return {};
}

}  // namespace

Command add_replay(CLI::App& sub) {
  auto o = std::make_shared<ReplayArguments>();
  sub.add_option("--model", o->model, "Model that is asked about, or MODEL@VERSION")
      ->capture_default_str();
  sub.add_option("--rules", o->rules, "File of rules that is asked about (default: the home's)");
  sub.add_option("--popularity", o->popularity, "As the parameter of lists")
      ->check(flags::number_from(-1, 1))
      ->capture_default_str();
  sub.add_option("--diversity", o->diversity, "As the parameter of lists")
      ->check(flags::number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--scenario", o->shown.scenario, "Only lists of this scenario");
  sub.add_option("--type", o->shown.type,
                 "Events that make a list worth something; their values count where they have any")
      ->capture_default_str();
  sub.add_option("--days", o->days, "Days of the log, counted back from now; of --from all")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  sub.add_option("--clip", o->replay.clip, "Largest weight of a place")
      ->check(flags::number_from(1, 1e9))
      ->capture_default_str();
  sub.add_option("--from", o->from, "Exported events and lists as JSON lines, instead of the log");
  return [o](const Context& context) { return run_replay(context, *o); };
}

}  // namespace sparrow::app
