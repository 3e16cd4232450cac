#include "sparrow/app/ingest.h"

#include <fmt/format.h>

#include "sparrow/core/clock.h"
#include "sparrow/experiment/click_model.h"
#include "sparrow/flags/checks.h"

namespace sparrow::app {

std::vector<CLI::Option*> add_ingest_options(CLI::App& sub, IngestOptions& options) {
  constexpr int kMostDays = 36'500;
  std::vector<CLI::Option*> all;
  all.push_back(sub.add_option("--days", options.days,
                               "The last so many days of the event log; 0: all there are")
                    ->check(CLI::Range(0, kMostDays))
                    ->capture_default_str());
  all.push_back(
      sub.add_option("--most-caused", options.most_caused,
                     "Percent of an item's rows that lists may have caused; what is above "
                     "is left out, by a sample. 100: no guard against learning what the "
                     "lists showed")
          ->check(flags::number_from(0, 100))
          ->capture_default_str());
  all.push_back(
      sub.add_option("--sample-seed", options.seed, "Of that sample: equal seeds, equal rows")
          ->capture_default_str());
  all.push_back(sub.add_flag("--position-bias,!--no-position-bias", options.position_bias,
                             "Clicks count by how likely people look at their place, as lists that "
                             "chance had a part in (explore=) tell it"));
  return all;
}

namespace {

// How likely people look at each place; nothing where chance had too little part in lists.
Result<void> find_examination(const events::EventLog& log, events::TimeSpan span,
                              HomeEvents& found) {
  experiment::ShownOptions options;
  options.span = span;
  const auto shown = experiment::shown_lists(experiment::records_of(log), options);
  if (!shown) return shown.error();
  for (const auto& place : shown->places) found.explored_clicks += place.reward > 0 ? 1 : 0;
  if (found.explored_clicks >= kLeastExploredClicks)
    found.examination = experiment::fit_click_model(*shown).examination;
  return {};
}

std::string places_text(const HomeEvents& found, const IngestOptions& options) {
  if (!options.position_bias) return "; places are taken as all alike (--no-position-bias)";
  if (found.examination.empty())
    return fmt::format(
        "; places are taken as all alike: {} clicks in explored lists, {} tell how people look "
        "(explore=)",
        found.explored_clicks, kLeastExploredClicks);
  constexpr std::size_t kSaid = 5;
  std::string text =
      fmt::format("; {} rows count for more by their place, looked at", found.rows.corrected);
  for (std::size_t i = 0; i < std::min(kSaid, found.examination.size()); ++i)
    text += fmt::format(" {:.2f}", found.examination[i]);
  if (found.examination.size() > kSaid)
    text +=
        fmt::format(" ... {:.2f} (place {})", found.examination.back(), found.examination.size());
  return text;
}

}  // namespace

Result<HomeEvents> read_home_events(const Context& context, const IngestOptions& options,
                                    float liked) {
  auto weights = events::EventWeights::parse(options.event_weights);
  if (!weights) return weights.error();
  weights->set_liked(liked);
  const auto log = events::EventLog::open_to_read(context.paths().root / "events");
  if (!log) return log.error();
  events::ReadRowsOptions read;
  read.weights = *weights;
  if (options.days > 0) read.span.from_ms = now_ms() - std::int64_t{options.days} * events::kDayMs;
  HomeEvents found;
  if (options.position_bias) {
    if (auto fitted = find_examination(**log, read.span, found); !fitted) return fitted.error();
  }
  read.examination = found.examination;
  auto rows = events::read_training_rows(**log, read);
  if (!rows) return rows.error();
  found.rows = std::move(*rows);
  return found;
}

events::Limited limit_rows(events::TrainingRows& rows, const IngestOptions& options,
                           const data::Dataset* dataset, OtherRows other) {
  constexpr double kPercent = 100;
  events::CausedLimit limit;
  limit.most_caused = options.most_caused / kPercent;
  limit.seed = options.seed;
  std::vector<std::uint64_t> of_items;
  if (dataset != nullptr)
    limit.known = [dataset](const std::string& id) {
      return dataset->catalog.find(id).has_value();
    };
  if (dataset != nullptr && other == OtherRows::kOfDataset) {
    of_items.resize(dataset->catalog.size(), 0);
    for (const Row row : dataset->interactions.items) ++of_items[row];
    limit.other_rows = [dataset, &of_items](const std::string& id) {
      const auto row = dataset->catalog.find(id);
      return row ? of_items[*row] : 0;
    };
  }
  return events::limit_caused(rows, limit);
}

std::string ingest_text(const HomeEvents& found, const events::Limited& limited,
                        const IngestOptions& options) {
  const events::TrainingRows& rows = found.rows;
  std::string text = fmt::format(
      "{} events read, {} of them do not count, {} name nobody; {} rows of a person and an item: "
      "{} "
      "by people themselves, {} at explored places, {} caused by lists",
      rows.events, rows.weightless, rows.nobodys, rows.rows.size(), limited.own, limited.explored,
      limited.by_lists);
  if (limited.dropped > 0)
    text += fmt::format("; {} rows of {} items left out: lists may cause {:.4g} % of an item's",
                        limited.dropped, limited.dropped_items, options.most_caused);
  if (rows.taken_back > 0)
    text += fmt::format("; {} taken back by dislike or hide", rows.taken_back);
  if (limited.unknown_rows > 0)
    text += fmt::format(
        "; {} rows of {} items that the catalogue lacks left out, for example \"{}\"",
        limited.unknown_rows, limited.unknown_items, limited.unknown_example.substr(0, 64));
  if (limited.by_lists + limited.explored > 0) text += places_text(found, options);
  return text;
}

nlohmann::json ingest_json(const HomeEvents& found, const events::Limited& limited,
                           const IngestOptions& options) {
  const events::TrainingRows& rows = found.rows;
  return {{"events", rows.events},
          {"weightless", rows.weightless},
          {"nobodys", rows.nobodys},
          {"taken_back", rows.taken_back},
          {"rows", rows.rows.size()},
          {"own", limited.own},
          {"explored", limited.explored},
          {"by_lists", limited.by_lists},
          {"dropped", limited.dropped},
          {"dropped_items", limited.dropped_items},
          {"unknown_rows", limited.unknown_rows},
          {"unknown_items", limited.unknown_items},
          {"corrected", rows.corrected},
          {"explored_clicks", found.explored_clicks},
          {"examination", found.examination},
          {"most_caused", options.most_caused},
          {"sample_seed", options.seed}};
}

}  // namespace sparrow::app
