#include <cmath>
#include <sstream>

#include <gtest/gtest.h>

#include "sparrow/evaluate/baselines.h"
#include "sparrow/evaluate/chart.h"
#include "sparrow/evaluate/ground_truth.h"
#include "sparrow/evaluate/metrics.h"
#include "sparrow/evaluate/offline.h"

namespace sparrow::evaluate {
namespace {

TEST(Metrics, NextItemByHand) {
  const Lists lists{{1, 2}, {2, 0}, {0, 1}};
  const std::vector<std::uint32_t> popularity{10, 5, 1};
  // User 0: 0 -> 1 hit at rank 1, 0 -> 2 hit at rank 2. User 1: 1 -> 1 is no hit.
  const std::vector<Transition> transitions{{0, 0, 1}, {0, 0, 2}, {1, 2, 2}};
  const NextItem n = next_item(lists, transitions, popularity, 2);
  EXPECT_DOUBLE_EQ(n.hit, 0.5);
  EXPECT_DOUBLE_EQ(n.mrr, 0.5 * (0.5 * (1 + 0.5)));
  EXPECT_NEAR(n.ndcg, 0.5 * 0.5 * (1 + 1 / std::log2(3)), 1e-12);
  EXPECT_DOUBLE_EQ(n.hit_ipw, (0.5 * (0.2 + 1)) / (0.5 * (0.2 + 1) + 1));
  EXPECT_DOUBLE_EQ(next_item(lists, transitions, popularity, 1).hit, 0.25);
}

TEST(Statistics, SkewnessAndAgreementByHand) {
  EXPECT_DOUBLE_EQ(skewness(std::vector<double>{1, 1, 1}), 0);
  EXPECT_NEAR(skewness(std::vector<double>{0, 0, 0, 4}), 2 / std::sqrt(3.0), 1e-12);
  // Cohen (1960), two grades: .4 + .3 agree, chance .6 * .5 + .4 * .5.
  const auto two = cohen_agreement(std::vector<double>{40, 20, 10, 30}, 2);
  EXPECT_DOUBLE_EQ(two.observed, 0.7);
  EXPECT_NEAR(*two.kappa, (0.7 - 0.5) / 0.5, 1e-12);
  // Three subjects, one of a single grader, which does not count.
  const auto many = fleiss_agreement(std::vector<double>{2, 0, 1, 2, 1, 0}, 2);
  EXPECT_NEAR(many.observed, (1.0 + 1.0 / 3) / 2, 1e-12);
  EXPECT_NEAR(*many.kappa, (2.0 / 3 - 13.0 / 25) / (1 - 13.0 / 25), 1e-12);
  EXPECT_FALSE(fleiss_agreement({}, 2).kappa);
}

TEST(Metrics, SlicesByPopularityOfTheTarget) {
  // 100 positives: the head holds 50, head and middle 80.
  const std::vector<std::uint32_t> popularity{50, 20, 10, 8, 7, 4, 1};
  const PopularityCuts cuts = popularity_cuts(popularity, 5);
  EXPECT_EQ(cuts.head, 50U);
  EXPECT_EQ(cuts.middle, 10U);
  EXPECT_EQ(cuts.tail, 5U);
  const std::vector<std::size_t> expected{0, 1, 1, 2, 2, 3, 3};
  for (Row row = 0; row < popularity.size(); ++row)
    EXPECT_EQ(slice_of(cuts, popularity[row]), expected[row]);
  const std::vector<Transition> transitions{{0, 1, 0}, {0, 0, 2}, {1, 0, 1}, {1, 0, 5}};
  EXPECT_EQ(transitions_into(0, transitions, popularity, cuts).size(), 1U);
  const auto middle = transitions_into(1, transitions, popularity, cuts);
  ASSERT_EQ(middle.size(), 2U);
  const NextItem n = next_item({{1}, {0}, {}, {}, {}, {}, {}}, middle, popularity, 1);
  EXPECT_DOUBLE_EQ(n.hit, 0.5);                            // user 0 misses 2, user 1 hits 1
  EXPECT_DOUBLE_EQ(n.hit_ipw, (1.0 / 20) / (0.1 + 0.05));  // 1 / popularity
}

TEST(Metrics, AucAndAveragePrecisionWithTies) {
  const std::vector<float> positives{3, 2, 2};
  const std::vector<float> negatives{2, 1};
  EXPECT_DOUBLE_EQ(roc_auc(positives, negatives), (1 + 1 + 0.5 + 1 + 0.5 + 1) / 6);
  EXPECT_DOUBLE_EQ(average_precision(positives, negatives), (1 + 2 * 3.0 / 4) / 3);
  EXPECT_DOUBLE_EQ(roc_auc({}, negatives), 0.5);
}

TEST(Metrics, PairedAucIsDeLongsAndKnowsClusters) {
  // Four similar pairs and four others, by two methods; each pair its own cluster.
  const std::vector<float> one{4, 2, 3, 1, 2, 1, 0, 3};
  const std::vector<float> two{5, 4, 4, 3, 1, 2, 0, 1};
  const auto place = [](const std::vector<float>& scores, std::uint32_t clusters) {
    std::vector<ScoredPair> pairs;
    for (std::uint32_t i = 0; i < scores.size(); ++i)
      pairs.push_back({i < scores.size() / 2, i % clusters, scores[i]});
    return placements(pairs);
  };
  const auto a = place(one, 8);
  const auto b = place(two, 8);
  const Difference d = paired_auc(a, b);
  const auto auc = [](const std::vector<float>& s) {
    return roc_auc(std::span(s).first(4), std::span(s).last(4));
  };
  EXPECT_NEAR(d.value, auc(two) - auc(one), 1e-12);
  // DeLong by hand: S10 / 4 + S01 / 4 of the differences of placements; the clustered form counts
  // 8 clusters where DeLong counts 4 of either kind.
  double squares = 0;
  for (std::size_t i = 0; i < 8; ++i)
    squares += std::pow(b[i].value - a[i].value - d.value, 2) / 16;
  const double error = std::sqrt(squares * 8 / 7);
  EXPECT_NEAR(d.interval.high - d.value, 1.959964 * error, 1e-9);
  EXPECT_NEAR(d.p, std::erfc(d.value / error / std::sqrt(2.0)), 1e-9);
  // The same pairs four times over are no more evidence when the copies are clustered.
  std::vector<float> one4;
  std::vector<float> two4;
  for (const std::size_t half : {0UL, 4UL}) {
    for (std::size_t copy = 0; copy < 4; ++copy) {
      for (std::size_t i = 0; i < 4; ++i) {
        one4.push_back(one[half + i]);
        two4.push_back(two[half + i]);
      }
    }
  }
  const auto both = paired_auc(place(one, 4), place(two, 4));
  const auto copies = paired_auc(place(one4, 4), place(two4, 4));
  EXPECT_NEAR(both.value, copies.value, 1e-12);
  EXPECT_NEAR(both.p, copies.p, 1e-9);
  EXPECT_LT(paired_auc(place(one4, 32), place(two4, 32)).p, copies.p);
  EXPECT_EQ(paired_auc(a, a).p, 1);
  EXPECT_EQ(paired_auc(a, place(two, 4)).p, 1);  // other clusters: nothing is claimed
}

TEST(Metrics, ListHealthByHand) {
  std::vector<data::Item> items(3);
  for (int i = 0; i < 3; ++i) items[static_cast<std::size_t>(i)].id = std::to_string(i);
  items[0].set(data::kGenres, data::Names{"a", "b"});
  items[1].set(data::kGenres, data::Names{"b"});
  const data::Catalog catalog(std::move(items));
  const std::vector<Row> eligible{0, 1, 2};
  const std::vector<std::uint32_t> popularity{4, 2, 1};
  const ListHealth h = list_health({{1}, {0}, {0}}, eligible, popularity, 8, catalog);
  EXPECT_NEAR(h.coverage, 2.0 / 3, 1e-12);
  EXPECT_NEAR(h.popularity_lift, (std::log(0.5) + std::log(2) + std::log(4)) / 3, 1e-12);
  EXPECT_NEAR(h.novelty, (2 + 1 + 1) / 3.0, 1e-12);
  EXPECT_NEAR(h.genre_coherence, (0.5 + 0.5 + 0) / 3, 1e-12);
  EXPECT_NEAR(h.gini, 4.0 / 9, 1e-12);
}

TEST(Metrics, IntervalsHoldTheMeanAndTheTestSeesDifference) {
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 0; i < 200; ++i) {
    a.push_back(i % 2);
    b.push_back(i % 2 == 0 && i % 3 == 0 ? 1 : 0);
  }
  const Interval interval = bootstrap_mean(a, 1);
  EXPECT_LT(interval.low, 0.5);
  EXPECT_GT(interval.high, 0.5);
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * 0.5 / std::sqrt(200), 0.03);
  EXPECT_LT(paired_permutation_p(a, b, 1), 0.01);
  EXPECT_GT(paired_permutation_p(a, a, 1), 0.99);
}

