// What people did: events in, all of a user's removed; and feedback, the older form of an event
// that hides an item from its user or takes that back.
#include <fmt/format.h>

#include "sparrow/api/event_calls.h"
#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {

using nlohmann::json;

namespace {

// What an event says of an item for lists to come: hidden, seen, played, not similar.
std::optional<std::pair<json, Row>> mark_of(const Context& c, const events::Event& event) {
  if (event.user.empty() || !live::event_kind(event.type)) return std::nullopt;
  const auto row = c.view.find(event.item);
  if (!row) return std::nullopt;
  return std::pair{
      json{{"time", utc_now()}, {"user", event.user}, {"item", event.item}, {"kind", event.type}},
      *row};
}

}  // namespace

void post_events(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  events::EventLog* log = required_log(c, response);
  if (log == nullptr) return;
  const auto body = json_body(c, response);
  if (!body) return;
  const auto events = events::read_events(*body, now_ms());
  if (!events) {
    c.services.intake.refuse(now_ms());
    return fail(response, events.error());
  }
  // A shop's own server, which has a token, sends what all its people do.
  if (!has_token(c) && !may_write(c, response, events->size())) return;
  std::vector<json> marks;
  std::vector<Row> rows;
  std::size_t unknown_items = 0;
  for (const events::Event& event : *events) {
    if (!event.item.empty() && !c.view.find(event.item)) ++unknown_items;
    if (auto mark = mark_of(c, event)) {
      marks.push_back(std::move(mark->first));
      rows.push_back(mark->second);
    }
  }
  const auto kept = log->append(*events);
  if (!kept) return fail(response, kept.error());
  c.services.intake.take(*events, *kept, unknown_items, now_ms());
  if (!marks.empty()) {
    if (auto saved = c.services.feedback.append_all(marks); !saved)
      return fail(response, saved.error());
    for (std::size_t i = 0; i < marks.size(); ++i) c.services.marks.take(marks[i], rows[i]);
  }
  response.body = http::json_text(json{{"saved", kept->kept},
                                       {"known", kept->known},
                                       {"expired", kept->expired},
                                       {"unknown_items", unknown_items}});
}

Result<std::size_t> forget_marks(Services& services, const std::string& user) {
  auto marks = services.feedback.remove(
      [&](const json& entry) { return live::text_of(entry, "user") == user; });
  if (marks) services.marks.forget(user);
  if (services.options.live_feed != nullptr) services.options.live_feed->forget(user);
  return marks;
}

void delete_user(Context& c, http::Response& response) {
  const std::string& user = c.parameter;
  c.query.allow_only({});
  if (failed(c, response)) return;
  events::EventLog::Erased erased;
  if (events::EventLog* log = c.services.options.event_log; log != nullptr) {
    const auto done = log->erase_user(user);
    if (!done) return fail(response, done.error());
    erased = *done;
  }
  const auto marks = forget_marks(c.services, user);
  if (!marks) return fail(response, marks.error());
  json remains = json::array();
  if (c.view.facts->find_user(user))
    remains.push_back(
        "the prepared data, and models made of them: take the user out of your log and build "
        "again");
  if (c.services.options.kafka != nullptr)
    remains.push_back(
        "the topic in Kafka, until its retention ends (retention.ms); the other replicas erase the "
        "user when they read of it");
  response.body = http::json_text(json{{"events", erased.events},
                                       {"impressions", erased.impressions},
                                       {"exposures", erased.exposures},
                                       {"feedback", *marks},
                                       {"remains", remains}});
}

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
  if (*kind != "shown" && c.services.marks.would_take(kept, *item)) {
    if (auto saved = c.services.feedback.append(kept); !saved) return fail(response, saved.error());
    if (events::EventLog* log = c.services.options.event_log; log != nullptr) {
      events::Event event;
      event.time_ms = now_ms();
      event.id = fmt::format("feedback-{}-{:x}", c.services.boot, c.number);
      event.type = *kind;
      event.user = *user;
      event.item = (*object)["item"].get<std::string>();
      event.text = live::text_of(kept, "of");
      if (auto logged = log->append({&event, 1}); !logged) return fail(response, logged.error());
    }
  }
  const bool changed = c.services.marks.take(kept, *item);
  response.body = changed ? "{\"saved\":1}" : "{\"saved\":0}";
}

}  // namespace sparrow::api
