// similar: the list of one item in the terminal.

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/live/search.h"

namespace sparrow::app {
namespace {

Result<Row> find_seed(const data::Dataset& dataset, const std::string& words) {
  if (const auto row = dataset.catalog.find(words)) return *row;
  const live::Search search(dataset);
  const auto hits = search.find(words, 5);
  if (hits.empty()) {
    return Error{ErrorCode::kNotFound, fmt::format("no item has the id or title \"{}\"", words)};
  }
  if (hits.front().exact) return hits.front().row;
  std::string message = fmt::format("no title reads like \"{}\". Did you mean:", words);
  for (const auto& hit : hits) {
    message += fmt::format("\n  {:>8}  {}", dataset.catalog[hit.row].id,
                           data::title_and_year(dataset.catalog[hit.row]));
  }
  return Error{ErrorCode::kNotFound, message};
}

nlohmann::json list_json(const data::Catalog& catalog, Row seed, const rank::Answer& answer,
                         const model::Manifest& m) {
  nlohmann::json items = nlohmann::json::array();
  for (const auto& i : answer.items) {
    items.push_back({{"id", catalog[i.row].id},
                     {"title", catalog[i.row].title},
                     {"year", catalog[i.row].year},
                     {"score", i.match},
                     {"similarity", i.similarity},
                     {"source", model::source_name(i.source)}});
  }
  return {{"seed", catalog[seed].id}, {"title", catalog[seed].title},
          {"model", m.name},          {"version", m.version},
          {"items", items},           {"degraded", answer.degraded}};
}

void print_list(const data::Catalog& catalog, Row seed, const rank::Answer& answer,
                const model::Manifest& m) {
  fmt::print("{}  {}\n", data::title_and_year(catalog[seed]),
             fmt::join(catalog[seed].list(data::kGenres), ", "));
  if (answer.seed_source == model::Source::kContent) {
    fmt::print("  too few ratings: placed by genres, tags, title words and year\n");
  }
  std::size_t rank = 0;
  for (const auto& i : answer.items) {
    fmt::print("{:>3}  {:>3.0f}  {:>8}  {}  {}{}\n", ++rank, i.match, catalog[i.row].id,
               data::title_and_year(catalog[i.row]),
               fmt::join(catalog[i.row].list(data::kGenres), ", "),
               i.source == model::Source::kBehavior  ? ""
               : i.source == model::Source::kContent ? "  [content]"
                                                     : "  [popular]");
  }
  for (const auto& note : answer.degraded) fmt::print("  note: {}\n", note);
  fmt::print("model {} {}\n", m.name, m.version);
}

}  // namespace

Command add_similar(CLI::App& sub) {
  struct Options {
    std::vector<std::string> words;
    std::string model = kDefaultModel;
    std::size_t size = 20;
  };
  auto o = std::make_shared<Options>();
  sub.add_option("item", o->words, "Item id or title, for example 589 or \"terminator 2\"")
      ->required();
  sub.add_option("--model", o->model, "Model name, name@version or folder")->capture_default_str();
  sub.add_option("--size", o->size, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  return [o](const Context& context) -> Result<void> {
    auto dataset = load_prepared(context);
    if (!dataset) return dataset.error();
    auto seed = find_seed(**dataset, fmt::format("{}", fmt::join(o->words, " ")));
    if (!seed) return seed.error();
    auto served = load_served(context, *dataset, o->model, "");
    if (!served) return served.error();
    rank::SimilarRequest request;
    request.seed = *seed;
    request.size = o->size;
    const rank::Answer answer = (*served)->recommender->similar(request);
    const auto& manifest = (*served)->model.manifest;
    if (context.json) {
      fmt::print("{}\n", list_json((*dataset)->catalog, *seed, answer, manifest).dump(2));
    } else {
      print_list((*dataset)->catalog, *seed, answer, manifest);
    }
    return {};
  };
}

}  // namespace sparrow::app