// X'X + I = [[3, 1], [1, 2]], its inverse [[2, -1], [-1, 3]] / 5.
TEST(Baselines, EaseOfTwoItemsByHand) {
  const Embeddings weights = ease_weights({{0, 1}, {0}}, 2, 1);
  EXPECT_FLOAT_EQ(weights.row(0)[1], 1.0F / 3);
  EXPECT_FLOAT_EQ(weights.row(1)[0], 1.0F / 2);
  EXPECT_EQ(weights.row(0)[0], 0);
  EXPECT_EQ(weights.row(1)[1], 0);
}

TEST(Baselines, EaseListsWhatIsLikedTogether) {
  data::Dataset training;
  training.catalog =
      data::Catalog(std::vector<data::Item>{{.id = "a"}, {.id = "b"}, {.id = "c"}, {.id = "d"}});
  for (const auto& items : std::vector<std::vector<Row>>{{0, 2}, {0, 2}, {1, 3}, {1, 3}}) {
    for (const Row row : items) {
      training.interactions.items.push_back(row);
      training.interactions.values.push_back(5);
      training.interactions.times.push_back(0);
    }
    training.interactions.offsets.push_back(training.interactions.items.size());
  }
  const Lists lists = baseline_lists("ease", training, {0, 1, 2, 3}, 1, 1);
  EXPECT_EQ(lists, (Lists{{2}, {3}, {0}, {1}}));
  EXPECT_EQ(baseline_names(kMaxEaseItems).back(), "ease");
  EXPECT_EQ(baseline_names(kMaxEaseItems + 1).back(), "item-knn");
}

