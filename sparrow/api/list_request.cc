#include "sparrow/api/list_request.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/api/context.h"

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

void add_filter(Context& c, std::string_view name, std::string_view text,
                rank::Controls& controls) {
  auto filter = c.services.filters.get(text, c.view);
  if (filter)
    controls.filters.push_back(*filter);
  else
    c.query.fail(name, fmt::format("is not understood: {}", filter.error().message));
}

std::vector<Row> read_items(Context& c, std::string_view name) {
  std::vector<Row> rows;
  for (const auto& id : c.query.list(name)) {
    const auto row = c.view.find(id);
    if (row)
      rows.push_back(*row);
    else
      c.query.fail(name, fmt::format("names an unknown item \"{}\"", id.substr(0, 64)));
  }
  return rows;
}

// "FILTER * 1.5"
void read_boost(Context& c, rank::Controls& controls) {
  const auto text = c.query.view("boost");
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
    c.query.fail("boost", "must be a filter, \"*\" and a factor in 0..10: genre=Comedy*1.5");
    return;
  }
  auto filter = c.services.filters.get(text->substr(0, star), c.view);
  if (filter)
    controls.boosts.push_back({nullptr, *filter, factor});
  else
    c.query.fail("boost", fmt::format("is not understood: {}", filter.error().message));
}

void read_filters(Context& c, rank::Controls& controls) {
  if (const auto text = c.query.view("filter"); text && !text->empty())
    add_filter(c, "filter", *text, controls);
  for (const auto& [name, text] :
       {std::pair{"year_min", "year >= {}"}, std::pair{"year_max", "year <= {}"}}) {
    if (!c.query.has(name)) continue;
    const auto year = c.query.number(name, 0, 0, 9999);
    add_filter(c, name, fmt::format(fmt::runtime(text), year), controls);
  }
  for (const auto& [name, text] :
       {std::pair{"genres", "genre in ({})"}, std::pair{"not_genres", "not genre in ({})"}}) {
    const auto genres = c.query.list(name);
    for (const auto& genre : genres) {
      if (!c.view.genres.contains(std::string(genre)))
        c.query.fail(name, fmt::format("names an unknown genre \"{}\"", genre.substr(0, 64)));
    }
    if (!genres.empty())
      add_filter(c, name, fmt::format(fmt::runtime(text), quoted_list(genres)), controls);
  }
}

void read_channels(Context& c, rank::Controls& controls) {
  const auto& known = recall::kChannelNames;
  for (const auto& channel : c.query.list("channels")) {
    if (std::find(known.begin(), known.end(), channel) == known.end())
      c.query.fail("channels", fmt::format("\"{}\" is not a channel; there are {}",
                                           channel.substr(0, 64), fmt::join(known, ", ")));
    controls.channels.emplace_back(channel);
  }
}

// "none", or a set of the rules.
void read_rules(Context& c, rank::Request& request) {
  const auto name = c.query.view("rules");
  if (!name) return;
  const rank::Rules& all = *c.now->rules;
  request.rules = *name == "none" ? nullptr : all.in_set(*name);
  if (request.rules != nullptr || *name == "none") return;
  std::vector<std::string_view> known = all.sets();
  known.insert(known.begin(), "none");
  c.query.fail("rules", fmt::format("must be a set of the rules, not \"{}\"; there are: {}",
                                    name->substr(0, 64), fmt::join(known, ", ")));
}

// What people do now: such a list may be another one a second later, and is not given again.
void read_live(Context& c, rank::Controls& controls) {
  constexpr double kMostPoints = 100;
  controls.trending = static_cast<float>(c.query.decimal("trending", 0, 0, kMostPoints));
  controls.recent_co_watch =
      static_cast<float>(c.query.decimal("recent_co_watch", 0, 0, kMostPoints));
  for (const auto id : {recall::ChannelId::kTrending, recall::ChannelId::kRecentCoWatch}) {
    const bool named = std::find(controls.channels.begin(), controls.channels.end(),
                                 recall::channel_name(id)) != controls.channels.end();
    const bool always =
        c.services.options.ranking.channel(id).use == rank::ChannelSetting::Use::kAlways;
    if (named || always) c.repeatable = false;
  }
  if (controls.trending > 0 || controls.recent_co_watch > 0) c.repeatable = false;
}

void leave_out_rated(const Context& c, std::uint32_t user, rank::Request& request) {
  const data::Interactions& log = c.view.dataset->interactions;
  for (auto e = log.offsets[user]; e < log.offsets[user + 1]; ++e)
    request.controls.exclude.push_back(log.items[e]);
}

