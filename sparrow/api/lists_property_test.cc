// What must hold for every list, whatever is asked: `explain` gives the rank and score that the
// list has, and nothing that may not be shown stands in any answer, of any endpoint.
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sparrow/api/api.h"
#include "sparrow/rank/small_world.h"

namespace sparrow::api {
namespace {

using nlohmann::json;
using rank::SmallWorld;

// A server of the small world in which some items are hidden by the candidate pool, some by the
// catalogue, some are removed, and rules change the lists.
class World {
 public:
  explicit World(Random& random) : world_(random.next()), random_(random) {
    live::CatalogMarks marks;
    marks.hidden.assign(SmallWorld::kItems, 0);
    marks.removed.assign(SmallWorld::kItems, 0);
    live::CandidatePool pool;
    pool.hidden.assign(SmallWorld::kItems, 0);
    for (std::size_t i = 0; i < SmallWorld::kItems; ++i) {
      const double x = random_.uniform();
      if (x < 0.05) marks.removed[i] = marks.hidden[i] = 1;
      if (x >= 0.05 && x < 0.1) marks.hidden[i] = 1;
      if (x >= 0.1 && x < 0.2) pool.hidden[i] = 1;
      if (x < 0.2) barred_.insert(id_of(i));
    }
    ApiOptions options;
    // Lists of the wide channels, weighted and ranked by features.
    if (random_.uniform() < 0.3)
      options.ranking.weights = *rank::LinearRanker::of_json({{"co_watch", 3}, {"quality", 2}});
    if (random_.uniform() < 0.3) {
      auto& co_watch =
          options.ranking.channels[static_cast<std::size_t>(rank::ChannelId::kCoWatch)];
      co_watch.use = rank::ChannelSetting::Use::kAlways;
      co_watch.weight = 5;
    }
    view_ = std::make_shared<const live::CatalogView>(world_.dataset, world_.facts, marks);
    api_ = std::make_unique<Api>(options, view_);
    auto served = live::open_served(world_.dataset, world_.model, world_.facts);
    api_->state().set_model(std::move(*served));
    api_->state().set_pool(std::move(pool));
    if (random_.uniform() < 0.7) {
      const auto set = api_->state().set_rules(rules());
      EXPECT_TRUE(set) << set.error().message;
    }
  }

  static std::string id_of(std::size_t item) { return std::to_string(100 + item); }
  std::string any_id() {
    while (true) {
      const auto item = random_.below(SmallWorld::kItems);
      if (view_->find(id_of(item))) return id_of(item);
    }
  }
  const std::set<std::string>& barred() const { return barred_; }

  std::pair<int, json> get(const std::string& path, const std::string& query = "") {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    http::Response response;
    api_->handle(request, response);
    return {response.status, json::parse(response.body)};
  }

  // Controls of a list, at random.
  std::string controls() {
    std::vector<std::string> all{fmt::format("size={}", 1 + random_.below(20))};
    const auto maybe = [&](double share, std::string text) {
      if (random_.uniform() < share) all.push_back(std::move(text));
    };
    maybe(0.3, fmt::format("offset={}", random_.below(10)));
    maybe(0.3, fmt::format("popularity={:.2f}", 2 * random_.uniform() - 1));
    maybe(0.3, fmt::format("diversity={:.2f}", random_.uniform()));
    maybe(0.2, fmt::format("min_score={}", random_.below(80)));
    maybe(0.2, "max_per_genre=3");
    maybe(0.2, "same_series=false");
    maybe(0.2, "filter=year%20%3E%3D%201980");
    maybe(0.2, "boost=genre%3DComedy*1.5");
    maybe(0.2, fmt::format("pin={}", any_id()));
    maybe(0.2, fmt::format("exclude={},{}", any_id(), any_id()));
    maybe(0.2, "channels=co-watch,embedding");
    return fmt::format("{}", fmt::join(all, "&"));
  }