data::Catalog films() {
  std::vector<data::Item> items(4);
  items[0] = {.id = "1", .title = "The Matrix", .year = 1999};
  items[1] = {.id = "2",
              .title = "Amélie",
              .alternative_titles = {"Le Fabuleux destin d'Amélie Poulain"},
              .year = 2001};
  items[2] = {.id = "3", .title = "Solaris", .year = 1972};
  items[3] = {.id = "4", .title = "Solaris", .year = 2002};
  return data::Catalog(std::move(items));
}

TEST(GroundTruth, MatchesByIdAndByTitleAndYear) {
  const data::Catalog catalog = films();
  const auto by_id = parse_ground_truth("itemId\tneighborId\tgrade\n1\t2\t3\n1\t99\t0\n", catalog);
  ASSERT_TRUE(by_id) << by_id.error().message;
  EXPECT_EQ(by_id->pairs.size(), 1U);
  EXPECT_EQ(by_id->unmatched.size(), 1U);
  const auto by_title = parse_ground_truth(
      "matrix, the\t1999\tamelie\t2001\tOK\nsolaris\t1972\tsolaris\t2003\tNOT_OK\nle fabuleux "
      "destin d'amelie poulain\t2001\tno such\t1900\tOK\n",
      catalog);
  ASSERT_TRUE(by_title) << by_title.error().message;
  ASSERT_EQ(by_title->pairs.size(), 2U);
  EXPECT_EQ(by_title->pairs[1].a, 2U);
  EXPECT_EQ(by_title->pairs[1].b, 3U);
  EXPECT_EQ(by_title->lines, 3U);
  EXPECT_NE(parse_ground_truth("1\t2\t3\n1\t2\tx\n", catalog).error().message.find("line 2"),
            std::string::npos);
  EXPECT_FALSE(parse_ground_truth("a\tb\n", catalog));
  EXPECT_FALSE(parse_ground_truth("1 2 3\n", catalog));
}

