// Assignment: the published vectors of XXH64, shares, independence, stickiness, layers, speed.
#include <array>
#include <chrono>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/hash.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {
namespace {

using Ids = std::function<std::string(std::uint32_t)>;

std::string numeric(std::uint32_t i) { return fmt::format("{}", i); }

std::string uuid(std::uint32_t i) {
  std::uint64_t state = i;
  const std::uint64_t a = splitmix64(state);
  const std::uint64_t b = splitmix64(state);
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff,
                     0x8000U | (b >> 48 & 0x3fff), b & 0xffff'ffff'ffff);
}

// Four of the commonest characters: equal prefixes, bytes above 127.
std::string chinese(std::uint32_t i) {
  static constexpr std::array<const char*, 20> kCharacters = {
      "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周",
      "小", "明", "红", "军", "伟", "芳", "娜", "敏", "静", "丽"};
  std::string name;
  for (int k = 0; k < 5; ++k, i /= 20) name += kCharacters[i % 20];
  return name;
}

Experiment split(const std::string& salt, std::vector<double> weights) {
  Experiment experiment;
  experiment.name = salt;
  for (const double weight : weights)
    experiment.variants.push_back(
        {.name = fmt::format("v{}", experiment.variants.size()), .weight = weight});
  return experiment;
}

std::size_t place_of(const Experiment& experiment, const std::string& unit) {
  return static_cast<std::size_t>(assign(experiment, unit) - experiment.variants.data());
}

constexpr std::uint32_t kUnits = 100'000;

TEST(Hash, IsXxh64) {
  EXPECT_EQ(xxh64("", 0), 0xEF46DB3751D8E999ULL);
  EXPECT_EQ(xxh64("a", 0), 0xD24EC4F1A98C6E5BULL);
  EXPECT_EQ(xxh64("abc", 0), 0x44BC2CF5AD770999ULL);
  EXPECT_EQ(xxh64("Nobody inspects the spammish repetition", 0), 0xFBCEA83C8A378BF1ULL);
}

// One input bit that changes turns every output bit about every second time.
TEST(Hash, Avalanche) {
  constexpr int kTexts = 2000;
  std::vector<int> turned(64);
  for (std::uint32_t i = 0; i < kTexts; ++i) {
    std::string text = numeric(1'000'000 + i);
    const std::uint64_t before = xxh64(text, 7);
    text[i % text.size()] = static_cast<char>(text[i % text.size()] ^ 1);
    const std::uint64_t after = before ^ xxh64(text, 7);
    for (std::size_t bit = 0; bit < 64; ++bit) turned[bit] += after >> bit & 1U ? 1 : 0;
  }
  for (const int times : turned) {
    EXPECT_GT(times, kTexts * 44 / 100);
    EXPECT_LT(times, kTexts * 56 / 100);
  }
}

class AssignmentOfIds : public testing::TestWithParam<std::pair<const char*, Ids>> {};
INSTANTIATE_TEST_SUITE_P(Ids, AssignmentOfIds,
                         testing::Values(std::pair<const char*, Ids>{"numeric", numeric},
                                         std::pair<const char*, Ids>{"uuid", uuid},
                                         std::pair<const char*, Ids>{"chinese", chinese}),
                         [](const auto& ids) { return std::string(ids.param.first); });

// Over 100 salts the chi-square p-values are themselves uniform: below 0.01 about once.
TEST_P(AssignmentOfIds, SharesFollowWeights) {
  const std::vector<double> weights = {5, 3, 1, 1};
  int below = 0;
  double least = 1;
  for (int salt = 0; salt < 100; ++salt) {
    const Experiment experiment = split(fmt::format("salt-{}", salt), weights);
    std::vector<double> counts(4);
    for (std::uint32_t i = 0; i < kUnits / 10; ++i)
      ++counts[place_of(experiment, GetParam().second(i))];
    const double p = chi_square_fit(counts, weights).p;
    below += p < 0.05 ? 1 : 0;
    least = std::min(least, p);
  }
  EXPECT_LE(below, 13);
  EXPECT_GT(least, 1e-4);
}

