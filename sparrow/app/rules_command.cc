// rules: what they are, whether a file of them is sound, and what it would change.
#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/rules_files.h"
#include "sparrow/rank/rules.h"
#include "sparrow/rank/what_if.h"

namespace sparrow::app {
namespace {

using nlohmann::json;

struct RulesArguments {
  std::string file;
  std::string model = "fusion";
  std::size_t seeds = 2000;
};

void print_what_if(const rank::WhatIf& w, const data::Catalog& catalog) {
  const double share =
      w.seeds == 0 ? 0.0
                   : 100.0 * static_cast<double>(w.seeds_changed) / static_cast<double>(w.seeds);
  fmt::print(
      "seeds looked at        {}\n"
      "lists changed          {} ({:.1f} %)\n"
      "lists that go short    {}\n"
      "items in any list      {:.1f} % -> {:.1f} %\n"
      "popularity percentile  {:+.2f}\n",
      w.seeds, w.seeds_changed, share, w.short_lists, 100 * w.coverage_before,
      100 * w.coverage_after, w.popularity_shift);
  for (const auto& [genre, shift] : w.genre_shift) {
    constexpr double kShown = 0.0005;
    if (shift > kShown || shift < -kShown) fmt::print("  {:<20} {:+.2f} %\n", genre, 100 * shift);
  }
  for (const auto& example : w.examples) {
    fmt::print("{} ({})\n", catalog[example.seed].title, catalog[example.seed].id);
    for (const Row row : example.gone) fmt::print("  - {}\n", catalog[row].title);
    for (const Row row : example.fresh) fmt::print("  + {}\n", catalog[row].title);
  }
}

Result<void> what_if(const Context& context, const RulesArguments& o) {
  const auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  const auto served = load_served(context, *dataset, o.model, "");
  if (!served) return served.error();
  const recall::ItemFacts& facts = *(*served)->facts;
  const auto before = present_rules(context, facts);
  if (!before) return before.error();
  const auto after = read_rules(o.file, facts);
  if (!after) return after.error();
  rank::Request usual;
  usual.rules = before->get();
  const rank::WhatIfLimits limits{o.seeds, std::chrono::hours(1)};
  const auto w = rank::what_if(*(*served)->recommender, facts, usual, **after, limits);
  if (context.json)
    fmt::print("{}\n", rank::what_if_json(w, (*dataset)->catalog).dump(2));
  else
    print_what_if(w, (*dataset)->catalog);
  return {};
}

Result<void> show_or_check(const Context& context, const RulesArguments& o) {
  const auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  const recall::ItemFacts facts(**dataset);
  const auto rules = o.file.empty() ? present_rules(context, facts) : read_rules(o.file, facts);
  if (!rules) return rules.error();
  for (const std::string& resting : (*rules)->resting()) fmt::print(stderr, "rests: {}\n", resting);
  if (o.file.empty())
    fmt::print("{}\n", (*rules)->source().dump(2));
  else if (!context.quiet)
    fmt::print("{}: {} rules, all sound\n", o.file, (*rules)->source()["rules"].size());
  return {};
}

}  // namespace

Command add_rules(CLI::App& sub) {
  sub.require_subcommand(1);
  auto o = std::make_shared<RulesArguments>();
  CLI::App* show = sub.add_subcommand("show", "The rules of the home");
  CLI::App* check = sub.add_subcommand("check", "Whether a file of rules is sound");
  CLI::App* effect = sub.add_subcommand(
      "what-if", "What a file of rules would change: lists, coverage, popularity, genres");
  for (CLI::App* each : {show, check, effect}) each->fallthrough();
  for (CLI::App* each : {check, effect})
    each->add_option("file", o->file, "JSON as PUT /api/v1/rules takes it")->required();
  effect->add_option("--model", o->model, "Model, or MODEL@VERSION")->capture_default_str();
  effect->add_option("--seeds", o->seeds, "Looked at, at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  return [o, effect](const Context& context) -> Result<void> {
    return effect->parsed() ? what_if(context, *o) : show_or_check(context, *o);
  };
}

}  // namespace sparrow::app