TEST(GroundTruth, ReadsQrels) {
  const data::Catalog catalog = films();
  const auto truth = parse_ground_truth("1 0 2 3\n3  0  4 0\n1\t0\t99\t1\n", catalog);
  ASSERT_TRUE(truth) << truth.error().message;
  ASSERT_EQ(truth->pairs.size(), 2U);
  EXPECT_EQ(truth->pairs[0].b, 1U);
  EXPECT_EQ(truth->pairs[0].grade, 3);
  EXPECT_EQ(truth->pairs[1].a, 2U);
  EXPECT_EQ(truth->unmatched.size(), 1U);
}

TEST(GroundTruth, CurvesByHand) {
  const std::vector<float> positives{3, 1};
  const std::vector<float> negatives{2};
  const auto curve = precision_recall(positives, negatives);
  ASSERT_EQ(curve.size(), 2U);
  EXPECT_DOUBLE_EQ(curve[0].x, 0.5);
  EXPECT_DOUBLE_EQ(curve[0].y, 1);
  EXPECT_DOUBLE_EQ(curve[1].x, 1);
  EXPECT_DOUBLE_EQ(curve[1].y, 2.0 / 3);
  const GroundTruth truth{.pairs = {{0, 1, 1}, {0, 2, 0}, {1, 2, 0}, {2, 3, 1}}};
  const auto bins = reliability(truth, [](Row a, Row) { return a == 0 ? 42.0F : 100.0F; });
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_DOUBLE_EQ(bins[0].x, 42);
  EXPECT_DOUBLE_EQ(bins[0].y, 0.5);
  EXPECT_DOUBLE_EQ(bins[1].x, 100);
  EXPECT_EQ(bins[1].count, 2U);
}

TEST(GroundTruth, NdcgAndJudgedByHand) {
  // 0 has 1 (grade 2) and 2 (not similar); 1 has 0; 2 has nothing similar, so it asks nothing.
  const GroundTruth truth{.pairs = {{0, 1, 2}, {2, 0, 0}}};
  const ListQuality q = measure_lists(
      truth,
      [](Row seed) {
        return seed == 0 ? std::vector<Row>{3, 1} : std::vector<Row>{2, 3};
      },
      2);
  EXPECT_EQ(q.seeds, 2U);
  EXPECT_NEAR(q.ndcg, 0.5 / std::log2(3), 1e-12);  // seed 0: rank 2; seed 1: not at all
  EXPECT_DOUBLE_EQ(q.judged, 0.25);
  EXPECT_LE(q.ndcg_interval.low, q.ndcg);
  EXPECT_GE(q.ndcg_interval.high, q.ndcg);
}

TEST(GroundTruth, GroupsGiveAllTheirPairs) {
  const auto truth = parse_groups(
      "# comment\nThe Matrix\t1999\nSolaris\t1972\nSolaris\t2002\n\nMissing\t1950\n", films());
  ASSERT_TRUE(truth);
  EXPECT_EQ(truth->pairs.size(), 3U);
  EXPECT_EQ(truth->unmatched.size(), 1U);
}

