// Statistics against numbers computed by hand or by scipy; tests/experiment_test.py compares whole
// reports with scipy and statsmodels.
#include "sparrow/experiment/statistics.h"

#include <cmath>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/experiment/sample_size.h"
#include "sparrow/experiment/sequential.h"

namespace sparrow::experiment {
namespace {

TEST(Statistics, MomentsAndMeans) {
  const std::vector<double> y = {1, 2, 3, 4, 10};
  const Moments m = moments(y, {});
  EXPECT_DOUBLE_EQ(m.mean_y, 4);
  EXPECT_DOUBLE_EQ(m.yy, 12.5);
  EXPECT_DOUBLE_EQ(m.xx, 0);
  const auto mean = estimate(m);
  ASSERT_TRUE(mean);
  EXPECT_DOUBLE_EQ(mean->value, 4);
  EXPECT_DOUBLE_EQ(mean->variance, 2.5);
}

TEST(Statistics, SumsGiveTheSameMoments) {
  Random random(3);
  std::vector<double> y, x;
  Sums sums;
  for (int i = 0; i < 500; ++i) {
    x.push_back(1 + random.below(20));
    y.push_back(x.back() * random.uniform());
    sums.n += 1;
    sums.y += y.back();
    sums.x += x.back();
    sums.yy += y.back() * y.back();
    sums.xx += x.back() * x.back();
    sums.xy += x.back() * y.back();
  }
  const Moments a = moments(y, x);
  const Moments b = moments(sums);
  EXPECT_NEAR(a.yy, b.yy, 1e-9);
  EXPECT_NEAR(a.xx, b.xx, 1e-9);
  EXPECT_NEAR(a.xy, b.xy, 1e-9);
}

TEST(Statistics, NothingIsSaidOfTooLittle) {
  EXPECT_FALSE(estimate(moments(std::vector<double>{1}, {})));
  EXPECT_FALSE(estimate(moments(std::vector<double>{}, {})));
  const std::vector<double> none = {0, 0, 0};
  EXPECT_FALSE(estimate(moments(std::vector<double>{0, 0, 0}, none)));
}

// scipy.stats.ttest_ind([3,4,5,6,7,12], [1,2,3,4,10], equal_var=False)
TEST(Statistics, Welch) {
  const auto c = estimate(moments(std::vector<double>{1, 2, 3, 4, 10}, {}));
  const auto t = estimate(moments(std::vector<double>{3, 4, 5, 6, 7, 12}, {}));
  const Comparison comparison = compare(*c, *t);
  EXPECT_NEAR(comparison.t, 1.0579249964025075, 1e-9);
  EXPECT_NEAR(comparison.p, 0.3201372216013132, 1e-9);
  ASSERT_TRUE(comparison.lift);
  EXPECT_NEAR(*comparison.lift, 37.0 / 6 / 4 - 1, 1e-12);
}

TEST(Statistics, EqualConstantsDoNotDiffer) {
  const auto a = estimate(moments(std::vector<double>{2, 2, 2}, {}));
  const auto b = estimate(moments(std::vector<double>{3, 3, 3}, {}));
  EXPECT_DOUBLE_EQ(compare(*a, *a).p, 1);
  EXPECT_DOUBLE_EQ(compare(*a, *b).p, 0);
  const auto zero = estimate(moments(std::vector<double>{0, 0, 0}, {}));
  EXPECT_FALSE(compare(*zero, *a).lift);
}

TEST(Statistics, QuantileInterpolates) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.99), 3.97);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 1), 4);
  EXPECT_DOUBLE_EQ(quantile({}, 0.5), 0);
}

// The delta method's variance is that of many repetitions.
TEST(Statistics, DeltaMethodIsRight) {
  Random random(11);
  constexpr int kRepetitions = 2000;
  std::vector<double> values;
  double told = 0;
  for (int run = 0; run < kRepetitions; ++run) {
    std::vector<double> y, x;
    for (int unit = 0; unit < 300; ++unit) {
      const double rate = 0.1 + 0.3 * random.uniform();
      const auto seen = static_cast<int>(1 + random.below(30));
      int clicks = 0;
      for (int k = 0; k < seen; ++k) clicks += random.uniform() < rate ? 1 : 0;
      x.push_back(seen);
      y.push_back(clicks);
    }
    const auto number = estimate(moments(y, x));
    values.push_back(number->value);
    told += number->variance / kRepetitions;
  }
  EXPECT_NEAR(moments(values, {}).yy / told, 1, 0.1);
}

