// Calls that answer with lists of similar items, and why.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/rank/reasons.h"
#include "sparrow/serve/call.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {
namespace {

constexpr std::size_t kMaxBatch = 100;

constexpr std::string_view kRows[] = {"watched-together", "similar-story", "same-people-or-series",
                                      "hidden-gems"};

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
    append_json(out, facts.series_name(r.series));
  fmt::format_to(put, ",\"years_apart\":");
  if (r.years_apart < 0)
    out += "null}";
  else
    fmt::format_to(put, "{}}}", r.years_apart);
}

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

}  // namespace

Call::ListOptions Call::list_options() {
  static constexpr std::string_view kFields[] = {"id",       "title",  "year",   "genres",
                                                 "score",    "source", "reason", "reason_parts",
                                                 "channels", "parts",  "rating", "ratings"};
  ListOptions options;
  options.reasons = query_.flag("reasons", false);
  options.parts = query_.flag("parts", false);
  const auto fields = query_.list("fields");
  options.fields.assign(fields.begin(), fields.end());
  for (const auto& field : options.fields) {
    if (std::find(std::begin(kFields), std::end(kFields), field) == std::end(kFields))
      query_.fail("fields", fmt::format("\"{}\" is no field of an item", field.substr(0, 64)));
  }
  return options;
}

// What the user rated, hid or was shown too often is excluded; with `as_seeds` what they liked are
// the seeds.
void Call::read_user(rank::Request& request, bool as_seeds) {
  const auto user = query_.text("user");
  const auto fatigue = query_.number("fatigue", 0, 0, 1000);
  if (!user) return;
  if (user->empty() || user->size() > 128) return query_.fail("user", "must have 1 to 128 bytes");
  const data::Interactions& log = view_.dataset->interactions;
  const auto number = view_.facts->find_user(*user);
  if (number) {
    for (auto e = log.offsets[*number]; e < log.offsets[*number + 1]; ++e)
      request.controls.exclude.push_back(log.items[e]);
    if (as_seeds) {
      for (const Row row : view_.facts->liked(*number)) request.seeds.push_back({row, 1});
    }
  }
  const auto unwanted = api_.events_.unwanted(*user, fatigue);
  request.controls.exclude.insert(request.controls.exclude.end(), unwanted.begin(), unwanted.end());
}

rank::Answer Call::recommend(rank::Request& request, const ServedModel& served) {
  request.hidden = *now_->hidden;
  request.rules = now_->rules->empty() ? nullptr : now_->rules.get();
  request.ranking = &api_.options_.ranking;
  rank::Answer answer = served.recommender->recommend(request);
  api_.metrics_.record(Stage::kRecall, answer.recall_time);
  if (answer.rank_time.count() > 0) api_.metrics_.record(Stage::kRank, answer.rank_time);
  for (std::size_t c = 0; c < rank::Recommender::channel_names().size(); ++c) {
    if ((answer.asked >> c & 1U) != 0)
      api_.metrics_.count_channel(c, (answer.failed >> c & 1U) != 0);
  }
  if (!answer.degraded.empty()) {
    degraded_ = true;
    api_.metrics_.count_degraded();
  }
  repeatable_ = repeatable_ && answer.failed == 0 && request.controls.budget.count() == 0 &&
                api_.options_.ranking.remote == nullptr;
  if (const auto user = query_.text("user")) {
    repeatable_ = false;
    for (const auto& item : answer.items) api_.events_.add(*user, item.row, EventKind::kShown);
  }
  return answer;
}

