// Calls about the server: readiness, configuration, status, metrics.
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/process_numbers.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

namespace {

void append_histogram(std::string& out, std::string_view metric, std::string_view label,
                      std::string_view name, const Histogram& h) {
  const auto put = std::back_inserter(out);
  for (const double bound : {1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, .1, 1.0})
    fmt::format_to(put, "{}_bucket{{{}=\"{}\",le=\"{}\"}} {}\n", metric, label, name, bound,
                   h.count_below(bound));
  fmt::format_to(put,
                 "{0}_bucket{{{1}=\"{2}\",le=\"+Inf\"}} {3}\n{0}_sum{{{1}=\"{2}\"}} {4}\n"
                 "{0}_count{{{1}=\"{2}\"}} {3}\n",
                 metric, label, name, h.count(), h.sum_seconds());
}

void append_search_metrics(std::string& out, const live::Snapshot& now) {
  const auto put = std::back_inserter(out);
  out += "# TYPE sparrow_recall_at_k gauge\n";
  for (const auto& [name, served] : now.models)
    fmt::format_to(put, "sparrow_recall_at_k{{model=\"{}\",k=\"10\"}} {:.4f}\n", name,
                   served->recommender->recall_at_10());
  out += "# TYPE sparrow_neighbor_search_seconds gauge\n";
  for (const auto& [name, served] : now.models) {
    const auto& report = served->recommender->search_report();
    fmt::format_to(put, "sparrow_neighbor_search_seconds{{model=\"{}\",method=\"{}\"}} {:.6f}\n",
                   name, report.walk ? "walk" : "exact",
                   (report.walk ? report.walk_us : report.exact_us) / 1e6);
  }
}

// Numbers that other parts keep.
struct Gauge {
  std::string name;
  std::string type;  // "gauge", "counter"
  double value = 0;
};

// "up" is there without Kafka too: 0 says that one was named and cannot be used.
void add_kafka(std::vector<Gauge>& all, const events::KafkaBridge* kafka) {
  const auto counts = kafka == nullptr ? events::KafkaBridge::Counts() : kafka->counts();
  const auto add = [&](const char* name, const char* type, std::uint64_t value) {
    all.push_back({std::string("sparrow_events_kafka_") + name, type, static_cast<double>(value)});
  };
  add("up", "gauge", counts.trouble.empty() ? 1 : 0);
  if (kafka == nullptr) return;
  add("waiting", "gauge", counts.waiting);
  add("sent_total", "counter", counts.sent);
  add("received_total", "counter", counts.received);
  add("known_total", "counter", counts.known);
  add("expired_total", "counter", counts.expired);
  add("malformed_total", "counter", counts.malformed);
  add("errors_total", "counter", counts.errors);
}

std::vector<Gauge> gauges(const Context& c) {
  std::vector<Gauge> all = {
      {"sparrow_items", "gauge", static_cast<double>(c.view.dataset->info.items)},
      {"sparrow_catalogue_generation", "gauge", static_cast<double>(c.view.generation)}};
  const AnswerCache::Counts kept = c.services.answers.counts();
  all.push_back({"sparrow_answer_cache_hits_total", "counter", static_cast<double>(kept.hits)});
  all.push_back({"sparrow_answer_cache_misses_total", "counter", static_cast<double>(kept.misses)});
  all.push_back({"sparrow_answer_cache_bytes", "gauge", static_cast<double>(kept.bytes)});
  if (const http::Log* log = c.services.options.log; log != nullptr)
    all.push_back(
        {"sparrow_log_lines_dropped_total", "counter", static_cast<double>(log->dropped())});
  if (const events::EventLog* log = c.services.options.event_log; log != nullptr) {
    const events::EventLog::Counts counts = log->counts();
    all.push_back({"sparrow_events_total", "counter", static_cast<double>(counts.events)});
    all.push_back({"sparrow_events_known_total", "counter", static_cast<double>(counts.known)});
    all.push_back(
        {"sparrow_impressions_total", "counter", static_cast<double>(counts.impressions)});
    all.push_back(
        {"sparrow_impressions_dropped_total", "counter", static_cast<double>(counts.dropped)});
    all.push_back({"sparrow_event_log_bytes", "gauge", static_cast<double>(counts.bytes)});
    all.push_back({"sparrow_event_log_up", "gauge", counts.trouble.empty() ? 1.0 : 0.0});
  }
  add_kafka(all, c.services.options.kafka);
  if (const live::LiveFeed* feed = c.services.options.live_feed; feed != nullptr) {
    const live::LiveFeed::Counts counts = feed->counts();
    all.push_back({"sparrow_live_events_total", "counter", static_cast<double>(counts.counted)});
    all.push_back({"sparrow_live_dropped_total", "counter", static_cast<double>(counts.dropped)});
    all.push_back(
        {"sparrow_live_unknown_items_total", "counter", static_cast<double>(counts.unknown)});
    all.push_back({"sparrow_live_trending_items", "gauge", static_cast<double>(counts.trending)});
    all.push_back({"sparrow_live_co_watched_items", "gauge", static_cast<double>(counts.seeds)});
  }
  for (const ProcessNumber& number : process_numbers())
    all.push_back({number.name, number.type, number.value});
  const auto& home = c.services.options.home;
  if (const double room = home.empty() ? -1 : free_bytes(home); room >= 0)
    all.push_back({"sparrow_home_free_bytes", "gauge", room});
  if (const live::RemoteRanker* ranker = c.services.options.remote_ranker; ranker != nullptr) {
    all.push_back(
        {"sparrow_remote_ranker_calls_total", "counter", static_cast<double>(ranker->calls())});
    all.push_back({"sparrow_remote_ranker_failures_total", "counter",
                   static_cast<double>(ranker->failures())});
  }
  return all;
}

// What could not be read of the home.
std::vector<std::string> notices(const Services& services) {
  std::vector<std::string> all = services.state.notices();
  for (const live::Journal* journal :
       {&services.judgements, &services.votes, &services.reports, &services.feedback}) {
    if (const std::string notice = journal->notice(); !notice.empty()) all.push_back(notice);
  }
  if (std::string notice = services.plans.notice(); !notice.empty())
    all.push_back(std::move(notice));
  if (const events::EventLog* log = services.options.event_log; log != nullptr) {
    if (const std::string trouble = log->counts().trouble; !trouble.empty())
      all.push_back("events are not kept: " + trouble);
  }
  if (services.options.kafka != nullptr) {
    if (std::string trouble = services.options.kafka->counts().trouble; !trouble.empty())
      all.push_back(std::move(trouble));
  }
  return all;
}

nlohmann::json summary_of(const Histogram& h) {
  return {{"count", h.count()},
          {"mean_us", 1e6 * h.sum_seconds() / static_cast<double>(h.count())},
          {"p50_ms", h.quantile_ms(.5)},
          {"p90_ms", h.quantile_ms(.9)},
          {"p99_ms", h.quantile_ms(.99)}};
}

// What is kept ready so that a request need not make it: lists in the model's table, items as JSON,
// pages that the browser has already.
nlohmann::json cache_of(const Metrics& m, const live::CatalogView& view) {
  const std::uint64_t lists = m.stage(Stage::kRecall).count();
  return {{"lists", lists},
          {"lists_from_table", lists - std::min(lists, m.stage(Stage::kRank).count())},
          {"rendered_items", view.dataset->catalog.size()},
          {"rendered_bytes", view.item_json.size()},
          {"not_modified", m.with_status(3)}};
}

// Null: no events are kept. What is wrong is added to `degraded`.
nlohmann::json event_log_status(const ApiOptions& options, nlohmann::json& degraded) {
  if (options.event_log == nullptr) return nullptr;
  const events::EventLog::Counts counts = options.event_log->counts();
  nlohmann::json status = {
      {"events", counts.events},   {"known", counts.known}, {"lists", counts.impressions},
      {"dropped", counts.dropped}, {"bytes", counts.bytes}, {"trouble", counts.trouble},
      {"kafka", nullptr}};
  if (!counts.trouble.empty()) degraded.push_back("events are not kept: " + counts.trouble);
  if (options.kafka == nullptr) return status;
  const events::KafkaBridge::Counts kafka = options.kafka->counts();
  status["kafka"] = {{"waiting", kafka.waiting},   {"sent", kafka.sent},
                     {"received", kafka.received}, {"known", kafka.known},
                     {"expired", kafka.expired},   {"malformed", kafka.malformed},
                     {"errors", kafka.errors},     {"trouble", kafka.trouble}};
  if (!kafka.trouble.empty()) degraded.push_back(kafka.trouble);
  return status;
}

}  // namespace