TEST(Chart, TicksAreRound) {
  EXPECT_EQ(round_ticks(0, 1), (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(round_ticks(0, 100), (std::vector<double>{0, 25, 50, 75, 100}));
  for (const double most : {0.0869, 0.161, 1.2, 4.9, 7.0, 33.0, 61234.0}) {
    const Axis axis = round_axis("x", 0, most);
    EXPECT_GE(axis.most, most);
    EXPECT_GE(axis.ticks.size(), 2U);
    EXPECT_LE(axis.ticks.size(), 7U);
    for (const auto& [value, text] : axis.ticks) {
      std::string digits;
      for (const char c : text)
        if (c >= '0' && c <= '9') digits += c;
      while (!digits.empty() && digits.front() == '0') digits.erase(0, 1);
      while (!digits.empty() && digits.back() == '0') digits.pop_back();
      EXPECT_LE(digits.size(), 3U) << text << " up to " << most;
      EXPECT_NEAR(std::stod(text), value, 1e-9 * most);
    }
  }
  const Axis below = round_axis("lift", -0.31, 0.7);
  EXPECT_LE(below.least, -0.31);
  EXPECT_EQ(below.ticks.front().second.substr(0, 3), "\u2212");
  EXPECT_GT(round_axis("one", 2, 2).most, 2);
}

TEST(Chart, NamesAtTheEndsOfLinesDoNotCover) {
  const Axis unit = round_axis("share", 0, 1);
  std::vector<NamedLine> lines;
  for (int i = 0; i < 6; ++i)
    lines.push_back({"line" + std::to_string(i), {{0, 0}, {1, 0.5 + 0.001 * i}}});
  const std::string svg = line_drawing(unit, unit, lines, true);
  std::vector<double> at;
  for (int i = 0; i < 6; ++i) {
    const std::size_t name = svg.find(">line" + std::to_string(i) + "<");
    ASSERT_NE(name, std::string::npos);
    const std::size_t y = svg.rfind(" y=\"", name);
    at.push_back(std::stod(svg.substr(y + 4)));
  }
  std::sort(at.begin(), at.end());
  for (std::size_t i = 1; i < at.size(); ++i) EXPECT_GE(at[i] - at[i - 1], 13.5);
}

TEST(Chart, TextIsText) {
  const std::string html = figure("a<b", "x & y", interval_drawing({{"<i>", 1, 0.5, 1.5}}, "n", 2));
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_NE(html.find("a&lt;b"), std::string::npos);
  EXPECT_NE(html.find("x &amp; y"), std::string::npos);
}

Report a_report() {
  Report report;
  report.data.name = "data";
  for (const std::string name : {"fusion", "a method with a name that is far too long", "none"}) {
    MethodReport m;
    m.name = name;
    m.baseline = name == "none";
    m.held_out.hit = m.baseline ? 0 : 0.16;
    m.held_out.user_hit = {m.held_out.hit, m.held_out.hit / 2, m.held_out.hit};
    m.held_out.user_weight = {1, 1, 1};
    m.held_out.user_weighted_hit = {0.1, 0.2, 0.1};
    report.methods.push_back(m);
  }
  return report;
}

TEST(Report, TerminalHasAHundredColumnsAndSaysWhatIsLeftOut) {
  const std::string text = to_terminal(a_report());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_NE(text.find("Left out"), std::string::npos);
}

TEST(Report, EveryFigureHasASentence) {
  const std::string html = to_html(a_report());
  std::size_t figures = 0;
  for (std::size_t at = html.find("<figure>"); at != std::string::npos;
       at = html.find("<figure>", at + 1)) {
    ++figures;
    const std::size_t end = html.find("</figure>", at);
    EXPECT_EQ(html.substr(end - 5, 5), ".</p>") << html.substr(at, 200);
  }
  EXPECT_GE(figures, 6U);
}

}  // namespace
}  // namespace sparrow::evaluate
