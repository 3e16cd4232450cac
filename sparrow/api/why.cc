// Why an item stands in a list, or does not.
#include <cmath>

#include <fmt/format.h>

#include "sparrow/api/cards.h"
#include "sparrow/api/handlers.h"
#include "sparrow/api/list_answer.h"
#include "sparrow/rank/reasons.h"

namespace sparrow::api {

void get_explain(Context& c, http::Response& response) {
  std::vector<std::string_view> known = control_parameters();
  known.insert(known.end(), {"seed", "item"});
  c.query.allow_only(known);
  rank::Request request = start_request(c);
  read_controls(c, request);
  const auto served = model_of(c);
  if (failed(c, response)) return;
  const Row seed = required_item(c, response, "seed");
  const Row item = seed == kNoRow ? kNoRow : required_item(c, response, "item");
  if (item == kNoRow) return;
  request.seeds = {{seed, 1}};
  const rank::Explanation e = served->recommender->explain(request, item);
  const auto relation = rank::relate(*c.view.facts, seed, item);
  std::string& out = response.body;
  const auto put = std::back_inserter(out);
  out += "{\"seed\":";
  append_card(out, c, seed);
  out += ",\"item\":";
  append_card(out, c, item);
  fmt::format_to(put, ",\"score\":{},\"rank\":", std::lround(e.item.match));
  if (e.rank == 0)
    out += "null";
  else
    fmt::format_to(put, "{}", e.rank);
  fmt::format_to(put, ",\"ranked\":{},\"in_list\":{},\"reason\":", e.ranked,
                 e.rank > 0 && e.rank <= request.size && e.why_not.empty());
  http::append_json(out, rank::reason_of(*c.view.facts, relation));
  out += ",\"parts\":[";
  for (std::size_t i = 0; i < e.parts.size(); ++i) {
    out += i > 0 ? ",{\"name\":" : "{\"name\":";
    http::append_json(out, e.parts[i].name);
    fmt::format_to(put, ",\"value\":{:.3f}}}", e.parts[i].value);
  }
  fmt::format_to(put,
                 "],\"together\":{{\"users\":{},\"expected\":{:.2f},\"lift\":{:.2f}}},\"shared\":",
                 relation.together.users, relation.together.expected, relation.together.lift());
  append_relation(out, *c.view.facts, relation);
  out += ",\"channels\":[";
  for (std::size_t i = 0; i < e.channels.size(); ++i) {
    const auto& p = e.channels[i];
    fmt::format_to(put, "{}{{\"name\":\"{}\",\"rank\":", i > 0 ? "," : "",
                   recall::channel_name(p.channel));
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

}  // namespace sparrow::api