void get_config(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const data::DatasetInfo& info = c.view.dataset->info;
  const auto& usual = c.now->default_model(c.services.options.default_model);
  nlohmann::json body = {
      {"simulated", info.simulated},
      {"data", info.name},
      {"items", info.items},
      {"users", info.users},
      {"interactions", info.interactions},
      {"default_model",
       usual == nullptr ? c.services.options.default_model : usual->model.manifest.name},
      {"kind", c.view.kind},
      {"scale", {{"name", info.scale.name}, {"low", info.scale.low}, {"high", info.scale.high}}},
      {"attributes", nlohmann::json::array()}};
  const data::Schema& schema = c.view.dataset->catalog.schema();
  for (data::AttributePosition a = data::kWellKnownAttributes; a < schema.size(); ++a)
    body["attributes"].push_back(
        {{"name", schema[a].name}, {"kind", data::attribute_kind_name(schema[a].kind)}});
  response.body = http::json_text(body);
}

void get_alive(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (!failed(c, response)) response.body += "{\"status\":\"ok\"}";
}

void get_version(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  response.body = http::json_text(nlohmann::json{{"version", c.services.options.version}});
}

void get_ready(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const bool ready = c.now->default_model(c.services.options.default_model) != nullptr;
  std::vector<std::string> reasons;
  if (!ready)
    reasons.push_back(fmt::format("no model \"{}\" is loaded", c.services.options.default_model));
  if (!c.now->degraded.empty()) reasons.push_back(c.now->degraded);
  if (!c.now->pool->error.empty()) reasons.push_back(c.now->pool->error);
  for (std::string& notice : notices(c.services)) reasons.push_back(std::move(notice));
  response.status = ready ? 200 : 503;
  response.body += ready ? (reasons.empty() ? "{\"status\":\"ready\",\"reasons\":"
                                            : "{\"status\":\"degraded\",\"reasons\":")
                         : "{\"status\":\"not_ready\",\"reasons\":";
  append_strings(response.body, reasons);
  response.body += '}';
}

