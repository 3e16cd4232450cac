// Real redis-server processes for tests: on free loopback ports, with their own folders, gone at
// the end of the test.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sparrow::store {

// False when redis-server is not installed; tests then skip with this message.
bool redis_is_installed();
inline constexpr const char* kNoRedis =
    "redis-server is not installed: source tools/setup.sh, install_packages redis-server";

// A fresh, empty folder in the temporary folder.
std::filesystem::path fresh_folder(const std::string& name);

class RedisProcess {
 public:
  // `settings` are redis.conf lines. Start servers on the main thread: they go when the thread that
  // started them goes, so that a test that dies leaves none behind.
  explicit RedisProcess(std::vector<std::string> settings = {}, bool sentinel = false);
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  void start();  // waits until it answers
  void kill();   // SIGKILL
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string socket() const { return (folder_ / "socket").string(); }
  std::string log() const;
  // What redis-cli prints for a command.
  std::string cli(const std::string& command) const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> settings_;
  bool sentinel_;
  int port_ = 0;
  pid_t process_ = -1;
};

// Three masters with all slots between them.
class RedisClusterProcesses {
 public:
  RedisClusterProcesses();
  std::string uri() const;
  RedisProcess& node(std::size_t i) { return *nodes_[i]; }
  std::string id(std::size_t i) const;
  bool whole() const;

 private:
  std::vector<std::unique_ptr<RedisProcess>> nodes_;
};

}  // namespace sparrow::store
