// Lists of similar items: of one item, of several, its shelves, many at a time.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/api/cards.h"
#include "sparrow/api/handlers.h"
#include "sparrow/api/list_answer.h"

namespace sparrow::api {
namespace {

constexpr std::size_t kMaxBatch = 100;

}  // namespace

void get_similar(Context& c, http::Response& response) {
  c.query.allow_only(control_parameters());
  if (const auto& usual = c.now->default_model(c.services.options.default_model); usual != nullptr)
    usual->recommender->prefetch(c.item);  // arrives while the parameters are read
  rank::Request request = start_request(c);
  request.seeds = {{c.item, 1}};
  ListOptions options;
  if (!c.query.empty()) {
    read_controls(c, request);
    options = read_list_options(c);
    request.features = options.parts;
  }
  const auto served = model_of(c);
  if (failed(c, response)) return;
  const rank::Answer answer = recommend(c, request, *served);
  std::string& out = response.body;
  out += "{\"seed\":";
  out += c.view.rendered(c.item);
  out += "},\"seed_source\":\"";
  out += source_name(answer.seed_source);
  out += '"';
  append_list(out, c, answer, c.item, options);
  append_footer(out, c, *served, answer);
  out += '}';
}

namespace {

// Shelves below each other, recorded as one list.
std::shared_ptr<const events::Impression> joined(const events::Impression& above,
                                                 const events::Impression& below) {
  auto both = std::make_shared<events::Impression>(above);
  both->items.insert(both->items.end(), below.items.begin(), below.items.end());
  return both;
}

}  // namespace

void get_shelves(Context& c, http::Response& response) {
  c.query.allow_only(control_parameters());
  c.other.reset();  // shelves are of one variant
  rank::Request plain = start_request(c);
  plain.seeds = {{c.item, 1}};
  read_controls(c, plain);
  if (!c.query.has("size")) plain.size = 12;
  ListOptions options = read_list_options(c);
  options.reasons = true;
  const auto served = model_of(c);
  if (failed(c, response)) return;
  std::string& out = response.body;
  out += "{\"seed\":";
  out += c.view.rendered(c.item);
  out += "},\"rows\":[";
  rank::Answer all;
  bool first = true;
  for (const std::string_view name : kShelves) {
    rank::Request request = plain;
    apply_shelf(c, name, request.controls);
    const auto before = c.list;
    rank::Answer answer = recommend(c, request, *served);
    if (answer.items.empty() || !answer.failed.empty())
      c.list = before;
    else if (before != nullptr && c.list != nullptr)
      c.list = joined(*before, *c.list);
    if (!answer.failed.empty())  // what came instead is not a shelf of this name
      all.degraded.insert(all.degraded.end(), answer.degraded.begin(), answer.degraded.end());
    if (answer.items.empty() || !answer.failed.empty()) continue;
    fmt::format_to(std::back_inserter(out), "{}{{\"name\":\"{}\"", first ? "" : ",", name);
    append_list(out, c, answer, c.item, options);
    out += '}';
    first = false;
    all.items.insert(all.items.end(), answer.items.begin(), answer.items.end());
  }
  out += ']';
  append_footer(out, c, *served, all);
  out += '}';
}

namespace {

// The list of several seeds, with what was asked.
void append_mix(std::string& out, Context& c, rank::Request& request,
                const live::ServedModel& served, ListOptions options) {
  request.features = options.parts;
  constexpr std::size_t kWanted = 5;  // more are a history, and no one of them is the reason
  for (const rank::Seed& s : request.seeds) {
    if (s.weight > 0) options.wanted.push_back(s.row);
  }
  if (options.wanted.size() > kWanted) options.wanted.clear();
  options.model = &served;
  const rank::Answer answer = recommend(c, request, served);
  Row seed = kNoRow;
  for (const bool positive : {true, false}) {
    out += positive ? "{\"seeds\":[" : "],\"not\":[";
    for (const rank::Seed& s : request.seeds) {
      if ((s.weight > 0) != positive) continue;
      if (out.back() == '}') out += ',';
      append_card(out, c, s.row);
      if (positive && seed == kNoRow) seed = s.row;
    }
  }
  out += ']';
  append_list(out, c, answer, seed, options);
  append_footer(out, c, served, answer);
  out += '}';
}

}  // namespace

void get_mix(Context& c, http::Response& response) {
  std::vector<std::string_view> known = control_parameters();
  known.insert(known.end(), {"seeds", "not"});
  c.query.allow_only(known);
  rank::Request request = start_request(c);
  read_seeds(c, "seeds", 1, request.seeds);
  read_seeds(c, "not", -1, request.seeds);
  read_controls(c, request, request.seeds.empty() ? UserSeeds::kYes : UserSeeds::kNo);
  if (!c.query.has("seeds") && !c.query.has("user"))
    c.query.fail("seeds", "is missing: seeds=1,589:0.5 or user=ID");
  const ListOptions options = read_list_options(c);
  const auto served = model_of(c);
  if (failed(c, response)) return;
  append_mix(response.body, c, request, *served, options);
}

namespace {

// The seeds and the vector of a request's JSON.
void read_members(Context& c, const nlohmann::json& object, rank::Request& request) {
  for (const auto& [name, sign] : {std::pair{"seeds", 1.0F}, std::pair{"not", -1.0F}}) {
    if (!object.contains(name)) continue;
    if (!object[name].is_array() || object[name].size() > 100)
      c.query.fail(name, "must be a list of at most 100 items");
    for (const auto& entry : object[name]) {
      const bool simple = entry.is_string();
      const auto id = simple ? entry.get<std::string>()
                      : entry.is_object() && entry.contains("id") && entry["id"].is_string()
                          ? entry["id"].get<std::string>()
                          : std::string();
      const auto row = c.view.find(id);
      if (!row) {
        c.query.fail(name, fmt::format("names an unknown item \"{}\"", id.substr(0, 64)));
        break;
      }
      float weight = 1;
      if (!simple && entry.contains("weight"))
        weight = entry["weight"].is_number() ? entry["weight"].get<float>() : -1;
      if (!(weight > 0 && weight <= 1000))
        c.query.fail(name, "has a weight that is not a number above 0, at most 1000");
      request.seeds.push_back({*row, sign * weight});
    }
  }
  if (object.contains("vector")) {
    for (const auto& value : object["vector"])
      request.vector.push_back(value.is_number() ? value.get<float>() : NAN);
    if (request.vector.empty() || !std::all_of(request.vector.begin(), request.vector.end(),
                                               [](float x) { return std::isfinite(x); }))
      c.query.fail("vector", "must be a list of numbers");
  }
}

// Reads {"seeds":[{"id","weight"} or "id"],"not":[...],"vector":[...], controls}; false and a 400
// when it is wrong.
bool read_post(Context& c, http::Response& response, const nlohmann::json& object,
               rank::Request& request) {
  if (!object.is_object()) {
    http::write_error(response, 400, "invalid_input", "a request is a JSON object", "body");
    return false;
  }
  static constexpr std::string_view kOwn[] = {"seeds", "not", "vector"};
  c.query = http::Query::of_json(object, kOwn);
  c.query.allow_only(control_parameters());
  apply_plans(c);
  read_members(c, object, request);
  const bool by_user = request.seeds.empty() && request.vector.empty();
  read_controls(c, request, by_user ? UserSeeds::kYes : UserSeeds::kNo);
  if (request.seeds.empty() && request.vector.empty() && !c.query.has("user"))
    c.query.fail("seeds", "is missing: give seeds, a vector or a user");
  return true;
}

}  // namespace

void post_similar(Context& c, http::Response& response) {
  const auto object = json_body(c, response);
  if (!object) return;
  rank::Request request = start_request(c);
  if (!read_post(c, response, *object, request)) return;
  const ListOptions options = read_list_options(c);
  const auto served = model_of(c);
  if (served != nullptr && !request.vector.empty() &&
      request.vector.size() != served->recommender->dim())
    c.query.fail("vector", fmt::format("has {} numbers; the model {} has {} dimensions",
                                       request.vector.size(), served->model.manifest.name,
                                       served->recommender->dim()));
  if (failed(c, response)) return;
  append_mix(response.body, c, request, *served, options);
}

void post_batch(Context& c, http::Response& response) {
  const auto object = json_body(c, response);
  if (!object) return;
  if (!object->is_object() || !object->contains("requests") || !(*object)["requests"].is_array() ||
      (*object)["requests"].size() > kMaxBatch || (*object)["requests"].empty())
    return http::write_error(response, 400, "invalid_input",
                             "\"requests\" must be a list of 1 to 100 requests", "requests");
  std::string answers = "{\"answers\":[";
  std::size_t number = 0;
  for (const auto& entry : (*object)["requests"]) {
    ++number;
    if (given_up(c, response)) return;
    response.body.clear();
    rank::Request request = start_request(c);
    const bool read = read_post(c, response, entry, request);
    const ListOptions options = read_list_options(c);
    const auto served = read ? model_of(c) : nullptr;
    if (read && served != nullptr && !request.vector.empty() &&
        request.vector.size() != served->recommender->dim())
      c.query.fail("vector", "does not have the model's number of dimensions");
    if (read && c.query.error())
      return http::write_error(response, 400, "invalid_input",
                               fmt::format("request {}: {}", number, c.query.error()->message),
                               c.query.error()->parameter);
    if (!read) return;
    append_mix(response.body, c, request, *served, options);
    record_list(c, 200);  // each for whom it is; one request id for all
    if (number > 1) answers += ',';
    answers += response.body;
  }
  response.body = answers + "]}";
}

}  // namespace sparrow::api