void read_user(Context& c, rank::Request& request, UserSeeds user_seeds) {
  const auto user = c.query.text("user");
  const auto fatigue = c.query.number("fatigue", 0, 0, 1000);
  if (!user) return;
  if (user->empty() || user->size() > 128) return c.query.fail("user", "must have 1 to 128 bytes");
  std::vector<Row>& exclude = request.controls.exclude;
  if (const auto number = c.view.facts->find_user(*user)) {
    if (user_seeds == UserSeeds::kYes)
      add_history(c, *number, request);
    else
      leave_out_rated(c, *number, request);
  }
  const auto unwanted = c.services.marks.unwanted(*user, fatigue);
  exclude.insert(exclude.end(), unwanted.begin(), unwanted.end());
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
      "size",           "offset",         "model",    "exclude",        "hide",     "popularity",
      "diversity",      "min_score",      "filter",   "year_min",       "year_max", "genres",
      "not_genres",     "same_series",    "pin",      "rules",          "boost",    "row",
      "channels",       "budget_ms",      "user",     "fatigue",        "fields",   "reasons",
      "parts",          "session",        "scenario", "variant",        "explore",  "max_per_genre",
      "max_per_series", "max_per_person", "trending", "recent_co_watch"};
  return names;
}

rank::Request start_request(const Context& c) {
  rank::Request request;
  request.hidden = *c.now->hidden;
  request.rules = c.now->rules->empty() ? nullptr : c.now->rules.get();
  request.ranking = &c.services.options.ranking;
  request.live = c.now->live.get();
  request.trace = c.trace;
  return request;
}

void add_history(const Context& c, std::uint32_t user, rank::Request& request) {
  leave_out_rated(c, user, request);
  for (const Row row : c.view.facts->liked(user)) request.seeds.push_back({row, 1});
}

void read_controls(Context& c, rank::Request& request, UserSeeds user_seeds) {
  http::Query& query = c.query;
  rank::Controls& controls = request.controls;
  request.size = query.number("size", 20, 1, 1000);
  request.offset = query.number("offset", 0, 0, 10'000);
  controls.popularity = static_cast<float>(query.decimal("popularity", 0, -1, 1));
  controls.diversity = static_cast<float>(query.decimal("diversity", 0, 0, 1));
  controls.min_match = static_cast<float>(query.decimal("min_score", 0, 0, 100));
  controls.same_series = query.flag("same_series", true);
  controls.caps.genre = query.number("max_per_genre", 0, 0, 1000);
  controls.caps.series = query.number("max_per_series", 0, 0, 1000);
  controls.caps.person = query.number("max_per_person", 0, 0, 1000);
  controls.budget = std::chrono::milliseconds(query.number("budget_ms", 0, 0, 10'000));
  request.explore = static_cast<float>(query.decimal("explore", 0, 0, 1));
  controls.exclude = read_items(c, "exclude");
  const auto hidden = hidden_rows(c);
  controls.exclude.insert(controls.exclude.end(), hidden.begin(), hidden.end());
  controls.pins = read_items(c, "pin");
  read_filters(c, controls);
  read_boost(c, controls);
  read_channels(c, controls);
  read_rules(c, request);
  read_live(c, controls);
  if (const auto shelf = query.view("row"); shelf && !apply_shelf(c, *shelf, controls))
    query.fail("row",
               "must be watched-together, similar-story, same-people-or-series or hidden-gems");
  read_user(c, request, user_seeds);
}

void read_seeds(Context& c, std::string_view name, float sign, std::vector<rank::Seed>& seeds) {
  constexpr std::size_t kMaxSeeds = 100;
  std::vector<std::string_view> entries = c.query.list(name);
  // The one id that is asked for may have commas, which forms encode as they encode a list's.
  const std::string_view whole = c.query.view(name).value_or(std::string_view());
  if (entries.size() > 1 && (c.view.find(whole) || c.view.find(whole.substr(0, whole.rfind(':')))))
    entries = {whole};
  for (const auto& entry : entries) {
    if (seeds.size() == kMaxSeeds) return c.query.fail(name, "has more than 100 items");
    rank::Seed seed{kNoRow, sign};
    auto row = c.view.find(entry);
    const auto colon = entry.rfind(':');
    if (!row && colon != std::string_view::npos) {
      row = c.view.find(entry.substr(0, colon));
      float weight = 0;
      const char* end = entry.data() + entry.size();
      if (std::from_chars(entry.data() + colon + 1, end, weight).ptr != end || !(weight > 0) ||
          weight > 1000)
        return c.query.fail(name, "has a weight that is not a number above 0, at most 1000");
      seed.weight = sign * weight;
    }
    if (!row)
      return c.query.fail(name, fmt::format("names an unknown item \"{}\"", entry.substr(0, 64)));
    seed.row = *row;
    seeds.push_back(seed);
  }
}

bool apply_shelf(const Context& c, std::string_view shelf, rank::Controls& controls) {
  if (shelf == "watched-together") {
    controls.channels = {"co-watch"};
  } else if (shelf == "similar-story") {
    controls.channels = {"content"};
  } else if (shelf == "same-people-or-series") {
    controls.channels = {"people-series"};
  } else if (shelf == "hidden-gems") {
    // Little known, and better liked than most.
    const auto text = fmt::format("popularity <= 80 and ratings >= 2 and rating >= {:.2f}",
                                  c.view.facts->mean_quality());
    auto filter = c.services.filters.get(text, c.view);
    if (filter) controls.filters.push_back(*filter);
  } else {
    return false;
  }
  return true;
}

}  // namespace sparrow::api
