#include "sparrow/api/controls.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sparrow::api {
namespace {

std::string quoted_list(const std::vector<std::string_view>& values) {
  std::string text;
  for (const auto& value : values) {
    const char quote = value.find('"') == std::string_view::npos ? '"' : '\'';
    text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", quote, value, quote);
  }
  return text;
}

// What all readers of filters need.
struct FilterReader {
  http::Query& query;
  const live::Snapshot& now;
  FilterCache& filters;
  rank::Controls& controls;

  void add(std::string_view name, std::string_view text) const {
    auto filter = filters.get(text, *now.view);
    if (filter)
      controls.filters.push_back(*filter);
    else
      query.fail(name, fmt::format("is not understood: {}", filter.error().message));
  }
};

std::vector<Row> read_items(http::Query& query, std::string_view name, const live::Snapshot& now) {
  std::vector<Row> rows;
  for (const auto& id : query.list(name)) {
    const auto row = now.view->find(id);
    if (row)
      rows.push_back(*row);
    else
      query.fail(name, fmt::format("names an unknown item \"{}\"", id.substr(0, 64)));
  }
  return rows;
}

// "FILTER * 1.5"
void read_boost(http::Query& query, const live::Snapshot& now, FilterCache& filters,
                rank::Controls& controls) {
  const auto text = query.view("boost");
  if (!text) return;
  const auto star = text->rfind('*');
  float factor = 0;
  if (star != std::string_view::npos) {
    const char* begin = text->data() + star + 1;
    const char* end = text->data() + text->size();
    while (begin < end && *begin == ' ') ++begin;
    if (std::from_chars(begin, end, factor).ptr != end) factor = -1;
  }
  if (star == std::string_view::npos || !(factor >= 0 && factor <= 10)) {
    query.fail("boost", "must be a filter, \"*\" and a factor in 0..10: genre=Comedy*1.5");
    return;
  }
  auto filter = filters.get(text->substr(0, star), *now.view);
  if (filter)
    controls.boosts.push_back({nullptr, *filter, factor});
  else
    query.fail("boost", fmt::format("is not understood: {}", filter.error().message));
}

void read_filters(http::Query& query, const live::Snapshot& now, FilterCache& filters,
                  rank::Controls& controls) {
  const FilterReader reader{query, now, filters, controls};
  if (const auto text = query.view("filter"); text && !text->empty()) reader.add("filter", *text);
  for (const auto& [name, text] :
       {std::pair{"year_min", "year >= {}"}, std::pair{"year_max", "year <= {}"}}) {
    if (!query.has(name)) continue;
    const auto year = query.number(name, 0, 0, 9999);
    reader.add(name, fmt::format(fmt::runtime(text), year));
  }
  for (const auto& [name, text] :
       {std::pair{"genres", "genre in ({})"}, std::pair{"not_genres", "not genre in ({})"}}) {
    const auto genres = query.list(name);
    for (const auto& genre : genres) {
      if (!now.view->genres.contains(std::string(genre)))
        query.fail(name, fmt::format("names an unknown genre \"{}\"", genre.substr(0, 64)));
    }
    if (!genres.empty()) reader.add(name, fmt::format(fmt::runtime(text), quoted_list(genres)));
  }
}

}  // namespace

Result<rank::FilterPtr> FilterCache::get(std::string_view text, const live::CatalogView& view) {
  {
    const std::lock_guard lock(mutex_);
    if (generation_ == view.generation) {
      const auto found = filters_.find(text);
      if (found != filters_.end()) return found->second;
    }
  }
  auto parsed = rank::Filter::parse(text, *view.facts);
  if (!parsed) return parsed;
  const std::lock_guard lock(mutex_);
  if (view.generation < generation_) return parsed;  // of a catalogue that is gone already
  if (generation_ != view.generation || filters_.size() >= kMaxFilters) filters_.clear();
  generation_ = view.generation;
  filters_.insert_or_assign(std::string(text), *parsed);
  return parsed;
}