void Call::append_entry(const rank::ScoredItem& item, Row seed, const ServedModel& served,
                        const ListOptions& options) {
  std::string& out = response_.body;
  if (options.fields.empty() && !options.reasons && !options.parts && !item.pinned &&
      item.channels.empty())
    return append_plain(out, view_.rendered(item.row), item);
  const auto put = std::back_inserter(out);
  if (options.fields.empty()) {
    out += view_.rendered(item.row);
  } else {
    const data::Item& facts = view_.dataset->catalog[item.row];
    out += "{\"id\":";
    append_json(out, facts.id);
    if (wanted(options.fields, "title")) {
      out += ",\"title\":";
      append_json(out, facts.title);
    }
    if (wanted(options.fields, "year")) fmt::format_to(put, ",\"year\":{}", facts.year);
    if (wanted(options.fields, "genres")) {
      out += ",\"genres\":";
      append_strings(out, facts.list(data::kGenres));
    }
  }
  if (wanted(options.fields, "score")) {
    out += ",\"score\":";
    append_json(out, std::lround(item.match));
  }
  if (wanted(options.fields, "source")) {
    out += ",\"source\":\"";
    out += source_name(item.source);
    out += '"';
  }
  if (item.pinned) out += ",\"pinned\":true";
  if (options.reasons) {
    fmt::format_to(put, ",\"rating\":{:.2f},\"ratings\":{}", view_.average[item.row],
                   view_.ratings[item.row]);
    if (seed != kNoRow) {
      const auto relation = rank::relate(*view_.facts, seed, item.row);
      out += ",\"reason\":";
      append_json(out, rank::reason_of(*view_.facts, relation));
      out += ",\"reason_parts\":";
      append_relation(out, *view_.facts, relation);
    }
  }
  if (options.parts) {
    fmt::format_to(put, ",\"parts\":{{\"match\":{:.2f},\"adjusted\":{:.2f},\"similarity\":{:.4f}",
                   item.match, item.adjusted, item.similarity);
    for (std::size_t f = 1; item.features && f < rank::Features::kCount; ++f)
      fmt::format_to(put, ",\"{}\":{:.3f}", rank::Features::names()[f], item.features->values[f]);
    out += '}';
  }
  if (!item.channels.empty()) {
    out += ",\"channels\":[";
    for (std::size_t c = 0; c < item.channels.size(); ++c) {
      fmt::format_to(put, "{}{{\"name\":\"{}\",\"rank\":{},\"score\":{:.4g}}}", c > 0 ? "," : "",
                     served.recommender->channel_names()[item.channels[c].channel],
                     item.channels[c].rank, item.channels[c].score);
    }
    out += ']';
  }
  out += '}';
}

void Call::append_list(const rank::Answer& answer, Row seed, const ServedModel& served,
                       const ListOptions& options) {
  std::string& out = response_.body;
  // Items lie anywhere in the arena: the memory is asked for all of them at once.
  for (const auto& item : answer.items) {
    const std::string_view text = view_.rendered(item.row);
    for (std::size_t at = 0; at < text.size(); at += 64) __builtin_prefetch(text.data() + at);
  }
  out += ",\"items\":[";
  for (std::size_t i = 0; i < answer.items.size(); ++i) {
    if (i > 0) out += ',';
    append_entry(answer.items[i], seed, served, options);
  }
  out += ']';
}

void Call::append_footer(const ServedModel& served, const rank::Answer& answer) {
  std::string& out = response_.body;
  out += ",\"model\":";
  append_model(out, served.model.manifest);
  out += ",\"request_id\":\"";
  gap_begin_ = out.size();
  append_id_and_time(out);
  gap_end_ = out.size();
  fmt::format_to(std::back_inserter(out), ",\"popularity_percentile\":{:.1f},\"degraded\":",
                 mean_percentile(*view_.facts, answer));
  append_strings(out, answer.degraded);
}

void Call::get_similar(Row row) {
  query_.allow_only(control_parameters());
  if (const auto usual = now_->models.find(api_.options_.default_model);
      usual != now_->models.end())
    usual->second->recommender->prefetch(row);  // arrives while the parameters are read
  rank::Request request;
  request.seeds = {{row, 1}};
  ListOptions options;
  if (!request_.query.empty()) {
    read_controls(query_, *now_, api_.filters_, request);
    read_user(request, false);
    options = list_options();
    request.features = options.parts;
  }
  const auto served = model_or_fail(false);
  if (failed()) return;
  const rank::Answer answer = recommend(request, *served);
  std::string& out = response_.body;
  out += "{\"seed\":";
  out += view_.rendered(row);
  out += "},\"seed_source\":\"";
  out += source_name(answer.seed_source);
  out += '"';
  append_list(answer, row, *served, options);
  append_footer(*served, answer);
  out += '}';
}

