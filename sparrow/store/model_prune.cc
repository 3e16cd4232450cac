// ModelStore::prune(): takes versions away, and what publishers left that were killed.
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/store/model_layout.h"
#include "sparrow/store/model_store.h"

namespace sparrow::store {

// The manifest goes last, so that a pruner that was killed can be followed by another.
Result<void> ModelStore::remove_version(const std::string& name, const std::string& version,
                                        const nlohmann::json& manifest) {
  const VersionKeys keys(name, version);
  try {
    auto items = read_ids(store_, keys, manifest);
    std::vector<std::string> users;
    if (manifest.contains("features")) {
      auto lines = read_chunks(store_, keys.users(),
                               manifest.at("features").at("user_bytes").get<std::size_t>());
      if (lines) users = ids_of(*lines);
    }
    auto removed =
        for_each_key(keys, manifest, items ? *items : std::vector<std::string>(), users,
                     [&](std::span<const std::string> batch) { return store_.remove(batch); });
    if (!removed) return removed;
  } catch (const std::exception& error) {
    return corrupt_version(store_, name, version, error.what());
  }
  const std::vector<std::string> last{keys.manifest(), keys.draft()};
  return store_.remove(last);
}

Result<void> ModelStore::remove_abandoned(const std::string& name,
                                          std::chrono::seconds abandoned_after) {
  auto drafts = read_list(store_, drafts_key(name));
  if (!drafts) return drafts.error();
  for (const auto& version : *drafts) {
    const VersionKeys keys(name, version);
    auto draft = read_object(store_, keys.draft());
    if (!draft) return draft.error();
    auto manifest = read_object(store_, keys.manifest());
    if (!manifest) return manifest.error();
    if (!*manifest && *draft) {
      const auto began = (*draft)->find("began");
      const std::int64_t since =
          began != (*draft)->end() && began->is_number() ? began->get<std::int64_t>() : 0;
      if (unix_seconds() - since < abandoned_after.count()) continue;
      if (auto gone = remove_version(name, version, **draft); !gone) return gone;
    } else if (*manifest) {
      // Killed between the manifest and the list: it is whole.
      if (auto listed = add_to_list(store_, versions_key(name), version); !listed) return listed;
      const std::string key = keys.draft();
      if (auto gone = store_.remove(std::span(&key, 1)); !gone) return gone;
    }
    if (auto taken = take_from_list(store_, drafts_key(name), version); !taken) return taken;
    if (*draft || *manifest) continue;
    // A publisher may have written its draft since: then the name goes back.
    auto late = read_object(store_, keys.draft());
    if (!late) return late.error();
    if (!*late) continue;
    if (auto listed = add_to_list(store_, drafts_key(name), version); !listed) return listed;
  }
  return {};
}

Result<std::vector<std::string>> ModelStore::prune(const std::string& name, std::size_t keep,
                                                   std::chrono::seconds abandoned_after) {
  if (auto done = remove_abandoned(name, abandoned_after); !done) return done.error();
  auto versions = read_list(store_, versions_key(name));
  if (!versions) return versions.error();
  std::vector<std::string> doomed;
  // From here on nobody can promote or roll back to what is being removed.
  auto marked = update_pointer(store_, name, [&](Pointer& pointer) -> Result<void> {
    doomed = pointer.removing;
    for (std::size_t i = 0; i + keep < versions->size(); ++i) {
      const std::string& version = (*versions)[i];
      const bool needed = version == pointer.version ||
                          (!pointer.previous.empty() && pointer.previous.back() == version);
      if (!needed && std::find(doomed.begin(), doomed.end(), version) == doomed.end())
        doomed.push_back(version);
    }
    std::erase_if(pointer.previous, [&](const std::string& version) {
      return std::find(doomed.begin(), doomed.end(), version) != doomed.end();
    });
    pointer.removing = doomed;
    return {};
  });
  if (!marked) return marked.error();
  for (const auto& version : doomed) {
    if (auto taken = take_from_list(store_, versions_key(name), version); !taken)
      return taken.error();
    auto manifest = read_object(store_, VersionKeys(name, version).manifest());
    if (!manifest) return manifest.error();
    if (!*manifest) continue;
    if (auto gone = remove_version(name, version, **manifest); !gone) return gone.error();
  }
  auto cleared = update_pointer(store_, name, [&](Pointer& pointer) -> Result<void> {
    std::erase_if(pointer.removing, [&](const std::string& version) {
      return std::find(doomed.begin(), doomed.end(), version) != doomed.end();
    });
    return {};
  });
  if (!cleared) return cleared.error();
  return doomed;
}

}  // namespace sparrow::store
