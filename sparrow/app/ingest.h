// From the event log of the home to rows that models learn from: options, reading, what is said of
// it. `ingest`, `build --events` and `loop` share it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "sparrow/app/command.h"
#include "sparrow/events/training_rows.h"

namespace sparrow::app {

struct IngestOptions {
  int days = 0;             // 0: all there are
  double most_caused = 50;  // percent
  std::uint64_t seed = 1;
  std::string event_weights;  // "click=1,purchase=5"; empty: the usual ones
  bool position_bias = true;
};

struct HomeEvents {
  events::TrainingRows rows;
  // What was found about places, by lists that chance had a part in.
  std::vector<double> examination;  // empty: too little, or not asked
  std::uint64_t explored_clicks = 0;
};
inline constexpr std::uint64_t kLeastExploredClicks = 500;

// --days, --most-caused, --sample-seed. `options` must outlive the parsing.
std::vector<CLI::Option*> add_ingest_options(CLI::App& sub, IngestOptions& options);

// Reads HOME/events. Where lists that chance had a part in have kLeastExploredClicks clicks, a
// click model says how likely people look at each place, and rows are corrected for it. liked:
// ratings below it do not count. Errors: those of the log; kInvalidInput naming the option.
Result<HomeEvents> read_home_events(const Context& context, const IngestOptions& options,
                                    float liked);

// limit_caused() with the options' guard. `dataset` (may be null): its catalogue says what is
// known; its interactions are rows that no list caused.
enum class OtherRows { kNone, kOfDataset };
events::Limited limit_rows(events::TrainingRows& rows, const IngestOptions& options,
                           const data::Dataset* dataset, OtherRows other);

// "1,234 events: 800 that do not count, ..."; what was read, kept and dropped, and why.
std::string ingest_text(const HomeEvents& found, const events::Limited& limited,
                        const IngestOptions& options);
nlohmann::json ingest_json(const HomeEvents& found, const events::Limited& limited,
                           const IngestOptions& options);

}  // namespace sparrow::app
