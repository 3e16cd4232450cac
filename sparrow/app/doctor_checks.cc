#include "sparrow/app/doctor_checks.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sparrow/app/home_care.h"
#include "sparrow/core/sealed_lines.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/model_folder.h"

namespace sparrow::app {
namespace {

namespace fs = std::filesystem;

constexpr double kMega = 1e6;

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code code;
  for (fs::recursive_directory_iterator at(folder, code), end; at != end; at.increment(code)) {
    if (code) break;
    const auto size = at->is_regular_file(code) ? at->file_size(code) : 0;
    if (!code) bytes += size;
  }
  return bytes;
}

// Bytes that processes here may still take: of the machine, and of the control group.
std::uint64_t available_memory() {
  std::uint64_t available = 0;
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key, unit; meminfo >> key;) {
    std::uint64_t value = 0;
    if (!(meminfo >> value)) break;
    std::getline(meminfo, unit);
    if (key == "MemAvailable:") available = value * 1024;
  }
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
  std::ifstream max("/sys/fs/cgroup/memory.max");
  std::ifstream current("/sys/fs/cgroup/memory.current");
  if (max >> limit && current >> used && limit > used)
    available = std::min(available, limit - used);
  return available;
}

std::string time_text(fs::file_time_type time) {
  const auto age =
      std::chrono::duration_cast<std::chrono::hours>(fs::file_time_type::clock::now() - time);
  return age.count() < 48 ? fmt::format("{} hours old", age.count())
                          : fmt::format("{} days old", age.count() / 24);
}

// Why a TCP port cannot be taken; empty when it can.
std::string port_problem(const std::string& host, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string problem;
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    problem = "";  // a name or an IPv6 address: `serve` will say
  } else {
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(fd, generic, sizeof address) != 0 || ::listen(fd, 1) != 0)
      problem = std::strerror(errno);
  }
  ::close(fd);
  return problem;
}

void check_version(const store::ModelStore& models, const std::string& name,
                   const std::string& data_hash, Findings& findings) {
  const auto promoted = models.promoted(name);
  if (!promoted || !*promoted) {
    findings.push_back({Health::kNotice, "store",
                        promoted ? fmt::format("model {} has no promoted version", name)
                                 : promoted.error().message,
                        "`sparrow promote --help`"});
    return;
  }
  const auto model = models.load(name, **promoted);
  if (!model) {
    findings.push_back({Health::kFault, "store", model.error().message,
                        "publish it again (`sparrow publish --promote`), or `sparrow rollback`"});
    return;
  }
  findings.push_back({Health::kGood, "store",
                      fmt::format("{} {} is promoted, {} items, every checksum compared", name,
                                  **promoted, model->items.size()),
                      ""});
  if (!data_hash.empty() && model->manifest.data_hash != data_hash)
    findings.push_back({Health::kNotice, "store",
                        fmt::format("{} was trained on other data than are prepared now", name),
                        "`sparrow build` trains and publishes anew"});
}

}  // namespace

void check_machine(const Context& context, const ServeArguments& serve, Findings& findings) {
  findings.push_back({Health::kGood, "machine",
                      fmt::format("{} cores, instruction set {}",
                                  std::thread::hardware_concurrency(), simd::active_target()),
                      ""});
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::size_t needed = serve.server.max_connections + 64;
  if (files.rlim_cur < needed)
    findings.push_back({Health::kNotice, "machine",
                        fmt::format("{} files may be open, {} connections are allowed",
                                    files.rlim_cur, serve.server.max_connections),
                        fmt::format("`ulimit -n {}` (LimitNOFILE= in a systemd unit), or a smaller "
                                    "--max-connections",
                                    needed)});
  std::error_code code;
  const fs::path there = fs::exists(context.paths().root, code) ? context.paths().root : ".";
  const auto space = fs::space(there, code);
  const std::uint64_t home = folder_bytes(context.paths().root);
  const bool tight = !code && space.available < std::max<std::uint64_t>(home, 200'000'000);
  findings.push_back(
      {tight ? Health::kFault : Health::kGood, "disk",
       fmt::format("{:.0f} MB free, the home takes {:.0f} MB",
                   static_cast<double>(space.available) / kMega, static_cast<double>(home) / kMega),
       tight ? "free room: training and publishing write a second copy; `sparrow "
               "prune` removes old versions"
             : ""});
}

