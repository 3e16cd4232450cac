#include "sparrow/app/home_care.h"

#include <cerrno>
#include <csignal>
#include <regex>

#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/app/build_info.h"

namespace sparrow::app {
namespace {

namespace fs = std::filesystem;

fs::path mark_of(const Home& home) { return home.root / "home.json"; }
fs::path lock_of(const Home& home) { return home.root / "serve.lock"; }

// "NAME.PID.tmp", ".NAME.PID.7.tmp" and "prepared.PID.old" belong to the process PID.
std::optional<pid_t> owner_of(const std::string& name) {
  static const std::regex pattern(R"(\.([0-9]{1,9})(\.[0-9]+)?\.(tmp|old)$)");
  std::smatch match;
  if (!std::regex_search(name, match, pattern)) return std::nullopt;
  return static_cast<pid_t>(std::stol(match[1].str()));
}

bool is_gone(pid_t process) { return ::kill(process, 0) != 0 && errno == ESRCH; }

void find_in(const fs::path& folder, int depth, std::vector<fs::path>& found) {
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; at != end; at.increment(code)) {
    if (code) return;
    const auto owner = owner_of(at->path().filename().string());
    if (owner && is_gone(*owner))
      found.push_back(at->path());
    else if (!owner && depth > 0 && at->is_directory(code) && !at->is_symlink(code))
      find_in(at->path(), depth - 1, found);
  }
}

}  // namespace

Result<void> check_home(const Home& home) {
  const auto text = read_file(mark_of(home), 1 << 16);
  if (!text) return {};
  const auto mark = nlohmann::json::parse(*text, nullptr, false);
  const auto number = mark.is_object() ? mark.find("version") : mark.end();
  if (!mark.is_object() || number == mark.end() || !number->is_number_integer())
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{}: does not say which format the home has; `{{\"format\":"
                             "\"sparrow-home\",\"version\":{}}}` would",
                             mark_of(home).string(), kHomeFormat)};
  if (number->get<int>() <= kHomeFormat) return {};
  const auto by = mark.value("written_by", nlohmann::json("a newer one"));
  return Error{ErrorCode::kInvalidInput,
               fmt::format("{}: the home has format {}, written by Sparrow {}; this is Sparrow {}, "
                           "which knows formats up to {}. Use that Sparrow, or `sparrow restore` a "
                           "backup of before",
                           home.root.string(), number->get<int>(),
                           by.is_string() ? by.get<std::string>() : "of a newer version",
                           build_info().version, kHomeFormat)};
}

Result<void> mark_home(const Home& home) {
  std::error_code code;
  if (fs::exists(mark_of(home), code)) return {};
  fs::create_directories(home.root, code);
  const nlohmann::json mark = {
      {"format", "sparrow-home"}, {"version", kHomeFormat}, {"written_by", build_info().version}};
  return write_file_atomically(mark_of(home), mark.dump() + "\n");
}

Result<std::optional<FileLock>> lock_home(const Home& home, std::string& notice) {
  auto lock = FileLock::take(lock_of(home));
  if (lock) {
    lock->note(fmt::format("{}\n", ::getpid()));
    return std::optional<FileLock>(std::move(*lock));
  }
  if (lock.error().code == ErrorCode::kConflict) {
    auto holder = read_file(lock_of(home), 64);
    std::string process = holder ? *holder : "";
    while (!process.empty() && process.back() == '\n') process.pop_back();
    return Error{ErrorCode::kConflict,
                 fmt::format("{}: process {} serves this home already. Stop it first, or give this "
                             "one a home of its own (--home); servers side by side share a store, "
                             "not a home",
                             home.root.string(), process.empty() ? "?" : process)};
  }
  notice = fmt::format("not locked against a second server: {}", lock.error().message);
  return std::optional<FileLock>();
}

std::vector<fs::path> find_leftovers(const Home& home) {
  constexpr int kDepth = 2;  // HOME/models/NAME
  std::vector<fs::path> found;
  find_in(home.root, kDepth, found);
  return found;
}

std::vector<fs::path> remove_leftovers(const Home& home) {
  std::vector<fs::path> removed;
  std::error_code code;
  for (const fs::path& path : find_leftovers(home)) {
    const bool aside =
        path.extension() == ".old" && path.filename().string().starts_with("prepared.");
    if (aside && !fs::exists(home.prepared(), code)) {
      fs::rename(path, home.prepared(), code);
      continue;
    }
    fs::remove_all(path, code);
    if (!code) removed.push_back(path);
  }
  return removed;
}

}  // namespace sparrow::app
