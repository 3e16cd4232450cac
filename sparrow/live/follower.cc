#include "sparrow/live/follower.h"

#include <optional>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/model/model_folder.h"

namespace sparrow::live {
namespace {

// HOME/served/NAME.txt names the version; the model is under HOME/models or HOME/served.
std::filesystem::path note_of(const Home& home, const std::string& name) {
  return home.served() / (name + ".txt");
}

Result<model::Model> read_kept(const Home& home, const std::string& name,
                               const std::string& version) {
  auto kept = model::read_model(home.served() / name / version);
  if (kept) return kept;
  return model::read_model(home.models() / name / version);
}

// Empty where neither folder has the version.
std::filesystem::path folder_of(const Home& home, const std::string& name,
                                const std::string& version) {
  std::error_code code;
  for (const auto& root : {home.served(), home.models()}) {
    if (std::filesystem::exists(root / name / version, code)) return root / name / version;
  }
  return {};
}

// Of this machine's disk, where that has this content.
std::optional<model::Model> read_same(const Home& home, const std::string& name,
                                      const std::string& version, const std::string& hash) {
  const auto folder = folder_of(home, name, version);
  if (folder.empty()) return std::nullopt;
  const std::string recorded = model::recorded_hash(folder);
  if (!recorded.empty() && recorded != hash) return std::nullopt;
  auto kept = model::read_model(folder);
  if (!kept || (recorded.empty() && model::content_hash(*kept) != hash)) return std::nullopt;
  return std::move(*kept);
}

// A published version: from this machine's disk where that has the same content, without a look-up
// of each vector, else from the store.
Result<Published> read_published(const Home& home, const store::ModelStore& models,
                                 const std::string& name, const std::string& version) {
  const auto hash = models.hash_of(name, version);
  if (!hash) return hash.error();
  if (auto kept = read_same(home, name, version, *hash))
    return Published{std::move(*kept), *hash, true};
  auto loaded = models.load(name, version);
  if (!loaded) return loaded.error();
  return Published{std::move(*loaded), *hash, false};
}

FirstLook look_first(const Home& home, const std::string& store_uri) {
  FirstLook found;
  auto opened = store::open_store(store_uri, store::OpenMode::kReadOnly);
  if (!opened) {
    found.problem = opened.error();
    return found;
  }
  found.store = std::move(*opened);
  const store::ModelStore models(*found.store);
  const auto names = models.names();
  for (const auto& name : names ? *names : std::vector<std::string>()) {
    const auto version = models.promoted(name);
    if (!version || !*version) continue;
    if (auto published = read_published(home, models, name, **version))
      found.promoted.emplace(name, std::move(*published));
  }
  return found;
}

}  // namespace

std::future<FirstLook> begin_first_look(Home home, std::string store_uri) {
  return std::async(std::launch::async, [home = std::move(home), uri = std::move(store_uri)] {
    return look_first(home, uri);
  });
}

void Follower::follow() {
  std::string problem;
  if (auto followed = follow_all(problem); !followed) {
    problem = followed.error().message;
    store_.reset();  // opened anew at the next look
  }
  if (problem != problem_) options_.say(problem.empty() ? "recovered" : "degraded: " + problem);
  problem_ = problem;
  state_.set_degraded(problem);
}

Result<void> Follower::follow_all(std::string& problem) {
  if (options_.first.valid()) {
    FirstLook found = options_.first.get();
    if (found.problem) return *found.problem;  // no need to wait for it a second time
    store_ = std::move(found.store);
    ahead_ = std::move(found.promoted);
  }
  if (store_ == nullptr) {
    auto opened = store::open_store(options_.store_uri, store::OpenMode::kReadOnly);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
  }
  const store::ModelStore models(*store_);
  auto names = models.names();
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (auto done = follow_one(name, problem); !done) return done;
  }
  // A store that was emptied or replaced under the server.
  for (const auto& name : from_store_) {
    const auto promoted = models.promoted(name);
    if (!promoted) return promoted.error();
    if (!*promoted)
      problem = fmt::format("{} has no promoted version of {} any more; {} stays", store_->uri(),
                            name, served_[name]);
  }
  return {};
}

