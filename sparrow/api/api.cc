// State that requests share, and its changes. What a request does is in call.cc.
#include "sparrow/api/api.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include <fmt/format.h>

#include "sparrow/api/call.h"
#include "sparrow/core/clock.h"
#include "sparrow/core/file.h"
#include "sparrow/core/process_numbers.h"
#include "sparrow/core/random.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {
namespace {

// What the pool and the catalogue hide together.
void join_hidden(live::Snapshot& s) {
  auto hidden = s.pool->hidden;
  const auto& marks = s.view->marks.hidden;
  if (hidden.empty()) hidden = marks;
  hidden.resize(hidden.empty() ? 0 : s.view->dataset->catalog.size(), 1);
  for (std::size_t row = 0; row < marks.size(); ++row) hidden[row] |= marks[row];
  s.hidden = std::make_shared<const std::vector<std::uint8_t>>(std::move(hidden));
}

std::filesystem::path journal_file(const std::filesystem::path& home, const char* name) {
  return home.empty() ? std::filesystem::path() : home / name;
}

}  // namespace

const char* source_name(model::Source source) {
  return source == model::Source::kContent ? "content" : "behavior";
}

void append_strings(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    http::append_json(out, values[i]);
  }
  out += ']';
}

void append_model(std::string& out, const model::Manifest& manifest) {
  out += "{\"name\":";
  http::append_json(out, manifest.name);
  out += ",\"version\":";
  http::append_json(out, manifest.version);
  out += '}';
}

Api::Api(ApiOptions options, std::shared_ptr<const live::CatalogView> view, ModelControl control)
    : options_(std::move(options)),
      control_(std::move(control)),
      answers_(options_.answer_cache_bytes),
      limit_(options_.requests_per_second, options_.burst),
      judgements_(
          journal_file(options_.home, "judgements.jsonl"),
          {{"grader", "seed", "item"}, {"time", "reason", "model", "version", "note"}, true}),
      votes_(journal_file(options_.home, "votes.jsonl"),
             {{"grader", "seed", "left", "right", "winner"}, {"time"}}),
      reports_(journal_file(options_.home, "reports.jsonl"),
               {{"seed", "item", "state"}, {"time", "note", "fixed_in"}}),
      feedback_(journal_file(options_.home, "feedback.jsonl"),
                {{"user", "item", "kind"}, {"time", "seed", "of"}}) {
  auto state =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  boot_ = fmt::format("{:08x}", static_cast<std::uint32_t>(splitmix64(state)));
  auto first = std::make_shared<live::Snapshot>();
  first->rules =
      *rank::Rules::parse({{"version", 0}, {"rules", nlohmann::json::array()}}, *view->facts);
  first->pool = std::make_shared<const live::CandidatePool>();
  first->view = std::move(view);
  join_hidden(*first);
  snapshot_ = std::move(first);
  const auto said = feedback_.entries();
  for (const auto& entry : said ? *said : std::vector<nlohmann::json>()) {
    if (const auto row = snapshot_->view->find(live::text_of(entry, "item"))) take(entry, *row);
  }
}

std::optional<live::EventKind> Api::event_kind(const std::string& name) {
  static const std::map<std::string, live::EventKind> kinds = {
      {"hide", live::EventKind::kHidden},
      {"not_similar", live::EventKind::kUnlike},
      {"seen", live::EventKind::kSeen},
      {"play", live::EventKind::kPlayed},
      {"shown", live::EventKind::kShown}};
  const auto known = kinds.find(name);
  if (known == kinds.end()) return std::nullopt;
  return known->second;
}

bool Api::take(const nlohmann::json& feedback, Row item) {
  const std::string user = live::text_of(feedback, "user");
  if (live::text_of(feedback, "kind") == "undo")
    return events_.take_back(user, item, event_kind(live::text_of(feedback, "of")));
  if (const auto kind = event_kind(live::text_of(feedback, "kind"))) events_.add(user, item, *kind);
  return true;
}

bool Api::would_take(const nlohmann::json& feedback, Row item) const {
  return live::text_of(feedback, "kind") != "undo" ||
         events_.has(live::text_of(feedback, "user"), item,
                     event_kind(live::text_of(feedback, "of")));
}

Result<void> Api::set_catalog(std::shared_ptr<const live::CatalogView> view,
                              std::vector<std::shared_ptr<const live::ServedModel>> models) {
  const std::lock_guard one_change(rules_mutex_);
  auto rules =
      rank::Rules::parse(snapshot()->rules->source(), *view->facts, rank::Rules::Faulty::kRests);
  if (!rules) return rules.error();
  change([&](live::Snapshot& s) {
    s.view = std::move(view);
    s.rules = *rules;
    for (const auto& model : models) s.models[model->model.manifest.name] = model;
    join_hidden(s);
  });
  return {};
}

void Api::set_model(std::shared_ptr<const live::ServedModel> model) {
  change([&](live::Snapshot& s) { s.models[model->model.manifest.name] = model; });
}

void Api::set_degraded(std::string reason) {
  if (snapshot()->degraded == reason) return;
  if (!reason.empty()) metrics_.add_error(reason);
  change([&](live::Snapshot& s) { s.degraded = std::move(reason); }, Lists::kSame);
}

