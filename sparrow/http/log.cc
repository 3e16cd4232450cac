#include "sparrow/http/log.h"

#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace sparrow::http {

Result<std::unique_ptr<Log>> Log::open(const std::string& file) {
  const int fd = file == "-"
                     ? ::dup(STDERR_FILENO)
                     : ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("--log: cannot open {}: {}", file, std::strerror(errno))};
  std::unique_ptr<Log> log(new Log(fd));
  log->thread_ = std::thread([&l = *log] { l.run(); });
  return log;
}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  ::close(fd_);
}

void Log::add(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (queued_.size() + line.size() + 1 > kMaxQueued) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  queued_ += line;
  queued_ += '\n';
}

void Log::run() {
  constexpr std::chrono::milliseconds kPause{100};
  std::string writing;
  bool last = false;
  while (!last) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kPause, [this] { return stopping_; });
      last = stopping_;
      writing.clear();
      writing.swap(queued_);
    }
    for (std::size_t begin = 0; begin < writing.size();) {
      const ssize_t done = ::write(fd_, writing.data() + begin, writing.size() - begin);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        break;
      }
      begin += static_cast<std::size_t>(done);
    }
  }
}

}  // namespace sparrow::http
