#include "sparrow/app/store_process.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace sparrow::app {
namespace {

// The environment without our own variables, and with what the child is to use instead.
std::vector<std::string> child_environment(const Context& context) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::string_view(*entry).substr(0, 8) != "SPARROW_") variables.emplace_back(*entry);
  }
  variables.push_back("SPARROW_HOME=" + context.home);
  variables.push_back("SPARROW_STORE=" + context.store());  // not an argument: may hold a password
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that a child writes, the last 64 KB of it.
std::string read_all(int fd) {
  constexpr std::size_t kMost = std::size_t{64} << 10;
  std::string text;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMost) text.erase(0, text.size() - kMost);
  }
}

Error error_of_child(const std::string& said, int status) {
  if (WIFSIGNALED(status))
    return {ErrorCode::kExhausted,
            fmt::format("the store could not be written: its library gave up (signal {}), as it "
                        "does when the disk is full. Free room and try again",
                        WTERMSIG(status))};
  // The last line is {"error":{"code":...,"message":...}}.
  const auto line = said.rfind("{\"error\"");
  const auto body =
      nlohmann::json::parse(line == std::string::npos ? "" : said.substr(line), nullptr, false);
  if (body.is_object()) {
    const auto& error = body["error"];
    const std::string code = error.value("code", "");
    for (const auto known : {ErrorCode::kInvalidInput, ErrorCode::kNotFound, ErrorCode::kConflict,
                             ErrorCode::kUnavailable, ErrorCode::kCorrupt, ErrorCode::kExhausted}) {
      if (code == error_code_name(known)) return {known, error.value("message", "")};
    }
  }
  const bool full = WEXITSTATUS(status) == error_exit_status(ErrorCode::kExhausted);
  return {
      full ? ErrorCode::kExhausted : ErrorCode::kUnavailable,
      fmt::format("the store could not be changed: {:.500}", said.empty() ? "no reason" : said)};
}

}  // namespace

bool needs_own_process(const Context& context) { return context.store().starts_with("rocksdb:"); }

Result<void> run_sparrow(const Context& context, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"sparrow", "--json", "--quiet"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto variables = child_environment(context);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return Error{ErrorCode::kUnavailable, fmt::format("no pipe: {}", std::strerror(errno))};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  pid_t child = 0;
  const auto argv = pointers_to(words);
  const auto envp = pointers_to(variables);
  const int failed =
      ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  const std::string said = failed == 0 ? read_all(ends[0]) : "";
  ::close(ends[0]);
  if (failed != 0)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("the process that changes the store cannot be started: {}",
                             std::strerror(failed))};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return error_of_child(said, status);
}

}  // namespace sparrow::app
