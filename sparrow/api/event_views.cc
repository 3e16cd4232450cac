// Views of the event log: the last events, what came in and how sound it is, and what became of the
// lists that were given.
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/api/event_calls.h"
#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"
#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/usage.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

using nlohmann::json;

namespace {

constexpr std::size_t kMostSearched = 10'000;  // of the last events, for those that are asked for
constexpr std::int64_t kQualityMs = 5'000;     // that an answer about quality is given again
constexpr auto kUsageBudget = std::chrono::milliseconds(2'000);

// Which events are asked for; empty members ask for all.
struct EventFilter {
  std::vector<std::string_view> types;
  std::string user;
  std::string item;
  std::string request;

  bool empty() const { return types.empty() && user.empty() && item.empty() && request.empty(); }
  bool takes(const events::Event& event) const {
    return (types.empty() || std::find(types.begin(), types.end(), event.type) != types.end()) &&
           (user.empty() || event.user == user || event.session == user) &&
           (item.empty() || event.item == item) && (request.empty() || event.request == request);
  }
};

json minute_json(const events::IntakeMinute& minute) {
  return {{"time", experiment::iso_time(minute.minute * 60'000)},
          {"events", minute.events},
          {"types", minute.types},
          {"known", minute.known},
          {"expired", minute.expired},
          {"unknown_items", minute.unknown_items},
          {"without_request", minute.without_request},
          {"without_user", minute.without_user},
          {"ahead", minute.ahead},
          {"late", minute.late},
          {"most_ahead_s", static_cast<double>(minute.most_ahead_ms) / 1000},
          {"refused", minute.refused}};
}

json quality_json(const events::Quality& quality) {
  json unknown = json::array();
  for (const auto& [item, count] : quality.unknown_items)
    unknown.push_back({{"item", item}, {"events", count}});
  json object = {{"events", quality.events},
                 {"lists", quality.lists},
                 {"seen", quality.seen},
                 {"unknown_events", quality.unknown_events},
                 {"unknown_items", std::move(unknown)},
                 {"clicks",
                  {{"all", quality.clicks},
                   {"without_request", quality.without_request},
                   {"judged", quality.judged},
                   {"list_unknown", quality.list_unknown},
                   {"not_in_list", quality.not_in_list},
                   {"wrong_position", quality.wrong_position},
                   {"not_seen", quality.not_seen}}}};
  object["from"] = quality.from_ms == 0 ? json() : json(experiment::iso_time(quality.from_ms));
  return object;
}

// Looked at again when the last look is a few seconds old, whoever asks.
Result<json> latest_quality(const Context& c, const events::EventLog& log) {
  QualityAnswer& answer = c.services.quality;
  const std::lock_guard lock(answer.mutex);
  if (now_ms() < answer.made_ms + kQualityMs && !answer.body.is_null()) return answer.body;
  const auto quality = events::quality_of_latest(
      log, [&](std::string_view item) { return c.view.find(item).has_value(); });
  if (!quality) return quality.error();
  answer.body = quality_json(*quality);
  answer.made_ms = now_ms();
  return answer.body;
}

json cell_json(const experiment::UsageCell& cell) {
  json metrics = json::object();
  const auto known = experiment::usage_metrics();
  for (std::size_t m = 0; m < known.size(); ++m) {
    const auto& number = cell.numbers[m];
    if (!number) continue;
    metrics[std::string(known[m].name)] = {
        {"value", number->value},
        {"interval", {number->interval.low, number->interval.high}},
        {"numerator", number->y},
        {"denominator", number->x}};
  }
  return {{"scenario", cell.scenario ? json(*cell.scenario) : json()},
          {"model", cell.model ? json(*cell.model) : json()},
          {"versions", cell.versions},
          {"lists", cell.lists},
          {"items", cell.items},
          {"units", cell.units},
          {"metrics", std::move(metrics)}};
}

}  // namespace

events::EventLog* required_log(const Context& c, http::Response& response) {
  events::EventLog* log = c.services.options.event_log;
  if (log == nullptr)
    http::write_error(response, 503, "unavailable",
                      "this server keeps no events: start it with --events");
  return log;
}

void get_events(Context& c, http::Response& response) {
  c.query.allow_only({"size", "type", "user", "item", "request_id"});
  const auto size = c.query.number("size", 50, 1, 1000);
  const EventFilter filter{c.query.list("type"), c.query.text("user").value_or(""),
                           c.query.text("item").value_or(""),
                           c.query.text("request_id").value_or("")};
  if (failed(c, response)) return;
  const events::EventLog* log = required_log(c, response);
  if (log == nullptr) return;
  const auto latest = log->latest(filter.empty() ? size : kMostSearched);
  if (!latest) return fail(response, latest.error());
  json list = json::array();
  for (const events::Event& event : *latest) {
    if (list.size() >= size) break;
    if (!filter.takes(event)) continue;
    json object = to_json(event);
    if (const auto row = c.view.find(event.item))
      object["title"] = c.view.dataset->catalog[*row].title;
    list.push_back(std::move(object));
  }
  response.body = http::json_text(json{{"events", list}, {"searched", latest->size()}});
}

void get_event_summary(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const events::EventLog* log = required_log(c, response);
  if (log == nullptr) return;
  const auto quality = latest_quality(c, *log);
  if (!quality) return fail(response, quality.error());
  const events::EventLog::Counts counts = log->counts();
  json minutes = json::array();
  for (const auto& minute : c.services.intake.minutes(now_ms()))
    minutes.push_back(minute_json(minute));
  response.body = http::json_text(json{
      {"log",
       {{"up", counts.trouble.empty()},
        {"trouble", counts.trouble},
        {"events", counts.events},
        {"known", counts.known},
        {"lists", counts.impressions},
        {"dropped", counts.dropped},
        {"bytes", counts.bytes}}},
      {"limits",
       {{"ahead_s", events::Intake::kAheadMs / 1000}, {"late_s", events::Intake::kLateMs / 1000}}},
      {"minutes", std::move(minutes)},
      {"quality", *quality}});
}

void get_usage(Context& c, http::Response& response) {
  c.query.allow_only({"days"});
  const auto days = static_cast<std::int64_t>(c.query.number("days", 14, 1, 90));
  if (failed(c, response)) return;
  const events::EventLog* log = required_log(c, response);
  if (log == nullptr) return;
  const std::int64_t today = now_ms() / experiment::kDayMs;
  const auto usage =
      c.services.usage.days(*log, today - days + 1, today, kUsageBudget, c.request.stop);
  if (!usage) return fail(response, usage.error());
  if (given_up(c, response)) return;
  json metrics = json::array();
  for (const auto& metric : experiment::usage_metrics())
    metrics.push_back(
        {{"name", metric.name}, {"definition", metric.definition}, {"unit", metric.unit}});
  json list = json::array();
  for (const auto& day : usage->days) {
    json cells = json::array();
    for (const auto& cell : day->cells) cells.push_back(cell_json(cell));
    list.push_back({{"day", experiment::iso_day(day->day * experiment::kDayMs)},
                    {"events", day->events},
                    {"joined", day->joined},
                    {"cut", day->cut},
                    {"cells", std::move(cells)}});
  }
  response.body = http::json_text(json{
      {"metrics", std::move(metrics)}, {"days", std::move(list)}, {"complete", usage->complete}});
}

}  // namespace sparrow::api
