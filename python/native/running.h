// run(): long work of the engine, called from Python. The GIL is released, Ctrl-C ends it, and
// progress goes to a Python callable on the thread that called.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>

#include <nanobind/nanobind.h>

#include "sparrow/core/progress.h"

namespace sparrow::python {

// What the worker says and the caller waits for.
class Watch {
 public:
  RunControl control();
  void finish();
  // Until finish(); calls `progress` (None, or called with stage, done, total, unit, loss) and
  // looks for signals about twenty times a second. Needs the GIL, which is released in between.
  // Whatever Python raises is kept for rethrow(), and the work is cancelled.
  void wait(const nanobind::object& progress);
  void rethrow() const;

 private:
  bool next(std::optional<ProgressReport>& report);  // whether the work goes on

  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<ProgressReport> report_;
  bool finished_ = false;
  std::exception_ptr raised_;
};

// Starts `work` on a thread of its own and joins it.
void run_on_thread(const nanobind::object& progress,
                   const std::function<void(const RunControl&)>& work);

// work(RunControl) -> T, without Python objects. Throws what the work threw, or what Python raised.
template <typename Work>
auto run(const nanobind::object& progress, const Work& work) {
  using T = std::invoke_result_t<Work, const RunControl&>;
  if constexpr (std::is_void_v<T>) {
    run_on_thread(progress, [&](const RunControl& control) { work(control); });
  } else {
    std::optional<T> result;
    run_on_thread(progress, [&](const RunControl& control) { result.emplace(work(control)); });
    return std::move(*result);
  }
}

}  // namespace sparrow::python
