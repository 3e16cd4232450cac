// Calls that change the catalogue at run time: one item, or many at a time.
#include <fmt/format.h>

#include "sparrow/serve/call.h"
#include "sparrow/serve/item_json.h"
#include "sparrow/serve/json_text.h"

namespace sparrow::serve {
namespace {

constexpr std::size_t kMaxChanges = 1000;

ItemRecord record_of(const CatalogView& view, Row row) {
  return {view.dataset->catalog[row], view.hidden(row) ? ItemState::kHidden : ItemState::kShown};
}

}  // namespace

// PUT, PATCH and DELETE of /api/v1/items/{id}
void Call::change_item(const std::string& id) {
  query_.allow_only({});
  if (failed() || !authorized(Role::kEditor)) return;
  ItemChange change{request_.method == "PUT"     ? ItemChange::Kind::kPut
                    : request_.method == "PATCH" ? ItemChange::Kind::kPatch
                                                 : ItemChange::Kind::kRemove,
                    id,
                    {}};
  if (change.kind != ItemChange::Kind::kRemove) {
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
  std::vector<ItemChange> changes;
  for (const char* name : {"items", "remove"}) {
    if (!object->is_object() || !object->contains(name)) continue;
    if (!(*object)[name].is_array())
      return write_error(response_, 400, "invalid_input",
                         fmt::format("\"{}\" must be a list", name), name);
    for (const auto& entry : (*object)[name]) {
      const bool remove = name[0] == 'r';
      const auto& id = remove                                      ? entry
                       : entry.is_object() && entry.contains("id") ? entry["id"]
                                                                   : entry;
      if (!id.is_string())
        return write_error(response_, 400, "invalid_input",
                           fmt::format("\"{}\": entry {} has no id", name, changes.size() + 1),
                           name);
      changes.push_back({remove ? ItemChange::Kind::kRemove : ItemChange::Kind::kPut,
                         id.get<std::string>(), remove ? nlohmann::json() : entry});
    }
  }
  if (changes.empty() || changes.size() > kMaxChanges)
    return write_error(
        response_, 400, "invalid_input",
        fmt::format("\"items\" and \"remove\" must hold 1 to {} entries together", kMaxChanges),
        "items");
  change_items(changes, false);
}

void Call::change_items(const std::vector<ItemChange>& changes, bool single) {
  if (!api_.control_.change_items)
    return write_error(response_, 503, "unavailable", "this server's catalogue cannot be changed");
  data::Schema schema = view_.dataset->catalog.schema();
  // Said here with the name of the member; what is kept is judged once more, in order.
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const ItemChange& change = changes[i];
    if (change.kind == ItemChange::Kind::kRemove) continue;
    nlohmann::json whole = change.json;
    if (change.kind == ItemChange::Kind::kPatch) {
      const auto row = view_.find(change.id);
      if (!row || !change.json.is_object()) {
        if (!change.json.is_object())
          return write_error(response_, 400, "invalid_input", "a change is a JSON object", "body");
        return write_error(response_, 404, "not_found",
                           fmt::format("there is no item \"{}\"", change.id.substr(0, 64)), "id");
      }
      whole = item_to_json(record_of(view_, *row), schema);
      whole.merge_patch(change.json);
    }
    ItemRecord ignored;
    const Bounds bounds =
        change.kind == ItemChange::Kind::kPatch ? Bounds::kStored : Bounds::kRequest;
    if (const auto wrong = read_item(whole, change.id, bounds, schema, ignored); wrong)
      return write_error(
          response_, 400, "invalid_input",
          single ? wrong->message : fmt::format("item {}: {}", i + 1, wrong->message),
          wrong->parameter);
  }
  const auto changed = api_.control_.change_items(changes);
  if (!changed && changed.error().code == ErrorCode::kNotFound)
    return write_error(response_, 404, "not_found", changed.error().message,
                       single ? "id" : "remove");
  if (!changed) return fail(changed.error());
  response_.status = !changed->live ? 202 : single && changed->created[0] != 0 ? 201 : 200;
  std::string& out = response_.body;
  const auto entry = [&](std::size_t i) {
    out += "{\"id\":";
    append_json(out, changes[i].id);
    fmt::format_to(std::back_inserter(out), ",\"state\":\"{}\",\"created\":{}",
                   item_state_name(changed->states[i]), changed->created[i] != 0);
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

}  // namespace sparrow::serve