void Api::set_pool(live::CandidatePool pool) {
  if (!pool.error.empty()) metrics_.add_error(pool.error);
  auto next = std::make_shared<const live::CandidatePool>(std::move(pool));
  const bool same = next->hidden == snapshot()->pool->hidden;  // only this thread sets it
  change(
      [&](live::Snapshot& s) {
        s.pool = next;
        if (!same) join_hidden(s);
      },
      same ? Lists::kSame : Lists::kChanged);
}

Result<void> Api::set_rules(const nlohmann::json& rules) {
  const std::lock_guard one_change(rules_mutex_);
  auto parsed = rank::Rules::parse(rules, *snapshot()->view->facts);
  if (!parsed) return parsed.error();
  change([&](live::Snapshot& s) { s.rules = *parsed; });
  return {};
}

Result<void> Api::replace_rules(const nlohmann::json& rules) {
  auto parsed = rank::Rules::parse(rules, *snapshot()->view->facts);
  if (!parsed) return parsed.error();
  if (!options_.home.empty()) {
    const std::string text = (*parsed)->source().dump() + "\n";
    if (auto written = write_file_atomically(options_.home / "rules.json", text); !written)
      return written;
  }
  return set_rules(rules);
}

void Api::load_rules() {
  const auto file = options_.home / "rules.json";
  std::error_code code;
  if (options_.home.empty() || !std::filesystem::exists(file, code)) return;
  const auto text = read_file(file);
  if (!text) {
    return add_notice(fmt::format("no rule is in force: {}", text.error().message));
  }
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  auto parsed = json.is_discarded() ? Error{ErrorCode::kInvalidInput, "is no JSON"}
                                    : rank::Rules::parse(json, *snapshot()->view->facts,
                                                         rank::Rules::Faulty::kRests);
  if (!parsed) {
    const auto aside = set_aside(file);
    return add_notice(
        fmt::format("no rule is in force: {}: {}; {}", file.string(), parsed.error().message,
                    aside ? "set aside as " + aside->string() : aside.error().message));
  }
  change([&](live::Snapshot& s) { s.rules = *parsed; });
}

std::vector<std::string> Api::notices() const {
  std::vector<std::string> all = start_notices_;
  const auto& resting = snapshot()->rules->resting();
  if (!resting.empty())
    all.push_back(fmt::format("{} rules rest, first {}", resting.size(), resting.front()));
  for (const live::Journal* journal : {&judgements_, &votes_, &reports_, &feedback_}) {
    if (const std::string notice = journal->notice(); !notice.empty()) all.push_back(notice);
  }
  return all;
}

bool Api::is_slow(const http::Request& request) const {
  if (!request.path.starts_with(kApi)) return false;
  const auto path = request.path.substr(kApi.size());
  const bool list = path == "similar" || path == "batch" || path == "home" ||
                    path.ends_with("/similar") || path.ends_with("/rows");
  if (list) return options_.ranking.remote != nullptr || path == "batch";
  return (request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS") ||
         path.starts_with("models") || path == "evaluations" || path == "judgements";
}

std::vector<Api::Gauge> Api::gauges() const {
  const auto now = snapshot();
  std::vector<Gauge> all = {
      {"sparrow_items", "gauge", static_cast<double>(now->view->dataset->info.items)},
      {"sparrow_catalogue_generation", "gauge", static_cast<double>(now->view->generation)}};
  const AnswerCache::Counts kept = answers_.counts();
  all.push_back({"sparrow_answer_cache_hits_total", "counter", static_cast<double>(kept.hits)});
  all.push_back({"sparrow_answer_cache_misses_total", "counter", static_cast<double>(kept.misses)});
  all.push_back({"sparrow_answer_cache_bytes", "gauge", static_cast<double>(kept.bytes)});
  if (options_.log != nullptr)
    all.push_back({"sparrow_log_lines_dropped_total", "counter",
                   static_cast<double>(options_.log->dropped())});
  for (const ProcessNumber& number : process_numbers())
    all.push_back({number.name, number.type, number.value});
  if (const double room = options_.home.empty() ? -1 : free_bytes(options_.home); room >= 0)
    all.push_back({"sparrow_home_free_bytes", "gauge", room});
  if (options_.remote_ranker != nullptr) {
    all.push_back({"sparrow_remote_ranker_calls_total", "counter",
                   static_cast<double>(options_.remote_ranker->calls())});
    all.push_back({"sparrow_remote_ranker_failures_total", "counter",
                   static_cast<double>(options_.remote_ranker->failures())});
  }
  return all;
}

void Api::count_refused(int status, std::string_view client) {
  metrics_.record(Endpoint::kRefused, status, std::chrono::nanoseconds(0));
  if (options_.log == nullptr) return;
  std::string line = fmt::format("{{\"time\":\"{}\",\"client\":", utc_now());
  http::append_json(line, client);
  fmt::format_to(std::back_inserter(line), ",\"status\":{},\"refused\":true}}", status);
  options_.log->add(line);
}

void Api::handle(const http::Request& request, http::Response& response) {
  Call(*this, request, response).answer();
}

}  // namespace sparrow::api
