// Calls about rules: read, replace, and what a change would do before it is published.
#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/file.h"
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
  auto parsed = rank::Rules::parse(*object, *c.view.facts);
  if (!parsed) return fail(response, parsed.error());
  if (!c.services.options.home.empty()) {
    if (auto w = write_file_atomically(c.services.options.home / "rules.json",
                                       (*parsed)->source().dump(2) + "\n");
        !w)
      return fail(response, w.error());
  }
  if (auto set = c.services.state.set_rules(*object); !set) return fail(response, set.error());
  response.body = http::json_text((*parsed)->source());
}

void post_what_if(Context& c, http::Response& response) {
  c.query.allow_only({});
  const auto served = model_of(c);
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  auto after = rank::Rules::parse(*object, *c.view.facts);
  if (!after) return fail(response, after.error());
  const rank::WhatIf w = rank::what_if(*served->recommender, *c.view.facts, *c.now->rules, **after);
  response.body = http::json_text(rank::what_if_json(w, c.view.dataset->catalog));
}

}  // namespace sparrow::api