void check_clock(const Context& context, Findings& findings) {
  const auto now = fs::file_time_type::clock::now();
  fs::file_time_type newest{fs::file_time_type::min()};
  std::error_code code;
  for (const char* name : {"prepared/dataset.json", "judgements.jsonl", "feedback.jsonl"}) {
    const auto time = fs::last_write_time(context.paths().root / name, code);
    if (!code) newest = std::max(newest, time);
  }
  const auto year = std::chrono::year_month_day(
                        std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()))
                        .year();
  constexpr int kWritten = 2026;
  if (newest > now + std::chrono::minutes(5) || static_cast<int>(year) < kWritten)
    findings.push_back({Health::kFault, "clock",
                        static_cast<int>(year) < kWritten
                            ? fmt::format("says it is {}", static_cast<int>(year))
                            : "files of the home are of the future",
                        "set it (`timedatectl`): versions and journals are ordered by time"});
  else
    findings.push_back({Health::kGood, "clock", "not before any file of the home", ""});
}

void check_home_folder(const Context& context, Findings& findings) {
  const fs::path root = context.paths().root;
  struct stat info {};
  if (::stat(root.c_str(), &info) != 0) {
    findings.push_back({Health::kFault, "home", fmt::format("{} is not there", root.string()),
                        "`sparrow build --data DIR` makes it, --home or SPARROW_HOME names "
                        "another"});
    return;
  }
  if (::access(root.c_str(), W_OK | X_OK) != 0)
    findings.push_back(
        {Health::kFault, "home",
         fmt::format("{} cannot be written by user {}", root.string(), ::geteuid()),
         fmt::format("it belongs to user {}: run as that user, or `chown`", info.st_uid)});
  else
    findings.push_back({Health::kGood, "home", fs::absolute(root).lexically_normal().string(), ""});
  if ((info.st_mode & S_IWOTH) != 0)
    findings.push_back({Health::kFault, "home", "anyone on this machine can write to it",
                        fmt::format("chmod o-w {}", root.string())});
  const auto left = find_leftovers(context.paths());
  if (!left.empty())
    findings.push_back({Health::kNotice, "home",
                        fmt::format("{} temporary files of processes that ended, such as {}",
                                    left.size(), left.front().string()),
                        "the next `sparrow serve` removes them"});
}

void check_data(const Context& context, Findings& findings) {
  const auto dataset = load_prepared(context);
  if (!dataset) {
    findings.push_back({Health::kFault, "data", dataset.error().message,
                        "`sparrow build --data DIR` reads data, trains a model and puts it live"});
    return;
  }
  const data::DatasetInfo& info = (*dataset)->info;
  std::error_code code;
  const auto time = fs::last_write_time(context.paths().prepared() / "dataset.json", code);
  findings.push_back(
      {info.simulated ? Health::kNotice : Health::kGood, "data",
       fmt::format("{}: {} items, {} users, {} interactions, {}{}", info.name, info.items,
                   info.users, info.interactions, time_text(time),
                   info.simulated ? ", SIMULATED viewers" : ""),
       info.simulated ? "fine for a look; `sparrow build --data DIR` for real data" : ""});
}

void check_models(const Context& context, Findings& findings) {
  auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
  if (!store) {
    findings.push_back({Health::kFault, "store", store.error().message,
                        "`sparrow publish --promote` fills it; --store names another"});
    return;
  }
  const store::ModelStore models(**store);
  const auto names = models.names();
  if (!names || names->empty()) {
    findings.push_back({Health::kFault, "store", names ? "holds no model" : names.error().message,
                        "`sparrow publish --promote`"});
    return;
  }
  const auto dataset = load_prepared(context);
  for (const auto& name : *names)
    check_version(models, name, dataset ? (*dataset)->info.hash : "", findings);
}

