#include "sparrow/api/list_answer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/api/cards.h"
#include "sparrow/api/routes.h"
#include "sparrow/core/clock.h"

namespace sparrow::api {
namespace {

// {"id":...,"genres":[...] ,"score":97,"source":"behavior"}: what most lists consist of, in two
// pieces.
void append_plain(std::string& out, std::string_view rendered, const rank::ScoredItem& item) {
  constexpr std::string_view kScore = ",\"score\":";
  const std::string_view source =
      item.source == model::Source::kBehavior  ? std::string_view(",\"source\":\"behavior\"}")
      : item.source == model::Source::kContent ? std::string_view(",\"source\":\"content\"}")
                                               : std::string_view(",\"source\":\"none\"}");
  char tail[64];
  char* end = std::copy(kScore.begin(), kScore.end(), tail);
  end = std::to_chars(end, tail + sizeof(tail), std::lround(item.match)).ptr;
  end = std::copy(source.begin(), source.end(), end);
  out += rendered;
  out.append(tail, end);
}

bool wanted(const std::vector<std::string>& fields, std::string_view name) {
  return fields.empty() || std::find(fields.begin(), fields.end(), name) != fields.end();
}

double mean_percentile(const recall::ItemFacts& facts, const rank::Answer& answer) {
  double sum = 0;
  for (const auto& item : answer.items) sum += static_cast<double>(facts.percentile(item.row));
  return answer.items.empty() ? 0 : sum / static_cast<double>(answer.items.size());
}

// 1234 -> 1.234
void append_thousandths(std::string& out, long long thousandths) {
  http::append_json(out, thousandths / 1000);
  const auto rest = static_cast<unsigned>(thousandths % 1000);
  const char digits[] = {'.', static_cast<char>('0' + rest / 100),
                         static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  out.append(digits, sizeof(digits));
}

void append_id_and_time(std::string& out, const Context& c) {
  append_request_id(out, c);
  out += "\",\"took_ms\":";
  const auto took = std::chrono::steady_clock::now() - c.began;
  append_thousandths(out, std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

// The query as it is written, without the session: the same asked in other words is made once more.
std::string answer_key(const Context& c) {
  std::string key;
  const auto route = reinterpret_cast<std::uintptr_t>(c.route);
  key.reserve(sizeof(c.now->lists) + sizeof(c.item) + sizeof(route) + c.request.query.size() +
              c.variants.size() + 1);
  key.append(reinterpret_cast<const char*>(&c.now->lists), sizeof(c.now->lists));
  key.append(reinterpret_cast<const char*>(&c.item), sizeof(c.item));
  key.append(reinterpret_cast<const char*>(&route), sizeof(route));
  // What a scenario or a variant sets may be another thing by the next plan.
  if (!c.scenario.empty() || !c.variants.empty())
    key.append(reinterpret_cast<const char*>(&c.plan), sizeof(c.plan));
  if (!c.variants.empty()) (key += c.variants) += '\n';
  const std::string_view query = c.request.query;
  const std::size_t at = query.starts_with("session=") ? 0 : query.find("&session=");
  if (c.session.empty() || at == std::string_view::npos) return key += query;
  const std::size_t end = query.find('&', at + 1);
  key += query.substr(0, at);
  if (end != std::string_view::npos) key += query.substr(end);
  return key;
}

// Lists that can be told apart by who they are for or where they stand are recorded, and those that
// chance had a part in; all others could not be joined with what happened after.
bool is_recorded(const Context& c) {
  if (c.services.options.event_log == nullptr || c.list == nullptr) return false;
  return !(c.user.empty() && c.session.empty() && c.scenario.empty() && c.variants.empty()) ||
         events::is_explored(*c.list);
}

// Stands for the list that an error was answered in place of.
std::shared_ptr<const events::Impression> failed_list(const Context& c) {
  auto list = std::make_shared<events::Impression>();
  list->state = events::Impression::State::kFailed;
  if (c.item != kNoRow) list->seed = c.view.dataset->catalog[c.item].id;
  return list;
}

// What an item has in common with all that was asked for.
void append_common(std::string& out, const recall::ItemFacts& facts, const ListOptions& options,
                   Row row) {
  rank::Relation all = rank::relate(facts, options.wanted.front(), row);
  for (const Row other : options.wanted) {
    const rank::Relation one = rank::relate(facts, other, row);
    for (auto list : {&rank::Relation::genres, &rank::Relation::tags, &rank::Relation::directors,
                      &rank::Relation::actors, &rank::Relation::keywords})
      std::erase_if(all.*list, [&](const std::string& name) {
        return std::find((one.*list).begin(), (one.*list).end(), name) == (one.*list).end();
      });
    if (one.series != all.series) all.series = 0;
    if (one.together.users < all.together.users) all.together = one.together;
  }
  out += ",\"reason_all\":";
  append_relation(out, facts, all);
}

// The one of the items asked for that an answer is nearest to.
Row nearest_of(const ListOptions& options, Row row) {
  Row best = options.wanted.front();
  float most = -1;
  for (const Row seed : options.wanted) {
    const float match = options.model->recommender->match(seed, row);
    if (match > most) {
      most = match;
      best = seed;
    }
  }
  return best;
}

// {"id":...} with the members of an item that are wanted.
void append_fields(std::string& out, const Context& c, Row row, const ListOptions& options) {
  const data::Item& facts = c.view.dataset->catalog[row];
  out += "{\"id\":";
  http::append_json(out, facts.id);
  if (wanted(options.fields, "title")) {
    out += ",\"title\":";
    http::append_json(out, facts.title);
  }
  if (wanted(options.fields, "year"))
    fmt::format_to(std::back_inserter(out), ",\"year\":{}", facts.year);
  if (wanted(options.fields, "genres")) {
    out += ",\"genres\":";
    append_strings(out, facts.list(data::kGenres));
  }
}

void append_reasons(std::string& out, const Context& c, Row row, Row seed,
                    const ListOptions& options) {
  fmt::format_to(std::back_inserter(out), ",\"rating\":{:.2f},\"ratings\":{}", c.view.average[row],
                 c.view.ratings[row]);
  if (seed == kNoRow) return;
  if (options.wanted.size() > 1) {
    seed = nearest_of(options, row);
    out += ",\"reason_seed\":{\"id\":";
    http::append_json(out, c.view.dataset->catalog[seed].id);
    out += ",\"title\":";
    http::append_json(out, c.view.dataset->catalog[seed].title);
    out += '}';
    append_common(out, *c.view.facts, options, row);
  }
  const auto relation = rank::relate(*c.view.facts, seed, row);
  out += ",\"reason\":";
  http::append_json(out, rank::reason_of(*c.view.facts, relation));
  out += ",\"reason_parts\":";
  append_relation(out, *c.view.facts, relation);
}

void append_parts(std::string& out, const rank::ScoredItem& item) {
  const auto put = std::back_inserter(out);
  fmt::format_to(put, ",\"parts\":{{\"match\":{:.2f},\"adjusted\":{:.2f},\"similarity\":{:.4f}",
                 item.match, item.adjusted, item.similarity);
  for (std::size_t f = 1; item.features && f < rank::kFeatures.size(); ++f)
    fmt::format_to(put, ",\"{}\":{:.3f}", rank::kFeatures[f].name,
                   (*item.features).*(rank::kFeatures[f].value));
  out += '}';
}

void append_channels(std::string& out, const rank::ScoredItem& item) {
  out += ",\"channels\":[";
  for (std::size_t i = 0; i < item.channels.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{{\"name\":\"{}\",\"rank\":{},\"score\":{:.4g}}}",
                   i > 0 ? "," : "", recall::channel_name(item.channels[i].channel),
                   item.channels[i].rank, item.channels[i].score);
  }
  out += ']';
}

void append_entry(std::string& out, const Context& c, const rank::ScoredItem& item, Row seed,
                  const ListOptions& options) {
  if (options.fields.empty() && !options.reasons && !options.parts && !item.pinned &&
      item.channels.empty())
    return append_plain(out, c.view.rendered(item.row), item);
  if (options.fields.empty())
    out += c.view.rendered(item.row);
  else
    append_fields(out, c, item.row, options);
  if (wanted(options.fields, "score")) {
    out += ",\"score\":";
    http::append_json(out, std::lround(item.match));
  }
  if (wanted(options.fields, "source")) {
    out += ",\"source\":\"";
    out += source_name(item.source);
    out += '"';
  }
  if (item.pinned) out += ",\"pinned\":true";
  if (options.reasons) append_reasons(out, c, item.row, seed, options);
  if (options.reasons && options.fields.empty()) append_look(out, c, item.row);
  if (options.parts) append_parts(out, item);
  if (!item.channels.empty()) append_channels(out, item);
  out += '}';
}

}  // namespace

ListOptions read_list_options(Context& c) {
  static constexpr std::string_view kFields[] = {"id",       "title",  "year",   "genres",
                                                 "score",    "source", "reason", "reason_parts",
                                                 "channels", "parts",  "rating", "ratings"};
  ListOptions options;
  options.reasons = c.query.flag("reasons", false);
  options.parts = c.query.flag("parts", false);
  const auto fields = c.query.list("fields");
  options.fields.assign(fields.begin(), fields.end());
  for (const auto& field : options.fields) {
    if (std::find(std::begin(kFields), std::end(kFields), field) == std::end(kFields))
      c.query.fail("fields", fmt::format("\"{}\" is not a field of an item", field.substr(0, 64)));
  }
  return options;
}

void append_list(std::string& out, Context& c, const rank::Answer& answer, Row seed,
                 const ListOptions& options) {
  // Items lie anywhere in the arena: the memory is asked for all of them at once.
  for (const auto& item : answer.items) {
    const std::string_view text = c.view.rendered(item.row);
    for (std::size_t at = 0; at < text.size(); at += 64) __builtin_prefetch(text.data() + at);
  }
  out += ",\"items\":[";
  for (std::size_t i = 0; i < answer.items.size(); ++i) {
    if (i > 0) out += ',';
    append_entry(out, c, answer.items[i], seed, options);
  }
  out += ']';
}

void append_footer(std::string& out, Context& c, const live::ServedModel& served,
                   const rank::Answer& answer) {
  out += ",\"model\":";
  append_model(out, served.model.manifest);
  out += ",\"request_id\":\"";
  c.gap_begin = out.size();
  append_id_and_time(out, c);
  c.gap_end = out.size();
  fmt::format_to(std::back_inserter(out), ",\"popularity_percentile\":{:.1f},\"degraded\":",
                 mean_percentile(*c.view.facts, answer));
  append_strings(out, answer.degraded);
  if (answer.impaired()) {
    c.degraded = true;
    c.services.metrics.count_degraded();
  }
}

bool answer_again(Context& c, http::Response& response) {
  bool degraded = false;
  if (!c.services.answers.keeps() ||
      !c.services.answers.append(answer_key(c), response.body, degraded, c.list,
                                 [&c](std::string& out) { append_id_and_time(out, c); }))
    return false;
  c.degraded = degraded;
  if (degraded) c.services.metrics.count_degraded();
  return true;
}

void keep_answer(Context& c, const http::Response& response) {
  if (!c.repeatable || !c.services.answers.keeps()) return;
  AnswerCache::Kept kept{response.body, c.gap_begin, c.degraded, c.list};
  kept.text.erase(c.gap_begin, c.gap_end - c.gap_begin);
  c.services.answers.put(answer_key(c), std::move(kept));
}

void record_list(Context& c, int status) {
  // Nothing failed where the client has gone.
  const bool failed = status >= 500 && !c.request.stop.stop_requested();
  if (failed && c.services.options.event_log != nullptr) c.list = failed_list(c);
  if ((status != 200 && !failed) || !is_recorded(c)) return;
  events::EventLog& log = *c.services.options.event_log;
  // Who has no token fills no disk by asking.
  if (!has_token(c) && c.services.lists_recorded.wait_s(c.request.client, c.began) > 0)
    return log.drop_list();
  events::Impression list = *c.list;
  append_request_id(list.request, c);
  list.time_ms = now_ms();
  const auto took = std::chrono::steady_clock::now() - c.began;
  list.took_us = static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  if (c.degraded && !failed) list.state = events::Impression::State::kDegraded;
  list.user = c.user;
  list.session = c.session;
  list.scenario = c.scenario;
  list.variants = c.variants;
  log.append_later(std::move(list));
  for (const events::Exposure& exposure : c.exposures) log.append_later(exposure);
  c.exposures.clear();
  c.list.reset();
  c.degraded = false;
}

void append_relation(std::string& out, const recall::ItemFacts& facts, const rank::Relation& r) {
  const auto put = std::back_inserter(out);
  fmt::format_to(put, "{{\"together\":{{\"users\":{},\"expected\":{:.2f},\"lift\":{:.2f}}}",
                 r.together.users, r.together.expected, r.together.lift());
  const std::pair<std::string_view, const std::vector<std::string>*> lists[] = {
      {"genres", &r.genres},
      {"tags", &r.tags},
      {"directors", &r.directors},
      {"actors", &r.actors},
      {"keywords", &r.keywords}};
  for (const auto& [name, values] : lists) {
    fmt::format_to(put, ",\"{}\":", name);
    append_strings(out, *values);
  }
  out += ",\"series\":";
  if (r.series == 0)
    out += "null";
  else
    http::append_json(out, facts.series_name(r.series));
  fmt::format_to(put, ",\"years_apart\":");
  if (r.years_apart < 0)
    out += "null}";
  else
    fmt::format_to(put, "{}}}", r.years_apart);
}

}  // namespace sparrow::api
