// Progress and cancellation, as the library sees them: it reports, `app` draws.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace sparrow {

struct ProgressReport {
  std::string stage;       // "train item2vec"
  std::uint64_t done = 0;  // of `total`, in `unit`
  std::uint64_t total = 0;
  std::string unit;  // "pairs", "MB"
  double loss = 0;   // mean over the last report, 0 where there is none
};

// Called from worker threads, at most a few times a second, one call at a time. May be empty.
using ProgressCallback = std::function<void(const ProgressReport&)>;

// Long work looks at `cancelled` often and ends early with an error.
struct RunControl {
  ProgressCallback progress;
  const std::atomic<bool>* cancelled = nullptr;

  bool is_cancelled() const {
    return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
  }
  void report(const ProgressReport& r) const {
    if (progress) progress(r);
  }
};

}  // namespace sparrow
