#include "sparrow/app/model_control.h"

#include "sparrow/app/store_process.h"
#include "sparrow/store/model_store.h"

namespace sparrow::app {

api::ModelControl model_control(const Context& context, ChangeItems change_items) {
  const auto writing = [context](const auto& act) {
    auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
    using Answer = decltype(act(std::declval<store::ModelStore&>()));
    if (!store) return Answer(store.error());
    store::ModelStore models(**store);
    return act(models);
  };
  api::ModelControl control;
  control.versions = [context]() -> Result<std::vector<nlohmann::json>> {
    auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
    if (!store) return store.error();
    const store::ModelStore models(**store);
    const auto names = models.names();
    if (!names) return names.error();
    std::vector<nlohmann::json> all;
    for (const auto& name : *names) {
      const auto versions = models.list(name);
      if (!versions) return versions.error();
      const auto before = models.before_promoted(name);
      for (const auto& version : *versions) {
        all.push_back(model::to_json(version.manifest));
        all.back()["promoted"] = version.promoted;
        all.back()["bytes"] = version.bytes;
        if (version.promoted)
          all.back()["rollback_to"] = before && *before ? nlohmann::json(**before) : nullptr;
      }
    }
    return all;
  };
  control.promote = [context, writing](const std::string& name, const std::string& version) {
    if (needs_own_process(context))
      return run_sparrow(context, {"promote", "--version=" + version, "--", name});
    return writing([&](store::ModelStore& models) { return models.promote(name, version); });
  };
  control.rollback = [context, writing](const std::string& name) -> Result<std::string> {
    if (needs_own_process(context)) {
      if (auto done = run_sparrow(context, {"rollback", "--", name}); !done) return done.error();
      auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
      if (!store) return store.error();
      auto now = store::ModelStore(**store).promoted(name);
      if (!now) return now.error();
      return now->value_or("");
    }
    return writing([&](store::ModelStore& models) { return models.rollback(name); });
  };
  control.load = [context](const std::string& name, const std::string& version) {
    return find_model(context, name + "@" + version);
  };
  control.change_items = std::move(change_items);
  return control;
}

}  // namespace sparrow::app
