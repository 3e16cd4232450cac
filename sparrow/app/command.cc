#include "sparrow/app/command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sparrow/model/model_folder.h"

namespace sparrow::app {

std::atomic<bool> interrupted{false};
std::atomic<int> stopped_status{0};

namespace {

using Clock = std::chrono::steady_clock;

// One bar at a time, redrawn at most five times a second.
struct Bar {
  std::mutex mutex;
  std::string stage;
  Clock::time_point started;
  Clock::time_point drawn;
  bool open = false;
};

Bar& bar() {
  static Bar instance;
  return instance;
}

void draw(Bar& b, const ProgressReport& r, double seconds) {
  constexpr int kWidth = 24;
  const double share =
      r.total == 0 ? 0 : std::min(1.0, static_cast<double>(r.done) / static_cast<double>(r.total));
  const int filled = static_cast<int>(share * kWidth);
  const double rate = seconds > 0 ? static_cast<double>(r.done) / seconds : 0;
  const double left =
      rate > 0 ? static_cast<double>(r.total - std::min(r.done, r.total)) / rate : 0;
  std::string line = fmt::format("\r{:<22} [{}{}] {:3.0f} %  {:.3g} {}/s", r.stage,
                                 std::string(static_cast<std::size_t>(filled), '#'),
                                 std::string(static_cast<std::size_t>(kWidth - filled), '.'),
                                 100 * share, rate, r.unit);
  if (r.loss > 0) line += fmt::format("  loss {:.4f}", r.loss);
  line += fmt::format("  {:.0f} s left ", left);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  b.open = true;
}

}  // namespace

void finish_progress() {
  Bar& b = bar();
  const std::lock_guard lock(b.mutex);
  if (b.open) std::fputs("\r\033[K", stderr);
  b.open = false;
  b.stage.clear();
}

RunControl run_control(const Context& context) {
  RunControl control;
  control.cancelled = &interrupted;
  if (context.quiet || ::isatty(STDERR_FILENO) == 0) return control;
  control.progress = [](const ProgressReport& r) {
    Bar& b = bar();
    const std::lock_guard lock(b.mutex);
    const auto now = Clock::now();
    if (r.stage != b.stage) {
      b.stage = r.stage;
      b.started = now;
      b.drawn = {};
    }
    if (now - b.drawn < std::chrono::milliseconds(200) && r.done < r.total) return;
    b.drawn = now;
    draw(b, r, std::chrono::duration<double>(now - b.started).count());
  };
  return control;
}

std::string shown_uri(std::string uri) {
  const auto scheme = uri.find("://");
  if (scheme == std::string::npos) return uri;
  const auto at = uri.rfind('@');
  const auto begin = scheme + 3;
  if (at == std::string::npos || at < begin) return uri;
  const auto colon = uri.find(':', begin);
  if (colon < at) uri.replace(colon + 1, at - colon - 1, "***");
  return uri;
}

std::string since(Clock::time_point start) {
  return fmt::format("{:.2f} s", std::chrono::duration<double>(Clock::now() - start).count());
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

Result<std::shared_ptr<const data::Dataset>> load_prepared(const Context& context) {
  auto dataset = data::load_dataset(context.paths().prepared());
  if (!dataset) return dataset.error();
  return std::make_shared<const data::Dataset>(std::move(*dataset));
}

Result<model::Model> find_model(const Context& context, const std::string& reference) {
  if (std::filesystem::is_directory(reference)) return model::read_model(reference);
  const auto at = reference.find('@');
  const std::string name = reference.substr(0, at);
  std::string version = at == std::string::npos ? "" : reference.substr(at + 1);
  if (std::filesystem::exists(context.paths().default_store()) || !context.store_uri.empty()) {
    auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
    if (!store) return store.error();
    const store::ModelStore models(**store);
    if (version.empty()) {
      auto promoted = models.promoted(name);
      if (!promoted) return promoted.error();
      if (*promoted) version = **promoted;
    }
    if (!version.empty()) {
      auto loaded = models.load(name, version);
      if (loaded || loaded.error().code != ErrorCode::kNotFound) return loaded;
    }
  }
  const auto versions = model::list_versions(context.paths().models(), name);
  if (version.empty() && !versions.empty()) version = versions.back();
  if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
    return Error{
        ErrorCode::kNotFound,
        fmt::format("no model \"{}\" in {}; `sparrow models` lists them, `sparrow train` makes one",
                    reference, context.home)};
  }
  return model::read_model(context.paths().models() / name / version);
}

Result<std::shared_ptr<const live::ServedModel>> load_served(
    const Context& context, std::shared_ptr<const data::Dataset> dataset, const std::string& name,
    const std::string& version) {
  auto loaded = find_model(context, version.empty() ? name : name + "@" + version);
  if (!loaded) return loaded.error();
  return live::open_served(std::move(dataset), std::move(*loaded));
}

}  // namespace sparrow::app
