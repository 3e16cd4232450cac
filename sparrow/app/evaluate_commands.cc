// evaluate, spotcheck.

#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/app/command.h"
#include "sparrow/app/content_sources.h"
#include "sparrow/app/gate.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/evaluate/offline.h"
#include "sparrow/flags/measure_flags.h"
#include "sparrow/flags/train_flags.h"
#include "sparrow/live/search.h"

namespace sparrow::app {
namespace {

struct EvaluateArguments {
  std::optional<float> liked;
  embed::TrainOptions train;
  std::vector<std::string> methods{"fusion", "item2vec", "cooccurrence", "history", "content"};
  evaluate::EvaluateOptions options;
  std::string groups;
  std::string ground_truth;
  std::string out;
  std::vector<std::string> compare;
  std::string gate;
  double tolerance = 0.05;
};

Result<evaluate::GroundTruth> read_truth(const std::string& file, const data::Dataset& dataset,
                                         bool groups, std::uint64_t seed,
                                         std::uint32_t min_positives) {
  auto text = read_file(file);
  if (!text) return text.error();
  auto truth = groups ? evaluate::parse_groups(*text, dataset.catalog)
                      : evaluate::parse_ground_truth(*text, dataset.catalog);
  if (!truth) return Error{truth.error().code, file + ": " + truth.error().message};
  fmt::print(stderr, "{}: {} lines, {} pairs matched, {} lines unmatched\n", file, truth->lines,
             truth->pairs.size(), truth->unmatched.size());
  if (groups) evaluate::add_random_negatives(*truth, dataset, min_positives, seed);
  return truth;
}

Result<nlohmann::json> read_report(const std::string& file) {
  auto text = read_file(file);
  if (!text) return text.error();
  auto report = nlohmann::json::parse(*text, nullptr, false);
  if (report.is_discarded() || !report.contains("protocol"))
    return Error{ErrorCode::kInvalidInput, file + ": is not an evaluation report"};
  return report;
}

// Two saved reports; refused when data or protocol differ, because their numbers then do not
// compare.
Result<void> compare_reports(const std::string& file_a, const std::string& file_b) {
  auto a = read_report(file_a);
  if (!a) return a.error();
  auto b = read_report(file_b);
  if (!b) return b.error();
  if ((*a)["data"]["hash"] != (*b)["data"]["hash"]) {
    return Error{ErrorCode::kConflict,
                 fmt::format("{} and {} were made on different data: their numbers do not compare",
                             file_a, file_b)};
  }
  if ((*a)["protocol"] != (*b)["protocol"]) {
    return Error{
        ErrorCode::kConflict,
        fmt::format("{} and {} were made with different splits or k: their numbers do not compare",
                    file_a, file_b)};
  }
  fmt::print("{:<16} {:>9} {:>9} {:>9}\n", "method", "NX A", "NX B", "B - A");
  for (const auto& m : (*a)["methods"]) {
    for (const auto& other : (*b)["methods"]) {
      if (m["name"] != other["name"]) continue;
      const double x = m["held_out_users"]["hit"].get<double>();
      const double y = other["held_out_users"]["hit"].get<double>();
      fmt::print("{:<16} {:>9.4f} {:>9.4f} {:>+9.4f}\n", m["name"].get<std::string>(), x, y, y - x);
    }
  }
  return {};
}

// report.json, report.md and report.html in `folder`.
Result<void> write_report(const evaluate::Report& report, const std::string& in_json,
                          const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  for (const auto& [name, text] : {std::pair<std::string, std::string>{"report.json", in_json},
                                   {"report.md", evaluate::to_markdown(report)},
                                   {"report.html", evaluate::to_html(report)}}) {
    if (auto written = write_file_atomically(folder / name, text); !written) return written;
  }
  return {};
}

Result<void> run_evaluate(const Context& context, EvaluateArguments arguments) {
  if (arguments.compare.size() == 2)
    return compare_reports(arguments.compare[0], arguments.compare[1]);
  if (auto sound = flags::all_options_are_read(context.arguments, arguments.methods); !sound)
    return sound;
  if (auto changed = change_liked(context, arguments.liked); !changed) return changed;
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  evaluate::EvaluateOptions options = arguments.options;
  options.threads = context.threads;
  for (const auto& method : arguments.methods) {
    options.methods.push_back(evaluate::settings_of(method, arguments.train));
    const auto content = load_content(context, **dataset, options.methods.back());
    if (!content) return content.error();
  }
  if (!arguments.groups.empty()) {
    auto truth = read_truth(arguments.groups, **dataset, true, options.seed, options.min_positives);
    if (!truth) return truth.error();
    options.groups = std::move(*truth);
  }
  if (!arguments.ground_truth.empty()) {
    auto truth =
        read_truth(arguments.ground_truth, **dataset, false, options.seed, options.min_positives);
    if (!truth) return truth.error();
    options.ground_truth = std::move(*truth);
  }
  auto report = evaluate::evaluate_offline(**dataset, options, run_control(context));
  if (!report) return report.error();
  finish_progress();
  const auto as_json = evaluate::to_json(*report);
  // Documents take it from a pipe; a terminal has a hundred columns.
  std::cout << (context.json                   ? as_json.dump(2) + "\n"
                : ::isatty(STDOUT_FILENO) != 0 ? evaluate::to_terminal(*report)
                                               : evaluate::to_markdown(*report))
            << std::flush;
  const std::string text = as_json.dump(2) + "\n";
  const auto file = keep_report(context.paths(), text);
  if (!file) return file.error();
  if (!context.quiet) fmt::print(stderr, "evaluate  {}\n", file->string());
  if (!arguments.out.empty()) {
    if (auto written = write_report(*report, text, arguments.out); !written) return written;
  }
  if (arguments.gate.empty()) return {};
  const auto kept = check_gate(as_json, arguments.gate, arguments.tolerance);
  if (!kept) return kept.error();
  for (const auto& line : *kept) fmt::print(stderr, "gate      {}\n", line);
  return {};
}

}  // namespace

Command add_evaluate(CLI::App& sub) {
  auto arguments = std::make_shared<EvaluateArguments>();
  flags::add_train_options(sub, arguments->train);
  add_liked_option(sub, arguments->liked);
  sub.remove_option(sub.get_option("--method"));
  sub.remove_option(sub.get_option("--name"));
  flags::add_measure_options(sub, arguments->methods, arguments->options);
  sub.add_option("--groups", arguments->groups, "Series and remakes: groups of title<TAB>year");
  sub.add_option(
      "--ground-truth", arguments->ground_truth,
      "Judged pairs: itemId neighborId grade, TREC qrels, or title year title year OK|NOT_OK");
  sub.add_option("--out", arguments->out, "Folder for report.json, report.md and report.html");
  auto* compare =
      sub.add_option("--compare", arguments->compare, "Two saved report.json files")->expected(2);
  sub.add_option("--gate", arguments->gate,
                 "JSON of metric pointers and recorded values that the first method must keep");
  sub.add_option("--tolerance", arguments->tolerance, "Share that a gated metric may fall")
      ->capture_default_str();
  // What is measured cannot be told where nothing is measured.
  for (const char* name : {"--methods", "--k", "--splits", "--split-seed", "--cold-slice",
                           "--groups", "--ground-truth", "--out", "--gate", "--min-value"})
    compare->excludes(sub.get_option(name));
  return [arguments](const Context& context) { return run_evaluate(context, *arguments); };
}

namespace {

struct SpotcheckArguments {
  std::vector<std::string> seeds;
  std::vector<std::string> models{kDefaultModel};
  std::size_t sample = 0;
  std::size_t size = 10;
  std::uint64_t seed = 1;
};

using Served = std::vector<std::shared_ptr<const live::ServedModel>>;

// The place of a row in the first model's list against its place now: "new", "=", "+2" (up two).
std::string move_mark(const std::vector<Row>& first, Row row, std::size_t now) {
  const auto before = std::find(first.begin(), first.end(), row);
  if (before == first.end()) return "new";
  const auto moved = static_cast<long>(before - first.begin()) - static_cast<long>(now);
  return moved == 0 ? "=" : fmt::format("{:+d}", moved);
}

void print_seed(const SpotcheckArguments& arguments, const Served& served, Row seed) {
  const data::Catalog& catalog = served.front()->dataset->catalog;
  const data::Item& item = catalog[seed];
  fmt::print("\n{} {}  {}\n", item.id, data::title_and_year(item),
             fmt::join(item.list(data::kGenres), ", "));
  std::vector<Row> first;
  for (std::size_t m = 0; m < served.size(); ++m) {
    const auto answer = served[m]->recommender->similar({seed, arguments.size, 0, {}});
    fmt::print("  {}{}\n", arguments.models[m],
               answer.seed_source == model::Source::kContent ? " (seed placed by content)" : "");
    std::vector<Row> rows;
    for (const auto& listed : answer.items) {
      const data::Item& other = catalog[listed.row];
      const std::string mark = m == 0 ? "" : move_mark(first, listed.row, rows.size());
      rows.push_back(listed.row);
      fmt::print("    {:>2} {:>3.0f} {:<4} {}  {}\n", rows.size(), listed.match, mark,
                 data::title_and_year(other), fmt::join(other.list(data::kGenres), ", "));
    }
    if (m == 0) first = rows;
    for (std::size_t r = 0; m > 0 && r < first.size(); ++r) {
      if (std::find(rows.begin(), rows.end(), first[r]) == rows.end()) {
        fmt::print("            gone {}\n", data::title_and_year(catalog[first[r]]));
      }
    }
  }
}

Result<std::vector<Row>> spotcheck_seeds(const SpotcheckArguments& arguments,
                                         const data::Catalog& catalog) {
  std::vector<Row> seeds;
  for (const auto& id : arguments.seeds) {
    const auto row = catalog.find(id);
    if (!row) return Error{ErrorCode::kNotFound, fmt::format("no item has the id \"{}\"", id)};
    seeds.push_back(*row);
  }
  Random random(arguments.seed);
  for (std::size_t s = 0; s < arguments.sample; ++s) {
    seeds.push_back(random.below(static_cast<std::uint32_t>(catalog.size())));
  }
  if (seeds.empty())
    return Error{ErrorCode::kInvalidInput, "spotcheck: give item ids, or --sample N"};
  return seeds;
}

Result<void> run_spotcheck(const Context& context, const SpotcheckArguments& arguments) {
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  Served served;
  for (const auto& name : arguments.models) {
    auto one = load_served(context, *dataset, name, "");
    if (!one) return one.error();
    served.push_back(*one);
  }
  auto seeds = spotcheck_seeds(arguments, (*dataset)->catalog);
  if (!seeds) return seeds.error();
  for (const Row seed : *seeds) print_seed(arguments, served, seed);
  return {};
}

}  // namespace

Command add_spotcheck(CLI::App& sub) {
  auto o = std::make_shared<SpotcheckArguments>();
  auto* seeds = sub.add_option("seeds", o->seeds, "Item ids");
  sub.add_option("--models", o->models, "Models side by side; the first is compared against")
      ->delimiter(',')
      ->capture_default_str();
  auto* sample =
      sub.add_option("--sample", o->sample, "So many random seeds instead")->capture_default_str();
  sample->excludes(seeds);
  sub.add_option("--size", o->size, "Length of the lists")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub.add_option("--seed", o->seed, "Seed of the sample")->needs(sample)->capture_default_str();
  return [o](const Context& context) { return run_spotcheck(context, *o); };
}

}  // namespace sparrow::app
