// Calls that change the catalogue at run time: one item, or many at a time.
#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/http/json_text.h"
#include "sparrow/live/item_changes.h"

namespace sparrow::api {
namespace {

constexpr std::size_t kMaxChanges = 1000;

live::ItemRecord record_of(const live::CatalogView& view, Row row) {
  return {view.dataset->catalog[row],
          view.hidden(row) ? live::ItemState::kHidden : live::ItemState::kShown};
}

enum class Answer { kOne, kMany };

void change_items(Context& c, http::Response& response,
                  const std::vector<live::ItemChange>& changes, Answer form) {
  const bool single = form == Answer::kOne;
  if (!c.services.control.change_items)
    return http::write_error(response, 503, "unavailable",
                             "this server's catalogue cannot be changed");
  data::Schema schema = c.view.dataset->catalog.schema();
  // Said here with the name of the member; what is kept is judged once more, in order.
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const live::ItemChange& change = changes[i];
    if (change.kind == live::ItemChange::Kind::kRemove) continue;
    nlohmann::json whole = change.json;
    if (change.kind == live::ItemChange::Kind::kPatch) {
      const auto row = c.view.find(change.id);
      if (!row || !change.json.is_object()) {
        if (!change.json.is_object())
          return http::write_error(response, 400, "invalid_input", "a change is a JSON object",
                                   "body");
        return http::write_error(response, 404, "not_found",
                                 fmt::format("there is no item \"{}\"", change.id.substr(0, 64)),
                                 "id");
      }
      whole = live::item_to_json(record_of(c.view, *row), schema);
      whole.merge_patch(change.json);
    }
    live::ItemRecord ignored;
    const live::Bounds bounds = change.kind == live::ItemChange::Kind::kPatch
                                    ? live::Bounds::kStored
                                    : live::Bounds::kRequest;
    if (const auto wrong = live::read_item(whole, change.id, bounds, schema, ignored); wrong)
      return http::write_error(
          response, 400, "invalid_input",
          single ? wrong->message : fmt::format("item {}: {}", i + 1, wrong->message),
          wrong->parameter);
  }
  const auto changed = c.services.control.change_items(changes);
  if (!changed && changed.error().code == ErrorCode::kNotFound)
    return http::write_error(response, 404, "not_found", changed.error().message,
                             single ? "id" : "remove");
  if (!changed) return fail(response, changed.error());
  response.status = !changed->live ? 202 : single && changed->created[0] != 0 ? 201 : 200;
  std::string& out = response.body;
  const auto entry = [&](std::size_t i) {
    out += "{\"id\":";
    http::append_json(out, changes[i].id);
    fmt::format_to(std::back_inserter(out), ",\"state\":\"{}\",\"created\":{}",
                   live::item_state_name(changed->states[i]), changed->created[i] != 0);
  };
  if (single) {
    entry(0);
  } else {
    out += "{\"items\":[";
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (i > 0) out += ',';
      entry(i);
      out += '}';
    }
    out += ']';
  }
  fmt::format_to(std::back_inserter(out), ",\"revision\":{},\"live\":{}}}", changed->revision,
                 changed->live);
}

// PUT, PATCH and DELETE of /api/v1/items/{id}
void change_one(Context& c, http::Response& response, live::ItemChange::Kind kind) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  live::ItemChange change{kind, c.parameter, {}};
  if (kind != live::ItemChange::Kind::kRemove) {
    auto object = json_body(c, response);
    if (!object) return;
    change.json = std::move(*object);
  }
  change_items(c, response, {std::move(change)}, Answer::kOne);
}

}  // namespace

void put_item(Context& c, http::Response& response) {
  change_one(c, response, live::ItemChange::Kind::kPut);
}
void patch_item(Context& c, http::Response& response) {
  change_one(c, response, live::ItemChange::Kind::kPatch);
}
void delete_item(Context& c, http::Response& response) {
  change_one(c, response, live::ItemChange::Kind::kRemove);
}

// POST /api/v1/items: {"items": [...], "remove": ["id", ...]}, all of it or nothing
void post_items(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  std::vector<live::ItemChange> changes;
  for (const char* name : {"items", "remove"}) {
    if (!object->is_object() || !object->contains(name)) continue;
    if (!(*object)[name].is_array())
      return http::write_error(response, 400, "invalid_input",
                               fmt::format("\"{}\" must be a list", name), name);
    for (const auto& entry : (*object)[name]) {
      const bool remove = name[0] == 'r';
      const auto& id = remove                                      ? entry
                       : entry.is_object() && entry.contains("id") ? entry["id"]
                                                                   : entry;
      if (!id.is_string())
        return http::write_error(
            response, 400, "invalid_input",
            fmt::format("\"{}\": entry {} has no id", name, changes.size() + 1), name);
      changes.push_back({remove ? live::ItemChange::Kind::kRemove : live::ItemChange::Kind::kPut,
                         id.get<std::string>(), remove ? nlohmann::json() : entry});
    }
  }
  if (changes.empty() || changes.size() > kMaxChanges)
    return http::write_error(
        response, 400, "invalid_input",
        fmt::format("\"items\" and \"remove\" must hold 1 to {} entries together", kMaxChanges),
        "items");
  change_items(c, response, changes, Answer::kMany);
}

}  // namespace sparrow::api