void check_memory(const Context& context, Findings& findings) {
  // Estimates; what training really takes is said when it begins (embed::TrainOptions and the
  // method table).
  constexpr std::uint64_t kProgram = 40'000'000;
  constexpr std::uint64_t kPerModelByte = 4;
  constexpr std::uint64_t kPerCatalogueByte = 4;
  constexpr std::uint64_t kPerJournalByte = 8;
  std::uint64_t models = 0;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(context.paths().models(), code)) {
    const auto versions = model::list_versions(context.paths().models(), entry.path().filename());
    if (!versions.empty()) models += folder_bytes(entry.path() / versions.back());
  }
  const auto catalogue = fs::file_size(context.paths().prepared() / "catalog.jsonl", code);
  const std::uint64_t catalogue_bytes = code ? 0 : catalogue;
  std::uint64_t journals = 0;
  for (const auto& entry : fs::directory_iterator(context.paths().root, code)) {
    if (entry.path().extension() == ".jsonl") journals += entry.file_size(code);
  }
  const std::uint64_t forecast = kProgram + kPerModelByte * models +
                                 kPerCatalogueByte * catalogue_bytes + kPerJournalByte * journals;
  const std::uint64_t available = available_memory();
  const bool short_of = forecast > available;
  findings.push_back(
      {short_of ? Health::kFault : Health::kGood, "memory",
       fmt::format("{:.0f} MB available, serving takes about {:.0f} MB, half as "
                   "much again while a promotion is loaded",
                   static_cast<double>(available) / kMega, static_cast<double>(forecast) / kMega),
       short_of ? "a larger machine, fewer models (`sparrow prune`), or a higher "
                  "limit of the control group"
                : ""});
}

void check_journals(const Context& context, Findings& findings) {
  std::error_code code;
  std::size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(context.paths().root, code)) {
    if (entry.path().extension() != ".jsonl") continue;
    const std::string name = entry.path().filename().string();
    const auto read = read_sealed_lines(entry.path());
    if (!read) {
      findings.push_back({Health::kFault, "journals", read.error().message,
                          "make it readable, or move it away: nothing may be appended to it"});
      continue;
    }
    entries += read->objects.size();
    if (read->torn_bytes > 0)
      findings.push_back(
          {Health::kNotice, "journals",
           fmt::format("{} ends with {} bytes of an entry that was never acknowledged", name,
                       read->torn_bytes),
           "the next `sparrow serve` cuts them off"});
    if (read->skipped > 0)
      findings.push_back({Health::kFault, "journals",
                          fmt::format("{}: {} entries cannot be read, first {}", name,
                                      read->skipped, read->first_skipped),
                          "take the file from a backup (`sparrow restore`), or leave it: they are "
                          "skipped"});
  }
  findings.push_back({Health::kGood, "journals", fmt::format("{} entries are whole", entries), ""});
}

void check_network(const Context& context, const ServeArguments& serve, Findings& findings) {
  std::string notice;
  const auto lock = lock_home(context.paths(), notice);
  const std::string problem = port_problem(serve.server.address, serve.server.port);
  const std::string where = fmt::format("{}:{}", serve.server.address, serve.server.port);
  if (problem.empty())
    findings.push_back({Health::kGood, "port", where + " is free", ""});
  else if (!lock)
    findings.push_back(
        {Health::kGood, "port", fmt::format("{} is taken; {}", where, lock.error().message), ""});
  else
    findings.push_back({Health::kFault, "port", fmt::format("{}: {}", where, problem),
                        "another program has it: stop it, or `sparrow serve --port N`"});
  const bool local = serve.server.address.starts_with("127.") || serve.server.address == "::1";
  if (!local && serve.tokens.empty())
    findings.push_back({Health::kNotice, "access",
                        "the server listens to other machines, and no token is set",
                        "SPARROW_TOKENS=editor:SECRET,admin:SECRET; docs/security.md"});
}

}  // namespace sparrow::app
