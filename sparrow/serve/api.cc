// State that requests share, and its changes. What a request does is in call.cc.
#include "sparrow/serve/api.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/serve/call.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {
namespace {

// What the pool and the catalogue hide together.
void join_hidden(Snapshot& s) {
  auto hidden = s.pool->hidden;
  const auto& marks = s.view->marks.hidden;
  if (hidden.empty()) hidden = marks;
  hidden.resize(hidden.empty() ? 0 : s.view->dataset->catalog.size(), 1);
  for (std::size_t row = 0; row < marks.size(); ++row) hidden[row] |= marks[row];
  s.hidden = std::make_shared<const std::vector<std::uint8_t>>(std::move(hidden));
}

}  // namespace

const char* source_name(model::Source source) { return model::source_name(source); }

void append_strings(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, values[i]);
  }
  out += ']';
}

void append_model(std::string& out, const model::Manifest& manifest) {
  out += "{\"name\":";
  append_json(out, manifest.name);
  out += ",\"version\":";
  append_json(out, manifest.version);
  out += '}';
}

Api::Api(ApiOptions options, std::shared_ptr<const CatalogView> view, ModelControl control)
    : options_(std::move(options)),
      control_(std::move(control)),
      answers_(options_.answer_cache_bytes),
      limit_(options_.requests_per_second, options_.burst),
      judgements_(options_.home.empty() ? "" : options_.home / "judgements.jsonl"),
      votes_(options_.home.empty() ? "" : options_.home / "votes.jsonl"),
      reports_(options_.home.empty() ? "" : options_.home / "reports.jsonl"),
      feedback_(options_.home.empty() ? "" : options_.home / "feedback.jsonl") {
  auto state =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  boot_ = fmt::format("{:08x}", static_cast<std::uint32_t>(splitmix64(state)));
  auto first = std::make_shared<Snapshot>();
  first->rules =
      *rank::Rules::parse({{"version", 0}, {"rules", nlohmann::json::array()}}, *view->facts);
  first->pool = std::make_shared<const CandidatePool>();
  first->view = std::move(view);
  join_hidden(*first);
  snapshot_ = std::move(first);
  for (const auto& entry : feedback_.entries()) {
    if (const auto row = snapshot_->view->find(text_of(entry, "item"))) take(entry, *row);
  }
}

std::optional<EventKind> Api::event_kind(const std::string& name) {
  static const std::map<std::string, EventKind> kinds = {{"hide", EventKind::kHidden},
                                                         {"not_similar", EventKind::kUnlike},
                                                         {"seen", EventKind::kSeen},
                                                         {"play", EventKind::kPlayed},
                                                         {"shown", EventKind::kShown}};
  const auto known = kinds.find(name);
  if (known == kinds.end()) return std::nullopt;
  return known->second;
}

bool Api::take(const nlohmann::json& feedback, Row item) {
  const std::string user = text_of(feedback, "user");
  if (text_of(feedback, "kind") == "undo")
    return events_.take_back(user, item, event_kind(text_of(feedback, "of")));
  if (const auto kind = event_kind(text_of(feedback, "kind"))) events_.add(user, item, *kind);
  return true;
}

Result<void> Api::set_catalog(std::shared_ptr<const CatalogView> view,
                              std::vector<std::shared_ptr<const ServedModel>> models) {
  const std::lock_guard one_change(rules_mutex_);
  auto rules = rank::Rules::parse(snapshot()->rules->source(), *view->facts);
  if (!rules) return rules.error();
  change([&](Snapshot& s) {
    s.view = std::move(view);
    s.rules = *rules;
    for (const auto& model : models) s.models[model->model.manifest.name] = model;
    join_hidden(s);
  });
  return {};
}

void Api::set_model(std::shared_ptr<const ServedModel> model) {
  change([&](Snapshot& s) { s.models[model->model.manifest.name] = model; });
}

void Api::set_degraded(std::string reason) {
  if (snapshot()->degraded == reason) return;
  if (!reason.empty()) metrics_.add_error(reason);
  change([&](Snapshot& s) { s.degraded = std::move(reason); }, Lists::kSame);
}

void Api::set_pool(CandidatePool pool) {
  if (!pool.error.empty()) metrics_.add_error(pool.error);
  auto next = std::make_shared<const CandidatePool>(std::move(pool));
  const bool same = next->hidden == snapshot()->pool->hidden;  // only this thread sets it
  change(
      [&](Snapshot& s) {
        s.pool = next;
        if (!same) join_hidden(s);
      },
      same ? Lists::kSame : Lists::kChanged);
}

Result<void> Api::set_rules(const nlohmann::json& rules) {
  const std::lock_guard one_change(rules_mutex_);
  auto parsed = rank::Rules::parse(rules, *snapshot()->view->facts);
  if (!parsed) return parsed.error();
  change([&](Snapshot& s) { s.rules = *parsed; });
  return {};
}

Result<void> Api::load_rules() {
  const auto file = options_.home / "rules.json";
  if (options_.home.empty() || !std::filesystem::exists(file)) return {};
  const auto text = read_file(file);
  if (!text) return text.error();
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  auto set = json.is_discarded() ? Error{ErrorCode::kInvalidInput, "is no JSON"} : set_rules(json);
  if (!set)
    return Error{set.error().code, fmt::format("{}: {}", file.string(), set.error().message)};
  return {};
}

bool Api::is_slow(const Request& request) const {
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
  append_json(line, client);
  fmt::format_to(std::back_inserter(line), ",\"status\":{},\"refused\":true}}", status);
  options_.log->add(line);
}

void Api::handle(const Request& request, Response& response) {
  Call(*this, request, response).answer();
}

}  // namespace sparrow::serve