void Call::get_rows(Row row) {
  query_.allow_only(control_parameters());
  rank::Request plain;
  plain.seeds = {{row, 1}};
  read_controls(query_, *now_, api_.filters_, plain);
  if (!query_.has("size")) plain.size = 12;
  read_user(plain, false);
  ListOptions options = list_options();
  options.reasons = true;
  const auto served = model_or_fail(false);
  if (failed()) return;
  std::string& out = response_.body;
  out += "{\"seed\":";
  out += view_.rendered(row);
  out += "},\"rows\":[";
  rank::Answer all;
  bool first = true;
  for (const std::string_view name : kRows) {
    rank::Request request = plain;
    apply_row(name, *now_, api_.filters_, request.controls);
    rank::Answer answer = recommend(request, *served);
    if (answer.failed != 0)  // what came instead is no row of this name
      all.degraded.insert(all.degraded.end(), answer.degraded.begin(), answer.degraded.end());
    if (answer.items.empty() || answer.failed != 0) continue;
    fmt::format_to(std::back_inserter(out), "{}{{\"name\":\"{}\"", first ? "" : ",", name);
    append_list(answer, row, *served, options);
    out += '}';
    first = false;
    all.items.insert(all.items.end(), answer.items.begin(), answer.items.end());
  }
  out += ']';
  append_footer(*served, all);
  out += '}';
}

void Call::append_mix(rank::Request& request, const ServedModel& served,
                      const ListOptions& options) {
  request.features = options.parts;
  const rank::Answer answer = recommend(request, served);
  std::string& out = response_.body;
  Row seed = kNoRow;
  for (const bool positive : {true, false}) {
    out += positive ? "{\"seeds\":[" : "],\"not\":[";
    for (const rank::Seed& s : request.seeds) {
      if ((s.weight > 0) != positive) continue;
      if (out.back() == '}') out += ',';
      append_card(out, view_, s.row);
      if (positive && seed == kNoRow) seed = s.row;
    }
  }
  out += ']';
  append_list(answer, seed, served, options);
  append_footer(served, answer);
  out += '}';
}

void Call::get_mix() {
  std::vector<std::string_view> known = control_parameters();
  known.insert(known.end(), {"seeds", "not"});
  query_.allow_only(known);
  rank::Request request;
  read_controls(query_, *now_, api_.filters_, request);
  read_seeds(query_, "seeds", *now_, 1, request.seeds);
  read_seeds(query_, "not", *now_, -1, request.seeds);
  read_user(request, request.seeds.empty());
  if (!query_.has("seeds") && !query_.has("user"))
    query_.fail("seeds", "is missing: seeds=1,589:0.5 or user=ID");
  const ListOptions options = list_options();
  const auto served = model_or_fail(false);
  if (failed()) return;
  append_mix(request, *served, options);
}

// Reads {"seeds":[{"id","weight"} or "id"],"not":[...],"vector":[...], controls}; false and a 400
// when it is wrong.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): one check after the other.
bool Call::read_post(const nlohmann::json& object, rank::Request& request) {
  if (!object.is_object()) {
    write_error(response_, 400, "invalid_input", "a request is a JSON object", "body");
    return false;
  }
  static constexpr std::string_view kOwn[] = {"seeds", "not", "vector"};
  query_ = Query::of_json(object, kOwn);
  query_.allow_only(control_parameters());
  read_controls(query_, *now_, api_.filters_, request);
  for (const auto& [name, sign] : {std::pair{"seeds", 1.0F}, std::pair{"not", -1.0F}}) {
    if (!object.contains(name)) continue;
    if (!object[name].is_array() || object[name].size() > 100)
      query_.fail(name, "must be a list of at most 100 items");
    for (const auto& entry : object[name]) {
      const bool simple = entry.is_string();
      const auto id = simple ? entry.get<std::string>()
                      : entry.is_object() && entry.contains("id") && entry["id"].is_string()
                          ? entry["id"].get<std::string>()
                          : std::string();
      const auto row = view_.find(id);
      if (!row) {
        query_.fail(name, fmt::format("names an unknown item \"{}\"", id.substr(0, 64)));
        break;
      }
      float weight = 1;
      if (!simple && entry.contains("weight"))
        weight = entry["weight"].is_number() ? entry["weight"].get<float>() : -1;
      if (!(weight > 0 && weight <= 1000))
        query_.fail(name, "has a weight that is no number above 0, at most 1000");
      request.seeds.push_back({*row, sign * weight});
    }
  }
  if (object.contains("vector")) {
    for (const auto& value : object["vector"])
      request.vector.push_back(value.is_number() ? value.get<float>() : NAN);
    if (request.vector.empty() || !std::all_of(request.vector.begin(), request.vector.end(),
                                               [](float x) { return std::isfinite(x); }))
      query_.fail("vector", "must be a list of numbers");
  }
  read_user(request, request.seeds.empty() && request.vector.empty());
  if (request.seeds.empty() && request.vector.empty() && !query_.has("user"))
    query_.fail("seeds", "is missing: give seeds, a vector or a user");
  return true;
}