 private:
  json rules() {
    json list = json::array();
    list.push_back({{"type", "boost"}, {"items", "genre = Drama"}, {"factor", 1.2}});
    list.push_back({{"type", "pin"}, {"seed", id_of(3)}, {"items", {id_of(7), id_of(11)}}});
    list.push_back({{"type", "filter"}, {"when", "genre = Western"}, {"show", "year < 2010"}});
    list.push_back({{"type", "block_pair"}, {"a", id_of(4)}, {"b", id_of(8)}});
    if (random_.uniform() < 0.5) list.push_back({{"type", "cap"}, {"by", "series"}, {"max", 1U}});
    return {{"version", 1}, {"rules", list}};
  }

  SmallWorld world_;
  Random& random_;
  std::shared_ptr<const live::CatalogView> view_;
  std::unique_ptr<Api> api_;
  std::set<std::string> barred_;
};

// Every text under "id" or "movieId" inside a list, wherever it stands.
void collect_ids(const json& value, std::vector<std::string>& ids) {
  if (value.is_array()) {
    for (const auto& entry : value) collect_ids(entry, ids);
    return;
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    if (name == "id") ids.push_back(member.get<std::string>());
    if (name == "movieId")
      ids.push_back(member.is_string() ? member.get<std::string>() : member.dump());
    if (name != "seed" && name != "seeds" && name != "not") collect_ids(member, ids);
  }
}

TEST(Lists, ExplainGivesTheRankAndTheScoreOfTheList) {
  Random random(7);
  std::size_t explained = 0;
  for (int round = 0; round < 60; ++round) {
    World world(random);
    for (int request = 0; request < 6; ++request) {
      const std::string seed = world.any_id();
      const std::string controls = world.controls();
      const auto [status, list] = world.get("/api/v1/items/" + seed + "/similar", controls);
      ASSERT_EQ(status, 200) << list;
      const auto at = controls.find("offset=");
      std::size_t rank = at == std::string::npos ? 0 : std::stoul(controls.substr(at + 7));
      for (const auto& item : list["items"]) {
        ++rank;
        const auto [found, why] = world.get(
            "/api/v1/explain",
            fmt::format("seed={}&item={}&{}", seed, item["id"].get<std::string>(), controls));
        ASSERT_EQ(found, 200) << why;
        EXPECT_EQ(why["rank"], rank) << seed << ' ' << controls << '\n' << list << '\n' << why;
        EXPECT_EQ(why["score"], item["score"]) << seed << ' ' << controls << '\n' << why;
        EXPECT_EQ(why["why_not"], json::array()) << seed << ' ' << controls << '\n' << why;
        ++explained;
      }
    }
  }
  EXPECT_GT(explained, 1000U);
}

// What is not listed is ranked behind the list, or told why it may not stand in it.
TEST(Lists, ExplainRanksWhatIsNotListedBehindTheList) {
  Random random(8);
  for (int round = 0; round < 40; ++round) {
    World world(random);
    const std::string seed = world.any_id();
    const std::string controls = world.controls();
    const auto list = world.get("/api/v1/items/" + seed + "/similar", controls).second;
    std::set<std::string> listed;
    for (const auto& item : list["items"]) listed.insert(item["id"].get<std::string>());
    for (int k = 0; k < 10; ++k) {
      const std::string item = world.any_id();
      if (listed.contains(item) || item == seed) continue;
      const auto why =
          world.get("/api/v1/explain", fmt::format("seed={}&item={}&{}", seed, item, controls))
              .second;
      if (why["rank"].is_null()) {
        EXPECT_FALSE(why["why_not"].empty()) << controls << '\n' << why;
      } else if (controls.find("offset") == std::string::npos) {
        EXPECT_GT(why["rank"].get<std::size_t>(), listed.size()) << controls << '\n' << why;
      }
    }
  }
}

TEST(Lists, NothingThatMayNotBeShownStandsInAnyAnswer) {
  Random random(9);
  for (int round = 0; round < 60; ++round) {
    World world(random);
    const std::string seed = world.any_id();
    const std::string user = "u" + std::to_string(random.below(SmallWorld::kUsers));
    const std::pair<std::string, std::string> asked[] = {
        {"/api/v1/items/" + seed + "/similar", world.controls()},
        {"/api/v1/items/" + seed + "/similar", "size=1000"},
        {"/api/v1/items/" + seed + "/rows", ""},
        {"/api/v1/similar", "seeds=" + seed + "," + world.any_id() + "&" + world.controls()},
        {"/api/v1/similar", "size=100&user=" + user},
        {"/api/v1/home", "size=100&looked=" + seed},
        {"/api/v1/home", "size=100&user=" + user},
        {"/api/v1/items", "genre=Comedy&size=1000"},
        {"/api/v1/search", "q=film&size=100"},
        {"/api/v1/seeds", "kind=stratified&size=100"},
        {"/getsimilarmovie", "movieId=" + seed + "&size=1000"},
        {"/getrecommendation", "genre=Comedy&size=1000"},
        {"/getrecforyou", "id=" + user + "&size=1000"},
    };
    for (const auto& [path, query] : asked) {
      const auto [status, body] = world.get(path, query);
      ASSERT_EQ(status, 200) << path << '?' << query << '\n' << body;
      std::vector<std::string> ids;
      collect_ids(body, ids);
      for (const auto& id : ids)
        EXPECT_FALSE(world.barred().contains(id)) << id << " in " << path << '?' << query;
    }
  }
}

// Seen: DELETE an item, and it was still first in the list of SparrowRecSys's endpoint.
TEST(Lists, ARemovedItemIsInNoListOfSparrowRecSys) {
  Random random(10);
  const SmallWorld world(3);
  Api before({}, std::make_shared<const live::CatalogView>(world.dataset, world.facts));
  before.state().set_model(*live::open_served(world.dataset, world.model, world.facts));
  const auto similar = [](Api& api) {
    http::Request request;
    request.method = "GET";
    request.path = "/getsimilarmovie";
    request.query = "movieId=100&size=3";
    http::Response response;
    api.handle(request, response);
    return json::parse(response.body);
  };
  const json first = similar(before)[0]["movieId"];
  live::CatalogMarks marks;
  marks.hidden.assign(SmallWorld::kItems, 0);
  marks.removed = marks.hidden;
  const auto row = *world.dataset->catalog.find(first.dump());
  marks.hidden[row] = marks.removed[row] = 1;
  Api after({}, std::make_shared<const live::CatalogView>(world.dataset, world.facts, marks));
  after.state().set_model(*live::open_served(world.dataset, world.model, world.facts));
  for (const auto& movie : similar(after)) EXPECT_NE(movie["movieId"], first);
}

// A home with one model that is not named "fusion".
TEST(Models, TheOnlyModelIsTheDefault) {
  SmallWorld world(4);
  world.model.manifest.name = "item2vec";
  Api api({}, std::make_shared<const live::CatalogView>(world.dataset, world.facts));
  api.state().set_model(*live::open_served(world.dataset, world.model, world.facts));
  http::Request request;
  request.method = "GET";
  request.path = "/api/v1/items/100/similar";
  http::Response response;
  api.handle(request, response);
  EXPECT_EQ(response.status, 200) << response.body;
  request.path = "/api/v1/readyz";
  http::Response ready;
  api.handle(request, ready);
  EXPECT_EQ(ready.status, 200) << ready.body;
}

// Items added at run time lie beyond the end of the pool's marks.
TEST(Snapshot, MayShowKnowsItemsThatThePoolDoesNot) {
  const SmallWorld world(5);
  live::State state(std::make_shared<const live::CatalogView>(world.dataset, world.facts));
  live::CandidatePool pool;
  pool.hidden.assign(SmallWorld::kItems - 1, 0);
  pool.hidden[0] = 1;
  state.set_pool(std::move(pool));
  const auto now = state.snapshot();
  EXPECT_FALSE(now->may_show(0));
  EXPECT_TRUE(now->may_show(1));
  EXPECT_FALSE(now->may_show(SmallWorld::kItems - 1));  // not in the pool, so not to be shown yet
}

}  // namespace
}  // namespace sparrow::api