const std::vector<std::string_view>& control_parameters() {
  static const std::vector<std::string_view> names = {
      "size",          "offset",         "model",         "exclude",  "hide",     "popularity",
      "diversity",     "min_score",      "filter",        "year_min", "year_max", "genres",
      "not_genres",    "same_series",    "pin",           "boost",    "row",      "channels",
      "budget_ms",     "user",           "fatigue",       "fields",   "reasons",  "parts",
      "max_per_genre", "max_per_series", "max_per_person"};
  return names;
}

void read_controls(http::Query& query, const live::Snapshot& now, FilterCache& filters,
                   rank::Request& request) {
  rank::Controls& c = request.controls;
  request.size = query.number("size", 20, 1, 1000);
  request.offset = query.number("offset", 0, 0, 10'000);
  c.popularity = static_cast<float>(query.decimal("popularity", 0, -1, 1));
  c.diversity = static_cast<float>(query.decimal("diversity", 0, 0, 1));
  c.min_match = static_cast<float>(query.decimal("min_score", 0, 0, 100));
  c.same_series = query.flag("same_series", true);
  c.caps.genre = query.number("max_per_genre", 0, 0, 1000);
  c.caps.series = query.number("max_per_series", 0, 0, 1000);
  c.caps.person = query.number("max_per_person", 0, 0, 1000);
  c.budget = std::chrono::milliseconds(query.number("budget_ms", 0, 0, 10'000));
  c.exclude = read_items(query, "exclude", now);
  const auto hidden = read_items(query, "hide", now);
  c.exclude.insert(c.exclude.end(), hidden.begin(), hidden.end());
  c.pins = read_items(query, "pin", now);
  read_filters(query, now, filters, c);
  read_boost(query, now, filters, c);
  const auto& known = rank::Recommender::channel_names();
  for (const auto& channel : query.list("channels")) {
    if (std::find(known.begin(), known.end(), channel) == known.end())
      query.fail("channels", fmt::format("\"{}\" is no channel; there are {}",
                                         channel.substr(0, 64), fmt::join(known, ", ")));
    c.channels.emplace_back(channel);
  }
  if (const auto row = query.view("row")) {
    if (!apply_row(*row, now, filters, c))
      query.fail("row",
                 "must be watched-together, similar-story, same-people-or-series or hidden-gems");
  }
}

void read_seeds(http::Query& query, std::string_view name, const live::Snapshot& now, float sign,
                std::vector<rank::Seed>& seeds) {
  constexpr std::size_t kMaxSeeds = 100;
  const live::CatalogView& catalog = *now.view;
  for (const auto& entry : query.list(name)) {
    if (seeds.size() == kMaxSeeds) return query.fail(name, "has more than 100 items");
    rank::Seed seed{kNoRow, sign};
    auto row = catalog.find(entry);
    const auto colon = entry.rfind(':');
    if (!row && colon != std::string_view::npos) {
      row = catalog.find(entry.substr(0, colon));
      float weight = 0;
      const char* end = entry.data() + entry.size();
      if (std::from_chars(entry.data() + colon + 1, end, weight).ptr != end || !(weight > 0) ||
          weight > 1000)
        return query.fail(name, "has a weight that is no number above 0, at most 1000");
      seed.weight = sign * weight;
    }
    if (!row)
      return query.fail(name, fmt::format("names an unknown item \"{}\"", entry.substr(0, 64)));
    seed.row = *row;
    seeds.push_back(seed);
  }
}

bool apply_row(std::string_view row, const live::Snapshot& now, FilterCache& filters,
               rank::Controls& controls) {
  if (row == "watched-together") {
    controls.channels = {"co-watch"};
  } else if (row == "similar-story") {
    controls.channels = {"content"};
  } else if (row == "same-people-or-series") {
    controls.channels = {"people-series"};
  } else if (row == "hidden-gems") {
    // Little known, and better liked than most.
    const auto text = fmt::format("popularity <= 80 and ratings >= 2 and rating >= {:.2f}",
                                  now.view->facts->mean_quality());
    auto filter = filters.get(text, *now.view);
    if (filter) controls.filters.push_back(*filter);
  } else {
    return false;
  }
  return true;
}

}  // namespace sparrow::api