void Call::post_similar() {
  const auto object = body();
  if (!object) return;
  rank::Request request;
  if (!read_post(*object, request)) return;
  const ListOptions options = list_options();
  const auto served = model_or_fail(false);
  if (served != nullptr && !request.vector.empty() &&
      request.vector.size() != served->recommender->dim())
    query_.fail("vector",
                fmt::format("has {} numbers; the model {} has {} dimensions", request.vector.size(),
                            served->model.manifest.name, served->recommender->dim()));
  if (failed()) return;
  append_mix(request, *served, options);
}

void Call::post_batch() {
  const auto object = body();
  if (!object) return;
  if (!object->is_object() || !object->contains("requests") || !(*object)["requests"].is_array() ||
      (*object)["requests"].size() > kMaxBatch || (*object)["requests"].empty())
    return write_error(response_, 400, "invalid_input",
                       "\"requests\" must be a list of 1 to 100 requests", "requests");
  std::string answers = "{\"answers\":[";
  std::size_t number = 0;
  for (const auto& entry : (*object)["requests"]) {
    ++number;
    response_.body.clear();
    rank::Request request;
    const bool read = read_post(entry, request);
    const ListOptions options = list_options();
    const auto served = read ? model_or_fail(false) : nullptr;
    if (read && served != nullptr && !request.vector.empty() &&
        request.vector.size() != served->recommender->dim())
      query_.fail("vector", "does not have the model's number of dimensions");
    if (read && query_.error())
      return write_error(response_, 400, "invalid_input",
                         fmt::format("request {}: {}", number, query_.error()->message),
                         query_.error()->parameter);
    if (!read) return;
    append_mix(request, *served, options);
    if (number > 1) answers += ',';
    answers += response_.body;
  }
  response_.body = answers + "]}";
}

void Call::get_explain() {
  std::vector<std::string_view> known = control_parameters();
  known.insert(known.end(), {"seed", "item"});
  query_.allow_only(known);
  rank::Request request;
  read_controls(query_, *now_, api_.filters_, request);
  read_user(request, false);
  const auto served = model_or_fail(false);
  if (failed()) return;
  const Row seed = required_item("seed");
  const Row item = seed == kNoRow ? kNoRow : required_item("item");
  if (item == kNoRow) return;
  request.seeds = {{seed, 1}};
  request.hidden = *now_->hidden;
  request.rules = now_->rules->empty() ? nullptr : now_->rules.get();
  request.ranking = &api_.options_.ranking;
  const rank::Explanation e = served->recommender->explain(request, item);
  const auto relation = rank::relate(*view_.facts, seed, item);
  std::string& out = response_.body;
  const auto put = std::back_inserter(out);
  out += "{\"seed\":";
  append_card(out, view_, seed);
  out += ",\"item\":";
  append_card(out, view_, item);
  fmt::format_to(put, ",\"score\":{},\"rank\":", std::lround(e.item.match));
  if (e.rank == 0)
    out += "null";
  else
    fmt::format_to(put, "{}", e.rank);
  fmt::format_to(put, ",\"ranked\":{},\"in_list\":{},\"reason\":", e.ranked,
                 e.rank > 0 && e.rank <= request.size && e.why_not.empty());
  append_json(out, rank::reason_of(*view_.facts, relation));
  out += ",\"parts\":[";
  for (std::size_t i = 0; i < e.parts.size(); ++i) {
    out += i > 0 ? ",{\"name\":" : "{\"name\":";
    append_json(out, e.parts[i].name);
    fmt::format_to(put, ",\"value\":{:.3f}}}", e.parts[i].value);
  }
  fmt::format_to(put,
                 "],\"together\":{{\"users\":{},\"expected\":{:.2f},\"lift\":{:.2f}}},\"shared\":",
                 relation.together.users, relation.together.expected, relation.together.lift());
  append_relation(out, *view_.facts, relation);
  out += ",\"channels\":[";
  for (std::size_t c = 0; c < e.channels.size(); ++c) {
    const auto& p = e.channels[c];
    fmt::format_to(put, "{}{{\"name\":\"{}\",\"rank\":", c > 0 ? "," : "",
                   served->recommender->channel_names()[p.channel]);
    if (p.rank == 0)
      out += "null,\"score\":null}";
    else
      fmt::format_to(put, "{},\"score\":{:.4g}}}", p.rank, p.score);
  }
  out += "],\"why_not\":";
  append_strings(out, e.why_not);
  out += ",\"model\":";
  append_model(out, served->model.manifest);
  out += '}';
}

}  // namespace sparrow::serve
