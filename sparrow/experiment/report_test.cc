// Reports: verdicts, columns, and what is corrected.
#include "sparrow/experiment/report.h"

#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/experiment/aa_runs.h"
#include "sparrow/experiment/memory_records.h"

namespace sparrow::experiment {
namespace {

// Users who see ten items a day and click on them at a rate of their own.
MemoryRecords clicks(std::size_t users, double lift, double share_lost = 0) {
  Random random(17);
  MemoryRecords written;
  const Experiment experiment = test_experiment({"click_through"});
  for (std::size_t i = 0; i < users; ++i) {
    const std::string user = fmt::format("user-{}", i);
    const Variant* variant = assign(experiment, user);
    const bool treated = variant == &experiment.variants[1];
    if (treated && random.uniform() < share_lost) continue;
    const std::int64_t met =
        kTestStart + static_cast<std::int64_t>(7.0 * random.uniform() * kDayMs);
    const double rate = (0.05 + 0.1 * random.uniform()) * (treated ? 1 + lift : 1);
    written.expose(user, variant->name, met);
    for (std::int64_t at = met - 7 * kDayMs; at < kTestStart + 10 * kDayMs; at += 2 * kDayMs) {
      for (int k = 0; k < 10; ++k) {
        written.act(user, "impression", at + 1);
        if (random.uniform() < (at < met ? rate / (treated ? 1 + lift : 1) : rate))
          written.act(user, "click", at + 2);
      }
    }
  }
  return written;
}

Report report_of(const MemoryRecords& written, const Experiment& experiment) {
  const auto observations = observe(written.records(), experiment, metrics_of(experiment),
                                    {.now_ms = kTestStart + 10 * kDayMs});
  EXPECT_TRUE(observations);
  return report(experiment, *observations);
}

Experiment usual() {
  Experiment experiment = test_experiment({"click_through", "return_rate"});
  experiment.guardrails = {*find_metric("rejections")};
  return experiment;
}

TEST(Report, FindsWhatIsThere) {
  const Report made = report_of(clicks(2000, 0.2), usual());
  EXPECT_EQ(made.verdict, Verdict::kBetter) << made.sentence;
  const VariantResult& result = made.metrics[0].variants[1];
  EXPECT_LT(result.comparison->lift_interval.low, 0.2);
  EXPECT_GT(result.comparison->lift_interval.high, 0.2);
  EXPECT_GE(result.p_adjusted, result.comparison->p);
  ASSERT_TRUE(result.sequential_interval);
  EXPECT_LT(result.sequential_interval->low, result.comparison->lift_interval.low);
  ASSERT_TRUE(made.metrics[0].variance_reduction);
  EXPECT_LT(result.cuped->lift_variance, result.comparison->lift_variance);
  EXPECT_EQ(made.segments.size(), 2U);
  ASSERT_EQ(made.metrics[0].series[1].size(), 10U);
  EXPECT_NEAR(*made.metrics[0].series[1].back().value, result.estimate->value, 1e-9);
  EXPECT_NEAR(*made.metrics[0].series[1].back().lift, *result.comparison->lift, 1e-9);
}

TEST(Report, SaysWhenNothingIsThere) {
  EXPECT_EQ(report_of(clicks(2000, 0), usual()).verdict, Verdict::kUndecided);
  EXPECT_EQ(report_of(clicks(2000, -0.3), usual()).verdict, Verdict::kWorse);
  EXPECT_EQ(report_of(clicks(50, 0), usual()).verdict, Verdict::kTooEarly);
  const Report none = report_of(MemoryRecords{}, usual());
  EXPECT_EQ(none.verdict, Verdict::kNoData);
  EXPECT_FALSE(report_text(none).empty());
}

TEST(Report, AMismatchComesFirst) {
  const Report made = report_of(clicks(3000, 0.2, 0.3), usual());
  EXPECT_EQ(made.verdict, Verdict::kMismatch);
  EXPECT_NE(made.sentence.find("may be trusted"), std::string::npos);
  EXPECT_TRUE(report_json(made)["split"]["mismatch"].get<bool>());
}

TEST(Report, AGuardrailThatGotWorseIsSaid) {
  MemoryRecords written = clicks(2000, 0.2);
  Random random(1);
  for (const auto& exposure : written.exposures) {
    if (random.uniform() < (exposure.variant == "control" ? 0.2 : 0.4))
      written.act(exposure.unit, "hide", exposure.time_ms + 2);
  }
  const Report made = report_of(written, usual());
  EXPECT_EQ(made.verdict, Verdict::kHarm);
  EXPECT_NE(made.sentence.find("rejections"), std::string::npos);
}

// Columns of a terminal: two for what is not ASCII.
std::size_t columns(const std::string& line) {
  std::size_t width = 0;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      width += 1;
    else if ((byte & 0xC0U) == 0xC0U)
      width += 2;
  }
  return width;
}

TEST(Report, FitsATerminal) {
  Experiment experiment = usual();
  experiment.hypothesis =
      "新片更受欢迎，观看时间更长，用户会更常回来；这是一个没有空格的很长的句子，它必须在一百列之内"
      "换行，"
      "否则终端里的表格就乱了。 And many words behind it that have to be broken somewhere as well, "
      "too.";
  for (auto* list : {&experiment.metrics, &experiment.guardrails}) list->clear();
  for (const Metric& metric : known_metrics()) experiment.metrics.push_back(metric);
  MemoryRecords written = clicks(400, 0.2);
  for (const auto& exposure : written.exposures)
    written.act(exposure.unit, "purchase", exposure.time_ms + 1, 1e9);
  const std::string text = report_text(report_of(written, experiment));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 100U) << line;
}

TEST(SelfTest, KeepsItsPromiseOnItsOwnUsers) {
  MemoryRecords written = clicks(1000, 0);
  const std::vector<Metric> metrics = {*find_metric("click_through")};
  const auto everyone = observe_everyone(written.records(), Unit::kUser, metrics,
                                         {kTestStart, kTestStart + 10 * kDayMs});
  ASSERT_TRUE(everyone);
  const SelfTest made = self_test(*everyone, everyone->metrics[0],
                                  {.runs = 300, .minimum_lift = 0.05, .seed = 1}, {});
  EXPECT_EQ(made.runs, 300U);
  EXPECT_GT(made.fixed_rate, 0.015);
  EXPECT_LT(made.fixed_rate, 0.09);
  EXPECT_GE(made.peeking_rate, made.fixed_rate);
  EXPECT_LE(made.sequential_rate, 0.05);
  EXPECT_LT(made.mismatch_rate, 0.015);
}

}  // namespace
}  // namespace sparrow::experiment
