#include "sparrow/store/redis_processes_test.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sparrow::store {
namespace {

namespace fs = std::filesystem;

bool is_free(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return free;
}

// A cluster node also takes its port + 10000, so ports stay below 30000; processes of one test run
// begin at different places.
int free_port() {
  static std::atomic<int> next{11000 + ::getpid() * 7 % 10000};
  for (int tries = 0; tries < 20000; ++tries) {
    const int port = 11000 + (next++ - 11000) % 11000;
    if (is_free(port) && is_free(port + 10000)) return port;
  }
  return 0;
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), n);
  ::pclose(pipe);
  return text;
}

}  // namespace

bool redis_is_installed() {
  static const bool installed = std::system("command -v redis-server redis-cli >/dev/null") == 0;
  return installed;
}

fs::path fresh_folder(const std::string& name) {
  static std::atomic<int> counter{0};
  const auto path =
      fs::temp_directory_path() / ("sparrow-store-" + name + "-" + std::to_string(::getpid()) +
                                   "-" + std::to_string(counter++));
  fs::remove_all(path);
  return path;
}

RedisProcess::RedisProcess(std::vector<std::string> settings, bool sentinel)
    : folder_(fresh_folder("redis")), settings_(std::move(settings)), sentinel_(sentinel) {
  fs::create_directories(folder_);
  port_ = free_port();
  start();
}

RedisProcess::~RedisProcess() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void RedisProcess::start() {
  const auto file = folder_ / "redis.conf";
  if (!fs::exists(file)) {
    std::ofstream conf(file);
    conf << "port " << port_ << "\nbind 127.0.0.1\ndir " << folder_.string() << "\nlogfile "
         << (folder_ / "log").string() << "\n";
    if (!sentinel_) conf << "save \"\"\nunixsocket " << socket() << "\n";
    for (const auto& line : settings_) conf << line << "\n";
  }
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies takes its servers along
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    if (sentinel_)
      ::execlp("redis-server", "redis-server", file.c_str(), "--sentinel", nullptr);
    else
      ::execlp("redis-server", "redis-server", file.c_str(), nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 500; ++i) {
    const auto answer = output_of("redis-cli -p " + std::to_string(port_) + " ping 2>&1");
    if (answer.starts_with("PONG") || answer.starts_with("NOAUTH")) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "redis-server did not start: " << log();
}

void RedisProcess::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string RedisProcess::log() const {
  std::ifstream file(folder_ / "log");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string RedisProcess::cli(const std::string& command) const {
  return output_of("redis-cli -p " + std::to_string(port_) + " " + command + " 2>&1");
}

RedisClusterProcesses::RedisClusterProcesses() {
  constexpr int kNodes = 3;
  for (int i = 0; i < kNodes; ++i) {
    nodes_.push_back(std::make_unique<RedisProcess>(std::vector<std::string>{
        "cluster-enabled yes", "cluster-node-timeout 2000", "cluster-config-file nodes.conf"}));
  }
  std::string create = "redis-cli --cluster create";
  for (const auto& node : nodes_) create += " " + node->address();
  const auto said = output_of(create + " --cluster-yes 2>&1");
  for (int i = 0; i < 500 && !whole(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(whole()) << said;
}

bool RedisClusterProcesses::whole() const {
  for (const auto& node : nodes_) {
    const auto info = node->cli("cluster info");
    if (info.find("cluster_state:ok") == std::string::npos ||
        info.find("cluster_slots_ok:16384") == std::string::npos)
      return false;
  }
  return true;
}

std::string RedisClusterProcesses::uri() const {
  return "redis+cluster://" + nodes_[0]->address() + "," + nodes_[1]->address();
}

std::string RedisClusterProcesses::id(std::size_t i) const {
  auto id = nodes_[i]->cli("cluster myid");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace sparrow::store