TEST(Statistics, CupedTakesOffWhatWasKnownBefore) {
  Random random(5);
  std::vector<double> y[2], before[2];
  for (int v = 0; v < 2; ++v) {
    for (int i = 0; i < 2000; ++i) {
      const double usual = 10 + 3 * random.normal();
      before[v].push_back(usual + random.normal());
      y[v].push_back(usual + random.normal() + 0.2 * v);
    }
  }
  const std::vector<CupedUnits> variants = {{y[0], {}, before[0], {}}, {y[1], {}, before[1], {}}};
  const auto adjusted = cuped(variants);
  ASSERT_TRUE(adjusted);
  EXPECT_NEAR(adjusted->theta, 0.9, 0.03);
  EXPECT_NEAR(adjusted->variance_reduction, 0.81, 0.03);
  EXPECT_NEAR(adjusted->estimates[1].value - adjusted->estimates[0].value, 0.2, 0.15);
}

TEST(Statistics, CupedWithoutAPastIsNothing) {
  const std::vector<double> y = {1, 2, 3}, none = {0, 0, 0};
  const std::vector<CupedUnits> variants = {{y, {}, none, {}}, {y, {}, none, {}}};
  EXPECT_FALSE(cuped(variants));
  const std::vector<CupedUnits> ratios = {{y, y, none, none}, {y, y, none, none}};
  EXPECT_FALSE(cuped(ratios));
}

TEST(Statistics, SplitOfTwoPercentIsCaught) {
  // 51 % against 49 % of 100,000.
  EXPECT_LT(chi_square_fit(std::vector<double>{51'000, 49'000}, std::vector<double>{1, 1}).p, 1e-9);
  EXPECT_GT(chi_square_fit(std::vector<double>{50'100, 49'900}, std::vector<double>{1, 1}).p, 0.1);
  EXPECT_DOUBLE_EQ(chi_square_fit(std::vector<double>{0, 0}, std::vector<double>{1, 1}).p, 1);
}

// statsmodels.stats.multitest.multipletests([.01,.04,.03,.5], method="fdr_bh")
TEST(Statistics, BenjaminiHochberg) {
  const auto adjusted = benjamini_hochberg(std::vector<double>{0.01, 0.04, 0.03, 0.5});
  const std::vector<double> expected = {0.04, 0.16 / 3, 0.16 / 3, 0.5};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-12);
}

TEST(Sequential, IntervalAndTestAgree) {
  for (const double variance : {1e-5, 1e-4, 1e-3}) {
    const Interval interval = sequential_interval(0.03, variance, 0.05);
    // At the interval's ends, the effect is just rejected.
    EXPECT_NEAR(sequential_p(0.03 - interval.low, variance, 0.05), 0.05, 1e-9);
    EXPECT_NEAR(sequential_p(interval.high - 0.03, variance, 0.05), 0.05, 1e-9);
  }
  EXPECT_DOUBLE_EQ(sequential_p(0, 1e-4, 0.05), 1);
  EXPECT_DOUBLE_EQ(sequential_p(1, 1e-8, 0.05), 0);  // no overflow
}

// Known rates: 10 % against 11 % needs 14,751 a variant (statsmodels' normal approximation).
TEST(SampleSize, Shares) {
  const Size size = size_for_share(0.1, {.lift = 0.1});
  EXPECT_NEAR(size.control, 14750.7905, 0.01);
  EXPECT_NEAR(size.treatment, size.control, 1e-9);
  const Size uneven = size_for_share(0.1, {.lift = 0.1, .treatment_share = 0.2});
  EXPECT_NEAR(uneven.control / uneven.treatment, 4, 1e-9);
}

TEST(SampleSize, MeansAndRatios) {
  // 2 (z(0.975) + z(0.8))² sd² / (mean lift)²
  const double z = 1.959963984540054 + 0.8416212335729143;
  EXPECT_NEAR(size_for_mean(20, 30, {.lift = 0.05}).control, 2 * z * z * 900 / 1, 1e-6);
  Moments units{.n = 100, .mean_y = 20, .mean_x = 1, .yy = 900};
  EXPECT_NEAR(size_for_ratio(units, {.lift = 0.05}).control, 2 * z * z * 900, 1e-6);
}

}  // namespace
}  // namespace sparrow::experiment
