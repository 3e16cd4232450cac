#include "running.h"

#include <chrono>
#include <thread>
#include <utility>

namespace sparrow::python {
namespace nb = nanobind;

RunControl Watch::control() {
  RunControl control;
  control.cancelled = &cancelled_;
  control.progress = [this](const ProgressReport& report) {
    const std::lock_guard lock(mutex_);
    report_ = report;
    changed_.notify_one();
  };
  return control;
}

void Watch::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_one();
}

bool Watch::next(std::optional<ProgressReport>& report) {
  const nb::gil_scoped_release release;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(50),
                    [this] { return finished_ || report_.has_value(); });
  report = std::exchange(report_, std::nullopt);
  return !finished_;
}

void Watch::wait(const nb::object& progress) {
  bool goes_on = true;
  while (goes_on) {
    std::optional<ProgressReport> report;
    goes_on = next(report);
    if (raised_ != nullptr) continue;
    try {
      if (report && !progress.is_none())
        progress(report->stage, report->done, report->total, report->unit, report->loss);
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
    } catch (...) {
      raised_ = std::current_exception();
      cancelled_.store(true);
    }
  }
}

void Watch::rethrow() const {
  if (raised_ != nullptr) std::rethrow_exception(raised_);
}

void run_on_thread(const nb::object& progress, const std::function<void(const RunControl&)>& work) {
  Watch watch;
  const RunControl control = watch.control();
  std::exception_ptr thrown;
  std::thread worker([&] {
    try {
      work(control);
    } catch (...) {
      thrown = std::current_exception();
    }
    watch.finish();
  });
  watch.wait(progress);
  worker.join();
  watch.rethrow();
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

}  // namespace sparrow::python