// NOLINTNEXTLINE(readability-function-size): one JSON object.
void get_status(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  using nlohmann::json;
  const Metrics& m = c.services.metrics;
  json by_status = json::object();
  for (int h = 1; h <= 5; ++h) by_status[fmt::format("{}xx", h)] = m.with_status(h);
  json endpoints = json::object();
  for (std::size_t e = 0; e < kEndpointNames.size(); ++e) {
    const Histogram& h = m.latency(static_cast<Endpoint>(e));
    if (h.count() > 0) endpoints[std::string(kEndpointNames[e])] = summary_of(h);
  }
  json stages = json::object();
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    const Histogram& h = m.stage(static_cast<Stage>(i));
    if (h.count() > 0) stages[std::string(kStageNames[i])] = summary_of(h);
  }
  json channels = json::array();
  const auto& names = recall::kChannelNames;
  for (std::size_t i = 0; i < names.size(); ++i)
    channels.push_back(
        {{"name", names[i]}, {"hits", m.channel_hits(i)}, {"errors", m.channel_errors(i)}});
  json models = json::array();
  for (const auto& [name, served] : c.now->models)
    models.push_back({{"name", name},
                      {"version", served->model.manifest.version},
                      {"created", served->model.manifest.created},
                      {"items", served->model.items.size()}});
  json errors = json::array();
  for (const auto& line : m.errors()) errors.push_back({{"time", line.time}, {"text", line.text}});
  const Histogram& similar = m.latency(Endpoint::kSimilar);
  const live::CandidatePool& pool = *c.now->pool;
  json degraded = json::array();
  if (!c.now->degraded.empty()) degraded.push_back(c.now->degraded);
  if (!pool.error.empty()) degraded.push_back(pool.error);
  const json event_log = event_log_status(c.services.options, degraded);
  const json body = {
      {"uptime_s", m.uptime_s()},
      {"requests",
       {{"total", m.total()}, {"per_second", m.per_second()}, {"by_status", by_status}}},
      {"latency_ms",
       {{"p50", similar.quantile_ms(.5)},
        {"p90", similar.quantile_ms(.9)},
        {"p99", similar.quantile_ms(.99)}}},
      {"endpoints", endpoints},
      {"stages", stages},
      {"cache", cache_of(m, c.view)},
      {"channels", channels},
      {"models", models},
      {"degraded_answers", m.degraded()},
      {"rules",
       {{"version", c.now->rules->version()}, {"count", c.now->rules->source()["rules"].size()}}},
      {"store",
       {{"uri", c.services.options.store_uri},
        {"state", c.now->degraded.empty() ? "ok" : "degraded"}}},
      {"candidate_pool",
       {{"items", c.view.dataset->catalog.size() - pool.hidden_items},
        {"hidden", pool.hidden_items},
        {"source", pool.source},
        {"refreshed", pool.refreshed},
        {"error", pool.error}}},
      {"events", event_log},
      {"degraded", degraded},
      {"errors", errors}};
  response.body = http::json_text(body);
}

