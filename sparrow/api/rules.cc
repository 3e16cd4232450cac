// Calls about rules: read, replace, and what a change would do before it is published.
#include <fmt/format.h>

#include "sparrow/api/call.h"
#include "sparrow/http/json_text.h"
#include "sparrow/rank/what_if.h"

namespace sparrow::api {

using nlohmann::json;

void Call::get_rules() {
  query_.allow_only({});
  if (failed()) return;
  response_.body = http::json_text(now_->rules->source());
}

// The version given must be the present one: two editors cannot overwrite each other.
void Call::put_rules() {
  query_.allow_only({});
  if (failed() || !authorized(Role::kEditor)) return;
  auto object = body();
  if (!object) return;
  const std::lock_guard one_editor(api_.editor_mutex_);
  const auto version = api_.snapshot()->rules->version();
  if (object->is_object() && object->contains("version") && (*object)["version"] != version)
    return http::write_error(
        response_, 409, "conflict",
        fmt::format("the rules are at version {} by now; read them again", version), "version");
  if (object->is_object()) (*object)["version"] = version + 1;
  if (auto replaced = api_.replace_rules(*object); !replaced) return fail(replaced.error());
  response_.body = http::json_text(api_.snapshot()->rules->source());
}

void Call::post_what_if() {
  query_.allow_only({});
  const auto served = model_or_fail(false);
  if (failed()) return;
  const auto object = body();
  if (!object) return;
  auto after = rank::Rules::parse(*object, *view_.facts);
  if (!after) return fail(after.error());
  const rank::WhatIf w = rank::what_if(*served->recommender, *view_.facts, *now_->rules, **after);
  response_.body = http::json_text(rank::what_if_json(w, view_.dataset->catalog));
}

}  // namespace sparrow::api
