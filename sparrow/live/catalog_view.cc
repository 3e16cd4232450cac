#include "sparrow/live/catalog_view.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <initializer_list>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/http/json_text.h"

namespace sparrow::live {
namespace {

std::atomic<std::uint64_t> next_generation{1};

void group_by_item(const data::Interactions& interactions, CatalogView& view) {
  const std::size_t n = view.dataset->catalog.size();
  view.by_item_offsets.assign(n + 1, 0);
  for (const Row row : interactions.items) ++view.by_item_offsets[row + 1];
  for (std::size_t i = 0; i < n; ++i) view.by_item_offsets[i + 1] += view.by_item_offsets[i];
  struct Rating {
    std::uint32_t user;
    float value;
    std::int64_t time;
  };
  std::vector<Rating> all(interactions.size());
  std::vector<std::uint64_t> next(view.by_item_offsets.begin(), view.by_item_offsets.end());
  for (std::uint32_t u = 0; u < interactions.users(); ++u) {
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      all[next[interactions.items[e]]++] = {u, interactions.values[e], interactions.times[e]};
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    std::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(view.by_item_offsets[i]),
                     all.begin() + static_cast<std::ptrdiff_t>(view.by_item_offsets[i + 1]),
                     [](const Rating& a, const Rating& b) { return a.value > b.value; });
  }
  for (const Rating& r : all) {
    view.by_item_user.push_back(r.user);
    view.by_item_value.push_back(r.value);
    view.by_item_time.push_back(r.time);
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
      facts(item_facts != nullptr ? std::move(item_facts)
                                  : std::make_shared<const recall::ItemFacts>(*dataset)) {
  const data::Catalog& catalog = dataset->catalog;
  const data::Interactions& interactions = dataset->interactions;
  const std::size_t n = catalog.size();
  ratings.assign(n, 0);
  average.assign(n, 0);
  histogram.assign(n, {});
  double total = 0;
  std::size_t rated = 0;  // interactions whose value rates
  for (std::size_t e = 0; e < interactions.size(); ++e) {
    if (!dataset->info.scale.rates(interactions.values[e])) continue;
    const Row row = interactions.items[e];
    const auto value = static_cast<double>(interactions.values[e]);
    ++ratings[row];
    average[row] += value;
    total += value;
    ++rated;
    ++histogram[row][dataset->info.scale.bin(interactions.values[e])];
  }
  constexpr double kPrior = 20;
  const double mean = rated == 0 ? 0 : total / static_cast<double>(rated);
  shrunk_average.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    shrunk_average[i] = (average[i] + kPrior * mean) / (static_cast<double>(ratings[i]) + kPrior);
    if (ratings[i] > 0) average[i] /= static_cast<double>(ratings[i]);
  }
  for (Row row = 0; row < n; ++row) {
    if (hidden(row)) continue;
    for (const auto& genre : catalog[row].list(data::kGenres)) genres[genre].push_back(row);
  }
  for (auto& [genre, rows] : genres) {
    std::stable_sort(rows.begin(), rows.end(),
                     [&](Row a, Row b) { return shrunk_average[a] > shrunk_average[b]; });
  }
  group_by_item(interactions, *this);
  render_items(*this);
  kind = kind_of(*dataset);
}

void append_card(std::string& out, const CatalogView& view, Row row) {
  out += view.rendered(row);
  fmt::format_to(std::back_inserter(out), ",\"rating\":{:.2f},\"ratings\":{}}}", view.average[row],
                 view.ratings[row]);
}

}  // namespace sparrow::live