void get_metrics(Context& c, http::Response& response) {
  const Metrics& m = c.services.metrics;
  std::string& out = response.body;
  const auto put = std::back_inserter(out);
  response.content_type = "text/plain; version=0.0.4";
  out += "# TYPE sparrow_requests_total counter\n";
  for (int h = 1; h <= 5; ++h)
    fmt::format_to(put, "sparrow_requests_total{{status=\"{}xx\"}} {}\n", h, m.with_status(h));
  out += "# TYPE sparrow_request_seconds histogram\n";
  for (std::size_t e = 0; e < kEndpointNames.size(); ++e) {
    const Histogram& h = m.latency(static_cast<Endpoint>(e));
    append_histogram(out, "sparrow_request_seconds", "endpoint", kEndpointNames[e], h);
  }
  out += "# TYPE sparrow_stage_seconds histogram\n";
  for (std::size_t i = 0; i < kStageNames.size(); ++i)
    append_histogram(out, "sparrow_stage_seconds", "stage", kStageNames[i],
                     m.stage(static_cast<Stage>(i)));
  out += "# TYPE sparrow_channel_answers_total counter\n";
  const auto& names = recall::kChannelNames;
  for (std::size_t i = 0; i < names.size(); ++i)
    fmt::format_to(put,
                   "sparrow_channel_answers_total{{channel=\"{0}\",result=\"ok\"}} {1}\n"
                   "sparrow_channel_answers_total{{channel=\"{0}\",result=\"error\"}} {2}\n",
                   names[i], m.channel_hits(i), m.channel_errors(i));
  out += "# TYPE sparrow_model_info gauge\n";
  for (const auto& [name, served] : c.now->models)
    fmt::format_to(put, "sparrow_model_info{{name=\"{}\",version=\"{}\"}} 1\n", name,
                   served->model.manifest.version);
  fmt::format_to(
      put,
      "# TYPE sparrow_degraded_answers_total counter\nsparrow_degraded_answers_total {}\n"
      "# TYPE sparrow_degraded gauge\nsparrow_degraded {}\n"
      "# TYPE sparrow_candidate_pool_hidden_items gauge\n"
      "sparrow_candidate_pool_hidden_items {}\n"
      "# TYPE sparrow_uptime_seconds gauge\nsparrow_uptime_seconds {:.0f}\n",
      m.degraded(), c.now->degraded.empty() && c.now->pool->error.empty() ? 0 : 1,
      c.now->pool->hidden_items, m.uptime_s());
  append_search_metrics(out, *c.now);
  for (const auto& [name, type, value] : gauges(c))
    fmt::format_to(put, "# TYPE {0} {1}\n{0} {2}\n", name, type, value);
}

}  // namespace sparrow::api
