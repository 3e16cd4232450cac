// Log: JSON lines to a file or stderr. Lines are queued and written by a thread of its own, so that
// a slow disk is never on the request path; when it falls too far behind, lines are dropped and
// counted. Text in a line is escaped by whoever makes it (json_text.h): nothing a client sends can
// end a line or add a member.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "sparrow/core/result.h"

namespace sparrow::http {

class Log {
 public:
  // "-": stderr. Opened for appending. Errors: kUnavailable naming the file.
  static Result<std::unique_ptr<Log>> open(const std::string& file);
  ~Log();  // writes what is queued

  // A whole line without its end.
  void add(std::string_view line);
  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  explicit Log(int fd) : fd_(fd) {}
  void run();
  static constexpr std::size_t kMaxQueued = std::size_t{8} << 20;

  int fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string queued_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace sparrow::http