Result<void> Follower::follow_one(const std::string& name, std::string& problem) {
  constexpr std::chrono::seconds kTryAgain{10};
  const store::ModelStore models(*store_);
  auto version = models.promoted(name);
  if (!version) return version.error();
  if (!*version || served_[name] == **version) return {};
  const auto now = std::chrono::steady_clock::now();
  const auto refused = refused_.find(name);
  if (refused != refused_.end() && refused->second.version == **version &&
      now - refused->second.at < kTryAgain) {
    problem = refused->second.why;
    return {};
  }
  const auto ahead = ahead_.extract(name);
  auto published = ahead && ahead.mapped().model.manifest.version == **version
                       ? Result<Published>(std::move(ahead.mapped()))
                       : read_published(options_.home, models, name, **version);
  if (!published && published.error().code == ErrorCode::kUnavailable) return published.error();
  auto* const model = published ? &published->model : nullptr;
  if (model != nullptr && options_.of_newer_data && options_.of_newer_data(model->manifest)) {
    left_ = Left{name, **version};
    if (refused != refused_.end() && refused->second.version == **version)
      problem = refused->second.why;  // until the next follower is there
    return {};
  }
  const auto written = model != nullptr ? write(*model) : Result<void>(published.error());
  // What came from the store is mapped from now on, as what was here is.
  if (written && !published->mapped) {
    if (auto kept = read_same(options_.home, name, **version, published->hash))
      *model = std::move(*kept);
  }
  const auto served =
      model != nullptr ? serve(name, std::move(*model), "") : Result<void>(published.error());
  if (!served) {
    problem = fmt::format("{}; {} stays", served.error().message,
                          served_[name].empty() ? "nothing" : served_[name]);
    refused_[name] = {**version, problem, now};
    return {};
  }
  refused_.erase(name);
  from_store_.insert(name);
  if (written)
    keep(name, **version);
  else
    options_.say(fmt::format("not kept on disk: {}", written.error().message));
  return {};
}

Result<void> Follower::serve(const std::string& name, model::Model model, const char* from) {
  const std::string version = model.manifest.version;
  auto served = catalog_.serve(std::move(model));
  if (!served) return served.error();
  if (!served->empty()) options_.say(fmt::format("degraded: {}: {}", name, *served));
  served_[name] = version;
  options_.say(fmt::format("{} {}{}", name, version, from));
  return {};
}

Result<void> Follower::write(const model::Model& model) {
  const Home& home = options_.home;
  std::error_code ignored;
  if (std::filesystem::exists(home.models() / model.manifest.name / model.manifest.version,
                              ignored))
    return {};
  auto written = model::write_model(model, home.served());
  if (!written && written.error().code != ErrorCode::kConflict) return written.error();
  return {};
}

// A home that cannot be written is said, and costs nothing else.
void Follower::keep(const std::string& name, const std::string& version) {
  const Home& home = options_.home;
  std::error_code ignored;
  std::filesystem::create_directories(home.served(), ignored);
  if (auto noted = write_file_atomically(note_of(home, name), version); !noted) {
    options_.say(fmt::format("not kept on disk: {}", noted.error().message));
    return;
  }
  for (const auto& old : model::list_versions(home.served(), name)) {
    if (old != version) std::filesystem::remove_all(home.served() / name / old, ignored);
  }
}

void Follower::use_disk(const std::string& name) {
  const Home& home = options_.home;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(home.served(), ignored)) {
    if (entry.path().extension() != ".txt" || served_.contains(entry.path().stem().string()))
      continue;
    const std::string kept = entry.path().stem().string();
    const auto version = read_file(entry.path());
    if (!version) continue;
    auto model = read_kept(home, kept, *version);
    if (model) (void)serve(kept, std::move(*model), " as served last, from disk");
  }
  if (served_.contains(name)) return;
  const auto versions = model::list_versions(home.models(), name);
  if (versions.empty()) return;
  auto model = model::read_model(home.models() / name / versions.back());
  if (model) (void)serve(name, std::move(*model), " as trained here, from disk");
}

void Follower::put_off(const std::string& why) {
  if (!left_) return;
  refused_[left_->name] = {left_->version, why, std::chrono::steady_clock::now()};
  left_.reset();
  follow();
}

void Follower::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Follower::run(std::chrono::milliseconds poll, const std::atomic<bool>& stop) {
  constexpr std::chrono::milliseconds kLook{50};  // for the signal that ends the program
  auto next = std::chrono::steady_clock::now() + poll;
  while (!stop.load()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kLook, [this] { return woken_; });
      if (!woken_ && std::chrono::steady_clock::now() < next) continue;
      woken_ = false;
    }
    if (options_.before_each) options_.before_each();
    follow();
    if (left_) return;
    next = std::chrono::steady_clock::now() + poll;
  }
}

}  // namespace sparrow::live
