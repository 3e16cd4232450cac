// What a viewer says of an item: hide, not similar, seen, play, shown; and taking it back.
#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"

namespace sparrow::api {

using nlohmann::json;

void post_feedback(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  const auto user = member(response, *object, "user", 128);
  if (!user) return;
  const auto item = member_item(c, response, *object, "item");
  if (!item) return;
  const auto kind = member(response, *object, "kind", 16);
  if (!kind) return;
  if (*kind != "undo" && !live::event_kind(*kind))
    return http::write_error(response, 400, "invalid_input",
                             "\"kind\" must be hide, not_similar, seen, play, shown or undo",
                             "kind");
  json kept = {{"time", utc_now()}, {"user", *user}, {"item", (*object)["item"]}, {"kind", *kind}};
  if (object->contains("seed")) {
    if (!member_item(c, response, *object, "seed")) return;
    kept["seed"] = (*object)["seed"];
  }
  if (object->contains("of")) {
    const auto of = member(response, *object, "of", 16);
    if (!of) return;
    if (*kind != "undo" || (*of != "hide" && *of != "not_similar" && *of != "seen"))
      return http::write_error(response, 400, "invalid_input",
                               "\"of\" goes with \"undo\": hide, not_similar or seen", "of");
    kept["of"] = *of;
  }
  if (!may_write(c, response, 1)) return;
  // To take back what was never said changes nothing and is not kept. What the disk refuses is not
  // in force either.
  if (*kind != "shown" && c.services.events.would_take(kept, *item)) {
    if (auto saved = c.services.feedback.append(kept); !saved) return fail(response, saved.error());
  }
  const bool changed = c.services.events.take(kept, *item);
  response.body = changed ? "{\"saved\":1}" : "{\"saved\":0}";
}

}  // namespace sparrow::api
