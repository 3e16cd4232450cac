#include "sparrow/live/catalog_view.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <initializer_list>
#include <thread>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/http/json_text.h"

namespace sparrow::live {
namespace {

std::atomic<std::uint64_t> next_generation{1};

void keep_best(TopRatings& top, const data::Column<float>& values, std::uint64_t at) {
  const float value = values[at];
  if (top.count == TopRatings::kMost && value <= top.least) return;
  std::size_t place = top.count < TopRatings::kMost ? top.count++ : TopRatings::kMost - 1;
  for (; place > 0 && values[top.at[place - 1]] < value; --place) top.at[place] = top.at[place - 1];
  top.at[place] = at;
  top.least = values[top.at[top.count - 1U]];
}

constexpr std::size_t kAhead = 24;  // events

void count_values(CatalogView& view) {
  const data::Interactions& interactions = view.dataset->interactions;
  const data::ValueScale& scale = view.dataset->info.scale;
  view.histogram.assign(view.dataset->catalog.size(), {});
  for (std::size_t e = 0; e < interactions.size(); ++e) {
    if (e + kAhead < interactions.size())  // items come in no order
      __builtin_prefetch(&view.histogram[interactions.items[e + kAhead]], 1);
    if (scale.rates(interactions.values[e]))
      ++view.histogram[interactions.items[e]][scale.bin(interactions.values[e])];
  }
}

void take_ratings(CatalogView& view) {
  const std::size_t n = view.dataset->catalog.size();
  view.ratings.resize(n);
  view.average.assign(n, 0);
  view.shrunk_average.resize(n);
  double total = 0;
  std::uint64_t rated = 0;  // interactions whose value rates
  for (Row row = 0; row < n; ++row) {
    total += view.facts->ratings(row).sum;
    rated += view.facts->ratings(row).count;
  }
  constexpr double kPrior = 20;
  const double mean = rated == 0 ? 0 : total / static_cast<double>(rated);
  for (Row row = 0; row < n; ++row) {
    const auto& [sum, count] = view.facts->ratings(row);
    view.ratings[row] = static_cast<std::uint32_t>(count);
    view.shrunk_average[row] = (sum + kPrior * mean) / (static_cast<double>(count) + kPrior);
    if (count > 0) view.average[row] = sum / static_cast<double>(count);
  }
}

void render_items(CatalogView& view) {
  const data::Catalog& catalog = view.dataset->catalog;
  view.item_json_offsets.assign(1, 0);
  for (const data::Item& item : catalog.items()) {
    view.item_json += "{\"id\":";
    http::append_json(view.item_json, item.id);
    view.item_json += ",\"title\":";
    http::append_json(view.item_json, item.title);
    view.item_json += ",\"year\":";
    http::append_json(view.item_json, item.year);
    view.item_json += ",\"genres\":[";
    for (std::size_t g = 0; g < item.list(data::kGenres).size(); ++g) {
      if (g > 0) view.item_json += ',';
      http::append_json(view.item_json, item.list(data::kGenres)[g]);
    }
    view.item_json += ']';
    view.item_json_offsets.push_back(static_cast<std::uint32_t>(view.item_json.size()));
  }
}

// MovieLens and whoever has ids of film databases; then what the names of attributes speak of.
std::string_view kind_of(const data::Dataset& dataset) {
  const auto& items = dataset.catalog.items();
  const auto some = [&](data::AttributePosition attribute) {
    return std::any_of(items.begin(), items.end(),
                       [&](const data::Item& item) { return item.find(attribute) != nullptr; });
  };
  if (some(data::kImdbId) || some(data::kTmdbId) || some(data::kDirectors) || some(data::kActors))
    return "film";
  const data::Schema& schema = dataset.catalog.schema();
  const auto any = [&](std::initializer_list<std::string_view> names) {
    for (data::AttributePosition a = data::kWellKnownAttributes; a < schema.size(); ++a) {
      const std::string name = fold_text(schema[a].name);
      for (const auto wanted : names) {
        if (name.find(wanted) != std::string::npos) return true;
      }
    }
    return false;
  };
  if (any({"author", "isbn", "publisher"})) return "book";
  if (any({"price", "brand", "sku", "asin"})) return "product";
  return "item";
}

}  // namespace

CatalogView::CatalogView(std::shared_ptr<const data::Dataset> data,
                         std::shared_ptr<const recall::ItemFacts> item_facts, CatalogMarks changes)
    : generation(next_generation.fetch_add(1)),
      marks(std::move(changes)),
      dataset(std::move(data)),
      facts(std::move(item_facts)) {
  std::thread of_the_log([this] { count_values(*this); });
  if (facts == nullptr) facts = std::make_shared<const recall::ItemFacts>(*dataset);
  take_ratings(*this);
  render_items(*this);
  kind = kind_of(*dataset);
  of_the_log.join();
  const data::Catalog& catalog = dataset->catalog;
  for (Row row = 0; row < catalog.size(); ++row) {
    if (hidden(row)) continue;
    for (const auto& genre : catalog[row].list(data::kGenres)) genres[genre].push_back(row);
  }
  for (auto& [genre, rows] : genres) {
    std::stable_sort(rows.begin(), rows.end(),
                     [&](Row a, Row b) { return shrunk_average[a] > shrunk_average[b]; });
  }
}

const std::vector<TopRatings>& CatalogView::top_ratings() const {
  std::call_once(top_made_, [this] {
    const data::Interactions& interactions = dataset->interactions;
    top_ratings_.assign(dataset->catalog.size(), {});
    for (std::size_t e = 0; e < interactions.size(); ++e) {
      if (e + kAhead < interactions.size())
        __builtin_prefetch(&top_ratings_[interactions.items[e + kAhead]].least, 1);
      keep_best(top_ratings_[interactions.items[e]], interactions.values, e);
    }
  });
  return top_ratings_;
}

void append_card(std::string& out, const CatalogView& view, Row row) {
  out += view.rendered(row);
  fmt::format_to(std::back_inserter(out), ",\"rating\":{:.2f},\"ratings\":{}}}", view.average[row],
                 view.ratings[row]);
}

}  // namespace sparrow::live
