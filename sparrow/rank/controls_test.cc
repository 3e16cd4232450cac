// Filters, rules and what one request may change, on one small catalogue.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "sparrow/rank/small_world.h"
#include "sparrow/rank/what_if.h"
#include "sparrow/recall/live_signals.h"

namespace sparrow::rank {
namespace {

using nlohmann::json;

class Controlled : public testing::Test {
 protected:
  FilterPtr filter(std::string_view text) const {
    auto parsed = Filter::parse(text, *world_.facts);
    EXPECT_TRUE(parsed.ok()) << text;
    return parsed.ok() ? *parsed : nullptr;
  }
  std::size_t holding(std::string_view text, Row seed = kNoRow) const {
    const auto parsed = filter(text);
    std::size_t n = 0;
    for (Row row = 0; parsed != nullptr && row < SmallWorld::kItems; ++row)
      n += parsed->holds(row, seed) ? 1U : 0U;
    return n;
  }
  std::shared_ptr<const Rules> rules(json list) const {
    auto parsed = Rules::parse({{"version", 1}, {"rules", std::move(list)}}, *world_.facts);
    EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
    return parsed.ok() ? *parsed : nullptr;
  }
  std::string refused(json list) const {
    auto parsed = Rules::parse({{"version", 1}, {"rules", std::move(list)}}, *world_.facts);
    return parsed.ok() ? "" : parsed.error().message;
  }
  static Request of(Row seed, std::size_t size = 20) {
    Request request;
    request.seeds = {{seed, 1}};
    request.size = size;
    return request;
  }
  std::vector<Row> rows(const Request& request) const {
    std::vector<Row> listed;
    for (const auto& item : recommender_->recommend(request).items) listed.push_back(item.row);
    return listed;
  }
  const data::Item& item(Row row) const { return world_.dataset->catalog[row]; }
  std::string genre(Row row) const { return item(row).list(data::kGenres).front(); }

