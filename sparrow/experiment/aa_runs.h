// Self-test: many A/A experiments, in which nothing differs, over what the log's own units did. It
// shows whether assignment and tests keep their promise on these data.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "sparrow/core/progress.h"
#include "sparrow/experiment/observations.h"

namespace sparrow::experiment {

struct SelfTestOptions {
  std::size_t runs = 1000;
  double minimum_lift = 0.05;  // of the sequential test
  std::uint64_t seed = 1;
};

struct SelfTest {
  std::size_t runs = 0;
  std::size_t units = 0;
  std::int32_t days = 0;
  double fixed_rate = 0;       // share of runs with a fixed-horizon p of at most 0.05, at the end
  double peeking_rate = 0;     // with such a p on any day: why one must not peek with it
  double sequential_rate = 0;  // with a sequential p of at most 0.05 on any day
  double mismatch_rate = 0;    // with a split that is called a mismatch
  double smallest_lift = 0;    // mean over runs of 1.96 standard errors of the lift
};

// `rows` is one of the metrics of `observations`. Each run assigns all units by assign() under a
// salt of its own, half and half. O(runs · steps). Cancelled: what was run so far.
SelfTest self_test(const Observations& observations, const MetricRows& rows,
                   const SelfTestOptions& options, const RunControl& control);
nlohmann::json to_json(const SelfTest& test);

}  // namespace sparrow::experiment