TEST_P(AssignmentOfIds, TwoExperimentsAreIndependent) {
  int below = 0;
  for (int pair = 0; pair < 20; ++pair) {
    const Experiment a = split(fmt::format("experiment-{}", pair), {1, 1, 2});
    const Experiment b = split(fmt::format("experiment-{}", pair + 1), {1, 3});
    std::vector<double> counts(6);
    for (std::uint32_t i = 0; i < kUnits / 4; ++i) {
      const std::string unit = GetParam().second(i);
      ++counts[place_of(a, unit) * 2 + place_of(b, unit)];
    }
    const double p = chi_square_fit(counts, std::vector<double>{1, 3, 1, 3, 2, 6}).p;
    EXPECT_GT(p, 1e-4);
    below += p < 0.05 ? 1 : 0;
  }
  EXPECT_LE(below, 4);
}

// What was assigned once stays: these values must never change. They were computed by another
// program, in Python, from the definition in hash.h.
TEST(Assignment, IsSticky) {
  const Experiment experiment = split("golden", {1, 1});
  std::string variants;
  for (std::uint32_t i = 0; i < 32; ++i)
    variants += place_of(experiment, numeric(i)) == 0 ? 'a' : 'b';
  for (std::uint32_t i = 0; i < 16; ++i)
    variants += place_of(experiment, chinese(i)) == 0 ? 'a' : 'b';
  EXPECT_EQ(variants, "babbbbaabaaaabbbbbaaaabaaaabbaabbaabaaabbbabaabb");
  EXPECT_NEAR(unit_position("golden", "1", Draw::kVariant), 0.26035221540824005, 1e-12);
  EXPECT_NEAR(unit_position("golden", "王小明", Draw::kVariant), 0.62614826370093879, 1e-12);
}

TEST(Assignment, SaltDecidesAndNameIsTheSaltOtherwise) {
  Experiment named = split("x", {1, 1});
  Experiment salted = split("y", {1, 1});
  salted.salt = "x";
  for (std::uint32_t i = 0; i < 100; ++i)
    EXPECT_EQ(place_of(named, numeric(i)), place_of(salted, numeric(i)));
}

TEST(Assignment, LayersShareNoUnit) {
  Experiment a = split("a", {1, 1});
  Experiment b = split("b", {1, 1});
  for (Experiment* one : {&a, &b}) one->layer = "page";
  a.layer_to = 0.3;
  b.layer_from = 0.3;
  int of_a = 0;
  std::vector<double> variants_of_a(2);
  for (std::uint32_t i = 0; i < kUnits; ++i) {
    const std::string unit = numeric(i);
    EXPECT_NE(assign(a, unit) == nullptr, assign(b, unit) == nullptr);
    if (assign(a, unit) == nullptr) continue;
    ++of_a;
    ++variants_of_a[place_of(a, unit)];
  }
  EXPECT_NEAR(of_a, 0.3 * kUnits, 4 * std::sqrt(0.21 * kUnits));
  EXPECT_GT(chi_square_fit(variants_of_a, std::vector<double>{1, 1}).p, 1e-4);
}

TEST(Assignment, IsFast) {
  Experiment experiment = split("speed", {1, 1});
  experiment.layer = "page";
  std::vector<std::string> units;
  for (std::uint32_t i = 0; i < 1000; ++i) units.push_back(uuid(i));
  std::size_t first = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < 200; ++round) {
    for (const std::string& unit : units)
      first += assign(experiment, unit) == &experiment.variants[0] ? 1U : 0U;
  }
  const double ns =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
  RecordProperty("ns_per_assignment", std::to_string(ns / 200'000));
  fmt::print("{:.0f} ns an assignment\n", ns / 200'000);
  EXPECT_GT(first, 0U);
  EXPECT_LT(ns / 200'000, 5000);  // debug builds and busy machines; 100 ns in release
}

}  // namespace
}  // namespace sparrow::experiment