  SmallWorld world_;
  std::unique_ptr<Recommender> recommender_ = world_.recommender();
};

TEST_F(Controlled, FiltersMeanWhatTheySay) {
  EXPECT_EQ(holding("genre = Comedy"), 15U);
  EXPECT_EQ(holding("genre = COMÉDY"), 15U) << "accents and case do not count";
  EXPECT_EQ(holding("not genre = Comedy"), 45U);
  EXPECT_EQ(holding("genre in (Comedy, \"Drama\")"), 30U);
  EXPECT_EQ(holding("genre = Comedy or genre = Drama"), 30U);
  EXPECT_EQ(holding("genre = Comedy and genre = Drama"), 0U);
  EXPECT_EQ(holding("year >= 2000 and year < 2010"), 10U);
  EXPECT_EQ(holding("year in [2000, 2009]"), 10U);
  EXPECT_EQ(holding("not (year >= 2000 or genre = Comedy)"), 30U);
  EXPECT_EQ(holding("id = 107"), 1U);
  EXPECT_EQ(holding("ratings >= 1"), SmallWorld::kItems - holding("ratings < 1"));
  EXPECT_GE(holding("ratings < 1"), SmallWorld::kUnseen) << "nobody liked what nobody has seen";
  EXPECT_EQ(holding("popularity >= 0"), SmallWorld::kItems);
}

TEST_F(Controlled, ConditionsOnTheSeedLookAtTheSeed) {
  EXPECT_TRUE(filter("genre = seed.genre")->uses_seed());
  EXPECT_EQ(holding("genre = seed.genre", 1), 15U);
  EXPECT_EQ(holding("year in [seed.year - 2, seed.year + 2]", 30), 5U);
  EXPECT_EQ(holding("genre = seed.genre"), 0U) << "without a seed it is false";
}

TEST_F(Controlled, FiltersThatAreNoneSayWhere) {
  for (const auto* wrong :
       {"", "genre", "genre =", "genre ~ Comedy", "smell = good", "year >= many", "year in (",
        "genre = Comedy and", "(((genre = Comedy)", "year > 1 year < 2"}) {
    const auto parsed = Filter::parse(wrong, *world_.facts);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput) << wrong;
    EXPECT_GT(parsed.error().message.size(), 10U) << wrong;
  }
  EXPECT_FALSE(Filter::parse(std::string(5000, '('), *world_.facts).ok()) << "bounded";
}

TEST_F(Controlled, AFilteredListIsAsLongAsThereIsSomethingForIt) {
  Request request = of(4, 10);
  request.controls.filters = {filter("year >= 1990 and not genre = Western")};
  const auto listed = rows(request);
  EXPECT_EQ(listed.size(), 10U);
  for (const Row row : listed) {
    EXPECT_GE(item(row).year, 1990);
    EXPECT_NE(genre(row), "Western");
  }
  request.controls.filters.push_back(filter("year >= 3000"));
  EXPECT_TRUE(rows(request).empty());
}

TEST_F(Controlled, PinsComeFirstInTheirOrderWhereTheyMay) {
  Request request = of(0, 10);
  request.controls.pins = {17, 3, 0, 40};
  request.controls.filters = {filter("not id = 103")};
  const auto answer = recommender_->recommend(request);
  ASSERT_GE(answer.items.size(), 10U);
  EXPECT_EQ(answer.items[0].row, 17U);
  EXPECT_EQ(answer.items[1].row, 40U) << "the seed and what a filter bars are no pins";
  EXPECT_TRUE(answer.items[0].pinned && answer.items[1].pinned && !answer.items[2].pinned);
  std::set<Row> once;
  for (const auto& one : answer.items) EXPECT_TRUE(once.insert(one.row).second);
}

TEST_F(Controlled, AListBeginsAlikeWhateverItsLength) {
  for (Row seed = 0; seed < SmallWorld::kItems; ++seed) {
    const auto shorter = rows(of(seed, 8));
    auto longer = rows(of(seed, 59));
    longer.resize(8);
    EXPECT_EQ(shorter, longer) << seed;
  }
}

// Issue: a plain list put what has no behavior last, a list with any control put it first.
TEST_F(Controlled, WhatIsRankedLastStaysLastUnderControls) {
  Request request = of(0, 59);
  request.controls.diversity = 0.01F;
  const auto answer = recommender_->recommend(request);
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ(answer.items[i].source, model::Source::kBehavior) << i;
}

TEST_F(Controlled, CapsHoldForThePagesBehindToo) {
  Request request = of(0, 10);
  request.controls.caps.genre = 3;
  std::map<std::string, std::size_t> genres;
  for (const Row row : rows(request)) ++genres[genre(row)];
  for (const auto& [name, n] : genres) EXPECT_LE(n, 3U) << name;
  const auto whole = rows(request);
  request.size = 5;
  auto pages = rows(request);
  request.offset = 5;
  const auto second = rows(request);
  pages.insert(pages.end(), second.begin(), second.end());
  EXPECT_EQ(pages, whole);
}

TEST_F(Controlled, ABoostLiftsAndZeroSinks) {
  Request request = of(0, 59);
  const auto plain = rows(request);
  const auto place = [](const std::vector<Row>& list, Row row) {
    return std::find(list.begin(), list.end(), row) - list.begin();
  };
  const Row lifted = plain[8];
  request.controls.boosts = {{nullptr, filter("id = " + item(lifted).id), 3.0F}};
  EXPECT_LT(place(rows(request), lifted), 4);
  request.controls.boosts = {{nullptr, filter("id = " + item(plain[0]).id), 0.0F}};
  EXPECT_GT(place(rows(request), plain[0]), 12);
}

TEST_F(Controlled, AVectorAndAHistoryAreListsToo) {
  Request request;
  request.vector = {0, 1, 0, 0, 0, 0, 0, 0};  // the direction of comedies
  request.size = 5;
  for (const Row row : rows(request)) EXPECT_EQ(genre(row), "Comedy");
  Request history;
  history.size = 10;
  for (const Row row : {2U, 6U, 10U, 14U, 18U, 22U}) history.seeds.push_back({row, 1});
  const auto listed = rows(history);
  ASSERT_EQ(listed.size(), 10U);
  for (const Row row : listed)
    EXPECT_FALSE(std::any_of(history.seeds.begin(), history.seeds.end(),
                             [&](const Seed& seed) { return seed.row == row; }));
  EXPECT_GE(std::count_if(listed.begin(), listed.end(), [&](Row r) { return genre(r) == "Drama"; }),
            7);
}

TEST_F(Controlled, MinMatchShortensAndSeriesCanStayAway) {
  Request request = of(0, 59);
  const auto whole = recommender_->recommend(request);
  request.controls.min_match = whole.items[10].match;
  const auto shorter = recommender_->recommend(request);
  EXPECT_LE(shorter.items.size(), 12U);
  for (const auto& one : shorter.items) EXPECT_GE(one.match, request.controls.min_match);
  Request without = of(0, 59);
  without.controls.same_series = false;
  const auto listed = rows(without);
  EXPECT_EQ(std::count(listed.begin(), listed.end(), Row{1}), 0) << "\"Saga 0 2\" is of the series";
}

TEST_F(Controlled, RulesDoWhatTheirTypeSays) {
  const auto all =
      rules({{{"type", "filter"}, {"when", "genre = Action"}, {"show", "not genre = Drama"}},
             {{"type", "boost"}, {"items", "genre = Western"}, {"factor", 1.5}},
             {{"type", "pin"}, {"seed", "100"}, {"items", {"141"}}},
             {{"type", "cap"}, {"by", "series"}, {"max", 1U}},
             {{"type", "block_pair"}, {"a", "100"}, {"b", "104"}}});
  std::string why;
  EXPECT_FALSE(all->allows(2, 0, &why)) << "a drama beside an action film";
  EXPECT_NE(why.find("genre"), std::string::npos) << why;
  EXPECT_TRUE(all->allows(2, 1, nullptr)) << "beside a comedy it may stand";
  EXPECT_FALSE(all->allows(4, 0, nullptr));
  EXPECT_FALSE(all->allows(0, 4, nullptr)) << "a blocked pair is blocked both ways";
  EXPECT_FLOAT_EQ(all->factor(3, 0), 1.5F);
  EXPECT_FLOAT_EQ(all->factor(4, 0), 1.0F);
  EXPECT_EQ(all->pins(0), std::vector<Row>{41});
  EXPECT_TRUE(all->pins(1).empty());
  EXPECT_EQ(all->caps().series, 1U);
  Request request = of(0, 20);
  request.rules = all.get();
  const auto listed = rows(request);
  EXPECT_EQ(listed.front(), 41U);
  for (const Row row : listed) EXPECT_TRUE(row != 4 && genre(row) != "Drama");
}

TEST_F(Controlled, RulesThatMakeNoSenseAreNamed) {
  const json good = {{"type", "cap"}, {"by", "genre"}, {"max", 3U}};
  const std::vector<std::pair<json, const char*>> wrong = {
      {{{"type", "fliter"}, {"show", "year > 1"}}, "type"},
      {{{"type", "filter"}}, "show"},
      {{{"type", "filter"}, {"show", "yeer > 1"}}, "yeer"},
      {{{"type", "boost"}, {"items", "year > 1"}, {"factor", -1}}, "factor"},
      {{{"type", "pin"}, {"seed", "100"}, {"items", {"nobody"}}}, "nobody"},
      {{{"type", "cap"}, {"by", "smell"}, {"max", 3U}}, "by"},
      {{{"type", "cap"}, {"by", "genre"}, {"max", "three"}}, "max"},
      {{{"type", "block_pair"}, {"a", "100"}}, "item id"},
      {{{"type", "block_pair"}, {"a", "100"}, {"b", "101"}, {"c", "102"}}, "c"},
      {json::array({1}), ""}};
  for (const auto& [rule, named] : wrong) {
    const auto message = refused(json::array({good, rule}));
    EXPECT_NE(message.find("rule 2"), std::string::npos) << rule << ": " << message;
    EXPECT_NE(message.find(named), std::string::npos) << rule << ": " << message;
  }
  auto rests = Rules::parse(
      {{"version", 1}, {"rules", {good, {{"type", "block_pair"}, {"a", "100"}, {"b", "gone"}}}}},
      *world_.facts, Rules::Faulty::kRests);
  ASSERT_TRUE(rests.ok());
  EXPECT_EQ((*rests)->resting().size(), 1U);
  EXPECT_EQ((*rests)->caps().genre, 3U) << "the others hold";
}

TEST_F(Controlled, WhatIfTellsWhatAChangeOfRulesWouldDo) {
  Request usual = of(0);
  const auto none = rules(json::array());
  const WhatIf nothing = what_if(*recommender_, *world_.facts, usual, *none);
  EXPECT_EQ(nothing.seeds, SmallWorld::kItems);
  EXPECT_EQ(nothing.seeds_changed, 0U);
  EXPECT_TRUE(nothing.examples.empty() && nothing.genre_shift.empty());
  const auto no_drama = rules({{{"type", "filter"}, {"show", "not genre = Drama"}}});
  const WhatIf barred = what_if(*recommender_, *world_.facts, usual, *no_drama);
  EXPECT_GT(barred.seeds_changed, SmallWorld::kItems / 4) << "the dramas themselves at least";
  EXPECT_LT(barred.coverage_after, barred.coverage_before);
  EXPECT_LT(barred.genre_shift.at("Drama"), -0.1);
  ASSERT_FALSE(barred.examples.empty());
  for (const Row row : barred.examples.front().fresh) EXPECT_NE(genre(row), "Drama");
  const auto nearly_nothing = rules({{{"type", "filter"}, {"show", "year >= 2015"}}});
  EXPECT_EQ(what_if(*recommender_, *world_.facts, usual, *nearly_nothing).short_lists,
            SmallWorld::kItems);
  std::stop_source gone;
  gone.request_stop();
  EXPECT_EQ(
      what_if(*recommender_, *world_.facts, usual, *no_drama, {.stop = gone.get_token()}).seeds, 0U)
      << "nobody waits for it";
}

// Channels of recent events: without events, and for who does not ask, lists are what they were.
TEST_F(Controlled, RecentEventsMoveOnlyListsThatAskForThem) {
  const auto plain = rows(of(0));
  Row far = kNoRow;  // an item that the list lacks
  for (Row row = SmallWorld::kItems - 1; far == kNoRow; --row) {
    if (row != 0 && std::find(plain.begin(), plain.end(), row) == plain.end()) far = row;
  }
  recall::LiveSignals live;
  live.trending = {{far, 2}, {plain[3], 1}};
  live.seeds = {0};
  live.offsets = {0, 1};
  live.partners = {{far, 1}};
  Request request = of(0);
  request.controls.trending = 100;
  EXPECT_EQ(rows(request), plain) << "no events";
  request.live = &live;
  const auto trending = recommender_->recommend(request);
  EXPECT_EQ(trending.items[0].row, plain[3]) << "near, and gains nearly as much";
  const auto found = std::find_if(trending.items.begin(), trending.items.end(),
                                  [&](const ScoredItem& item) { return item.row == far; });
  ASSERT_NE(found, trending.items.end());
  EXPECT_TRUE(std::any_of(found->channels.begin(), found->channels.end(), [](const Provenance& p) {
    return p.channel == ChannelId::kTrending && p.rank == 1;
  }));
  request.controls.trending = 0;
  EXPECT_EQ(rows(request), plain) << "not asked for";
  request.controls.recent_co_watch = 100;
  const auto together = rows(request);
  EXPECT_NE(std::find(together.begin(), together.end(), far), together.end());
  EXPECT_EQ(recommender_->explain(request, far).rank,
            static_cast<std::size_t>(std::find(together.begin(), together.end(), far) -
                                     together.begin()) +
                1);
  // A channel that has nothing leaves the answer to the embedding.
  Request only = of(1);
  only.controls.channels = {"recent-co-watch"};
  only.live = &live;
  EXPECT_EQ(rows(only).size(), 20U);
}

}  // namespace
}  // namespace sparrow::rank
