// Calls that change the catalogue at run time: one item, or many at a time.
#include <fmt/format.h>

#include "sparrow/api/call.h"
#include "sparrow/http/json_text.h"
#include "sparrow/live/item_changes.h"

namespace sparrow::api {
namespace {

constexpr std::size_t kMaxChanges = 1000;

live::ItemRecord record_of(const live::CatalogView& view, Row row) {
  return {view.dataset->catalog[row],
          view.hidden(row) ? live::ItemState::kHidden : live::ItemState::kShown};
}

}  // namespace

// PUT, PATCH and DELETE of /api/v1/items/{id}
void Call::change_item(const std::string& id) {
  query_.allow_only({});
  if (failed() || !authorized(Role::kEditor)) return;
  live::ItemChange change{request_.method == "PUT"     ? live::ItemChange::Kind::kPut
                          : request_.method == "PATCH" ? live::ItemChange::Kind::kPatch
                                                       : live::ItemChange::Kind::kRemove,
                          id,
                          {}};
  if (change.kind != live::ItemChange::Kind::kRemove) {
    auto object = body();
    if (!object) return;
    change.json = std::move(*object);
  }
  change_items({std::move(change)}, true);
}

// POST /api/v1/items: {"items": [...], "remove": ["id", ...]}, all of it or nothing
void Call::post_items() {
  query_.allow_only({});
  if (failed() || !authorized(Role::kEditor)) return;
  const auto object = body();
  if (!object) return;
  std::vector<live::ItemChange> changes;
  for (const char* name : {"items", "remove"}) {
    if (!object->is_object() || !object->contains(name)) continue;
    if (!(*object)[name].is_array())
      return http::write_error(response_, 400, "invalid_input",
                               fmt::format("\"{}\" must be a list", name), name);
    for (const auto& entry : (*object)[name]) {
      const bool remove = name[0] == 'r';
      const auto& id = remove                                      ? entry
                       : entry.is_object() && entry.contains("id") ? entry["id"]
                                                                   : entry;
      if (!id.is_string())
        return http::write_error(
            response_, 400, "invalid_input",
            fmt::format("\"{}\": entry {} has no id", name, changes.size() + 1), name);
      changes.push_back({remove ? live::ItemChange::Kind::kRemove : live::ItemChange::Kind::kPut,
                         id.get<std::string>(), remove ? nlohmann::json() : entry});
    }
  }
  if (changes.empty() || changes.size() > kMaxChanges)
    return http::write_error(
        response_, 400, "invalid_input",
        fmt::format("\"items\" and \"remove\" must hold 1 to {} entries together", kMaxChanges),
        "items");
  change_items(changes, false);
}

void Call::change_items(const std::vector<live::ItemChange>& changes, bool single) {
  if (!api_.control_.change_items)
    return http::write_error(response_, 503, "unavailable",
                             "this server's catalogue cannot be changed");
  // Said here with the name of the member; what is kept is judged once more, in order.
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const live::ItemChange& change = changes[i];
    if (change.kind == live::ItemChange::Kind::kRemove) continue;
    nlohmann::json whole = change.json;
    if (change.kind == live::ItemChange::Kind::kPatch) {
      const auto row = view_.find(change.id);
      if (!row || !change.json.is_object()) {
        if (!change.json.is_object())
          return http::write_error(response_, 400, "invalid_input", "a change is a JSON object",
                                   "body");
        return http::write_error(response_, 404, "not_found",
                                 fmt::format("there is no item \"{}\"", change.id.substr(0, 64)),
                                 "id");
      }
      whole = live::item_to_json(record_of(view_, *row));
      whole.merge_patch(change.json);
    }
    live::ItemRecord ignored;
    const live::Bounds bounds = change.kind == live::ItemChange::Kind::kPatch
                                    ? live::Bounds::kStored
                                    : live::Bounds::kRequest;
    if (const auto wrong = live::read_item(whole, change.id, bounds, ignored); wrong)
      return http::write_error(
          response_, 400, "invalid_input",
          single ? wrong->message : fmt::format("item {}: {}", i + 1, wrong->message),
          wrong->parameter);
  }
  const auto changed = api_.control_.change_items(changes);
  if (!changed && changed.error().code == ErrorCode::kNotFound)
    return http::write_error(response_, 404, "not_found", changed.error().message,
                             single ? "id" : "remove");
  if (!changed) return fail(changed.error());
  response_.status = !changed->live ? 202 : single && changed->created[0] != 0 ? 201 : 200;
  std::string& out = response_.body;
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

}  // namespace sparrow::api
