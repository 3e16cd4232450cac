// Calls about rules: read, replace, and what a change would do before it is published.
#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/http/json_text.h"
#include "sparrow/rank/what_if.h"

namespace sparrow::api {

using nlohmann::json;

void get_rules(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  response.body = http::json_text(c.now->rules->source());
}

// The version given must be the present one: two editors cannot overwrite each other.
void put_rules(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  auto object = json_body(c, response);
  if (!object) return;
  const std::lock_guard one_editor(c.services.editor_mutex);
  const auto version = c.services.state.snapshot()->rules->version();
  if (object->is_object() && object->contains("version") && (*object)["version"] != version)
    return http::write_error(
        response, 409, "conflict",
        fmt::format("the rules are at version {} by now; read them again", version), "version");
  if (object->is_object()) (*object)["version"] = version + 1;
  live::State& state = c.services.state;
  if (auto replaced = state.replace_rules(c.services.options.home, *object); !replaced)
    return fail(response, replaced.error());
  response.body = http::json_text(state.snapshot()->rules->source());
}

void post_what_if(Context& c, http::Response& response) {
  c.query.allow_only({});
  const auto served = model_of(c);
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  auto after = rank::Rules::parse(*object, *c.view.facts);
  if (!after) return fail(response, after.error());
  const rank::WhatIf w = rank::what_if(*served->recommender, *c.view.facts, start_request(c),
                                       **after, {.stop = c.request.stop});
  if (given_up(c, response)) return;
  response.body = http::json_text(rank::what_if_json(w, c.view.dataset->catalog));
}

}  // namespace sparrow::api
