// Scenarios and experiments on the endpoints of lists, and what becomes of it in the event log.
#include "sparrow/api/plans.h"

#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/api/api.h"
#include "sparrow/core/clock.h"
#include "sparrow/rank/small_world.h"

namespace sparrow::api {
namespace {

using nlohmann::json;
using rank::SmallWorld;

class PlansTest : public testing::Test {
 protected:
  PlansTest()
      : home_(std::filesystem::temp_directory_path() / fmt::format("sparrow-plans-{}", getpid())),
        world_(7) {
    std::filesystem::remove_all(home_);
    log_ = std::move(*events::EventLog::open({.folder = home_ / "events"}));
    options_.home = home_;
    options_.event_log = log_.get();
    options_.tokens = {{"secret-of-admin", Role::kAdmin}};
    api_ = std::make_unique<Api>(
        options_, std::make_shared<const live::CatalogView>(world_.dataset, world_.facts));
    api_->state().set_model(
        std::move(*live::open_served(world_.dataset, world_.model, world_.facts)));
  }
  ~PlansTest() override {
    api_.reset();
    log_.reset();
    std::filesystem::remove_all(home_);
  }

  std::pair<int, json> send(std::string_view method, std::string_view path,
                            std::string_view query = "", const json& body = {}, bool token = true) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    const std::string text = body.dump();
    if (!body.is_null()) {
      request.body = text;
      request.content_type = "application/json";
    }
    if (token) request.authorization = "Bearer secret-of-admin";
    http::Response response;
    api_->handle(request, response);
    return {response.status, json::parse(response.body, nullptr, false)};
  }
  // Ids of the list of the first item.
  std::vector<std::string> list(const std::string& query) {
    const auto [status, body] = send("GET", "/api/v1/items/100/similar", query);
    EXPECT_EQ(status, 200) << body;
    std::vector<std::string> ids;
    for (const auto& item : body["items"]) ids.push_back(item["id"]);
    return ids;
  }
  std::vector<events::Impression> impressions() {
    log_->flush();
    std::vector<events::Impression> all;
    EXPECT_TRUE(log_->each_impression({},
                                      [&](const events::Impression& one) {
                                        all.push_back(one);
                                        return true;
                                      })
                    .ok());
    return all;
  }
  void run_dial(const char* unit = "user") {
    const json file = {
        {"experiments",
         {{{"name", "dial"},
           {"unit", unit},
           {"variants",
            {{{"name", "control"}}, {{"name", "short"}, {"settings", {{"size", "3"}}}}}},
           {"metrics", {"click_through"}}}}}};
    const auto [status, body] = send("PUT", "/api/v1/experiments", "", file);
    ASSERT_EQ(status, 200) << body;
    const auto started =
        send("POST", "/api/v1/experiments/dial/decision", "", {{"action", "start"}});
    ASSERT_EQ(started.first, 200) << started.second;
  }

  std::filesystem::path home_;
  SmallWorld world_;
  std::unique_ptr<events::EventLog> log_;
  ApiOptions options_;
  std::unique_ptr<Api> api_;
};

TEST_F(PlansTest, AScenarioSetsWhatTheRequestDoesNotName) {
  const json file = {{"scenarios", {{{"name", "after-play"}, {"settings", {{"size", 4}}}}}}};
  ASSERT_EQ(send("PUT", "/api/v1/scenarios", "", file).first, 200);
  EXPECT_EQ(list("scenario=after-play").size(), 4U);
  EXPECT_EQ(list("scenario=after-play&size=6").size(), 6U);
  EXPECT_EQ(send("GET", "/api/v1/items/100/similar", "scenario=nowhere").first, 400);
  const auto [status, mix] =
      send("POST", "/api/v1/similar", "", {{"seeds", {"100"}}, {"scenario", "after-play"}});
  EXPECT_EQ(status, 200);
  EXPECT_EQ(mix["items"].size(), 4U);
  // Version 0 was replaced: who still has it is told.
  EXPECT_EQ(
      send("PUT", "/api/v1/scenarios", "", {{"version", 0}, {"scenarios", json::array()}}).first,
      409);
}

TEST_F(PlansTest, SettingsThatListsWouldRefuseAreRefusedBeforeTheyAreInForce) {
  for (const json& settings : {json{{"popularity", 7}}, json{{"model", "nope"}},
                               json{{"filter", "genre ="}}, json{{"user", "u"}}}) {
    const json file = {{"scenarios", {{{"name", "a"}, {"settings", settings}}}}};
    const auto [status, body] = send("PUT", "/api/v1/scenarios", "", file);
    EXPECT_EQ(status, 400) << settings << body;
  }
}

TEST_F(PlansTest, AUserHasOneVariantOnEveryEndpointAndIsExposedOnce) {
  run_dial();
  std::set<std::size_t> sizes;
  for (int u = 0; u < 40; ++u) {
    const std::string user = fmt::format("user={}", u);
    const std::size_t size = list(user).size();
    sizes.insert(size);
    EXPECT_EQ(list(user).size(), size);
    const auto [status, inspected] =
        send("GET", "/api/v1/experiments/dial/assignment", fmt::format("unit={}", u));
    EXPECT_EQ(inspected["variant"], size == 3 ? "short" : "control");
    const auto [srs_status, movies] =
        send("GET", "/getsimilarmovie", fmt::format("movieId=100&user={}", u));
    EXPECT_EQ(movies.size(), size);
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{3, 20}));
  log_->flush();
  std::size_t exposures = 0;
  EXPECT_TRUE(
      log_->each_exposure("dial", [&](const events::Exposure&) { return ++exposures > 0; }).ok());
  EXPECT_EQ(exposures, 40U);
  for (const auto& one : impressions()) {
    EXPECT_EQ(one.items.size(), one.variants == "dial:short" ? 3U : 20U);
    EXPECT_EQ(one.seed, "100");
    EXPECT_FALSE(one.request.empty());
  }
  EXPECT_EQ(impressions().size(), 120U);
}

TEST_F(PlansTest, AVariantCanBeForcedAndIsThenNoExposure) {
  run_dial();
  EXPECT_EQ(list("user=u&variant=dial:short").size(), 3U);
  EXPECT_EQ(list("user=u&variant=dial:control").size(), 20U);
  EXPECT_EQ(send("GET", "/api/v1/items/100/similar", "variant=dial:nope").first, 400);
  log_->flush();
  std::size_t exposures = 0;
  EXPECT_TRUE(
      log_->each_exposure("", [&](const events::Exposure&) { return ++exposures > 0; }).ok());
  EXPECT_EQ(exposures, 0U);
}

// Lists by session are given again from the cache; each is recorded, under its own session.
TEST_F(PlansTest, ListsThatAreGivenAgainAreRecordedToo) {
  list("");  // nobody's
  list("session=a");
  list("session=b");
  list("");
  const auto found = impressions();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].session, "a");
  EXPECT_EQ(found[1].session, "b");
  EXPECT_NE(found[0].request, found[1].request);
  EXPECT_EQ(found[0].items.size(), found[1].items.size());
}

TEST_F(PlansTest, ListsAreRecordedWithTheirTimeAndThatTheyFailed) {
  run_dial();
  EXPECT_EQ(list("user=1").size() % 17, 3U);  // 3 or 20
  EXPECT_EQ(send("GET", "/api/v1/items/100/similar", "user=1&size=-1").first, 400);
  api_ = std::make_unique<Api>(  // one that has no model yet
      options_, std::make_shared<const live::CatalogView>(world_.dataset, world_.facts));
  EXPECT_EQ(send("GET", "/api/v1/items/100/similar", "user=1").first, 503);
  const auto all = impressions();
  ASSERT_EQ(all.size(), 2U);  // what was asked wrongly is no failure
  EXPECT_GE(all[0].took_us, 0);
  EXPECT_EQ(all[0].state, events::Impression::State::kWhole);
  EXPECT_EQ(all[1].state, events::Impression::State::kFailed);
  EXPECT_EQ(all[1].seed, "100");
  EXPECT_EQ(all[1].user, "1");
  EXPECT_EQ(all[1].variants, all[0].variants);
  EXPECT_TRUE(all[1].items.empty());
}

TEST_F(PlansTest, AListThatChanceHadAPartInIsRecordedWhoeverAskedForIt) {
  for (int i = 0; i < 20; ++i) list("explore=0.5");
  log_->flush();
  std::size_t explored = 0;
  ASSERT_TRUE(log_->each_impression({},
                                    [&](const events::Impression& found) {
                                      if (events::is_explored(found)) ++explored;
                                      return true;
                                    })
                  .ok());
  EXPECT_EQ(explored, 20U);
}

// Found by measuring: a client without a token could fill the disk by naming sessions.
TEST_F(PlansTest, WhoHasNoTokenFillsNoDiskByAsking) {
  constexpr int kMost = 60'000;
  int asked = 0;
  for (; asked < kMost && log_->counts().dropped == 0; ++asked) {
    const auto status = send("GET", "/api/v1/items/100/similar",
                             "size=1&session=" + std::to_string(asked), {}, false)
                            .first;
    ASSERT_EQ(status, 200);
  }
  EXPECT_GE(asked, 20'000);
  EXPECT_LT(asked, kMost);
}

TEST_F(PlansTest, ReportsCountWhatFollowedTheExposure) {
  run_dial();
  json events = json::array();
  for (int u = 0; u < 60; ++u) {
    const auto [status, body] = send("GET", "/api/v1/items/100/similar", fmt::format("user={}", u));
    events.push_back({{"id", fmt::format("i{}", u)},
                      {"type", "impression"},
                      {"user", std::to_string(u)},
                      {"item", body["items"][0]["id"]},
                      {"request_id", body["request_id"]},
                      {"position", 0}});
    if (u % 3 == 0)
      events.push_back({{"id", fmt::format("c{}", u)},
                        {"type", "click"},
                        {"user", std::to_string(u)},
                        {"item", body["items"][0]["id"]},
                        {"request_id", body["request_id"]},
                        {"position", 0}});
  }
  log_->flush();
  ASSERT_EQ(send("POST", "/api/v1/events", "", {{"events", events}}).second["saved"], 80);
  const auto [status, report] = send("GET", "/api/v1/experiments/dial/report");
  ASSERT_EQ(status, 200) << report;
  EXPECT_EQ(report["metrics"][0]["variants"].size(), 2U);  // and two guardrails after it
  EXPECT_EQ(report["data"]["events"], 80);
}

TEST_F(PlansTest, EventsHideAndAUserCanBeForgotten) {
  const std::string first = list("user=u")[0];
  const json hide = {{"id", "h"}, {"type", "hide"}, {"user", "u"}, {"item", first}};
  EXPECT_EQ(send("POST", "/api/v1/events", "", hide, false).second["saved"], 1);
  EXPECT_EQ(send("POST", "/api/v1/events", "", hide, false).second["known"], 1);
  EXPECT_NE(list("user=u")[0], first);
  EXPECT_EQ(send("GET", "/api/v1/events").second["events"].size(), 1U);
  EXPECT_EQ(send("GET", "/api/v1/events", "", {}, false).first, 401);
  const auto [status, removed] = send("DELETE", "/api/v1/users/u");
  EXPECT_EQ(status, 200) << removed;
  EXPECT_EQ(removed["events"], 1);
  EXPECT_EQ(removed["impressions"], 2);
  EXPECT_EQ(list("user=u")[0], first);
  EXPECT_EQ(send("POST", "/api/v1/events", "", {{"type", "click"}}, false).first, 400);
}

// What the page of experiments asks for.
TEST_F(PlansTest, OptionsSplitsSizesAndTheInspectorSayWhatThereIs) {
  run_dial();
  const auto [options_status, options] = send("GET", "/api/v1/experiments/options");
  ASSERT_EQ(options_status, 200);
  EXPECT_EQ(options["metrics"][0]["name"], "click_through");
  EXPECT_NE(std::find(options["settings"].begin(), options["settings"].end(), "popularity"),
            options["settings"].end());
  EXPECT_EQ(std::find(options["settings"].begin(), options["settings"].end(), "user"),
            options["settings"].end());
  for (int u = 0; u < 60; ++u) list(fmt::format("user={}", u));
  log_->flush();
  const auto [status, splits] = send("GET", "/api/v1/experiments/splits");
  ASSERT_EQ(status, 200) << splits;
  EXPECT_EQ(splits["splits"][0]["units"], 60);
  EXPECT_EQ(splits["splits"][0]["mismatch"], false);
  EXPECT_EQ(send("GET", "/api/v1/experiments/size", "rate=0.04").first, 200);
  EXPECT_EQ(send("GET", "/api/v1/experiments/size", "rate=0.9&lift=0.5").first, 400);
  EXPECT_EQ(send("GET", "/api/v1/experiments/size", "mean=3").first, 400);
  EXPECT_EQ(send("GET", "/api/v1/experiments/size", "metric=nope").first, 400);
  EXPECT_EQ(send("GET", "/api/v1/experiments/size", "metric=conversion").first, 404);
  const auto [found, inspected] = send("GET", "/api/v1/experiments/dial/assignment", "unit=7");
  ASSERT_EQ(found, 200);
  EXPECT_EQ(inspected["exposed"]["variant"], inspected["variant"]);
  EXPECT_EQ(inspected["variants"][1]["force"], "dial:short");
  EXPECT_TRUE(inspected["layer"].is_null());
  // When somebody was here is not told without a token.
  const auto [open, stranger] =
      send("GET", "/api/v1/experiments/dial/assignment", "unit=7", {}, false);
  ASSERT_EQ(open, 200);
  EXPECT_FALSE(stranger.contains("exposed"));
  const auto unmet = send("GET", "/api/v1/experiments/dial/assignment", "unit=never").second;
  EXPECT_TRUE(unmet["exposed"].is_null());
}

// What the page of events asks for.
TEST_F(PlansTest, TheTailIsFilteredAndTheSummaryCountsWhatCameIn) {
  list("user=u");
  const json events = {
      {"events",
       {{{"type", "click"}, {"user", "u"}, {"item", "101"}, {"request_id", "r"}, {"position", 1}},
        {{"type", "click"}, {"user", "v"}, {"item", "no such"}},
        {{"type", "search"}, {"user", "u"}, {"query", "q"}}}}};
  ASSERT_EQ(send("POST", "/api/v1/events", "", events).first, 200);
  ASSERT_EQ(send("POST", "/api/v1/events", "", {{"type", "click"}}).first, 400);
  log_->flush();
  EXPECT_EQ(send("GET", "/api/v1/events", "type=click").second["events"].size(), 2U);
  EXPECT_EQ(send("GET", "/api/v1/events", "user=u&type=click,search").second["events"].size(), 2U);
  const auto one = send("GET", "/api/v1/events", "request_id=r").second;
  ASSERT_EQ(one["events"].size(), 1U);
  EXPECT_FALSE(one["events"][0]["title"].get<std::string>().empty());
  EXPECT_EQ(one["searched"], 3);
  EXPECT_FALSE(send("GET", "/api/v1/events", "user=v").second["events"][0].contains("title"));
  const auto [status, summary] = send("GET", "/api/v1/events/summary");
  ASSERT_EQ(status, 200) << summary;
  ASSERT_EQ(summary["minutes"].size(), 60U);
  int clicks = 0;
  int refused = 0;
  for (const json& minute : summary["minutes"]) {
    clicks += minute["types"].value("click", 0);
    refused += minute["refused"].get<int>();
  }
  EXPECT_EQ(clicks, 2);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(summary["log"]["up"], true);
  EXPECT_EQ(summary["quality"]["unknown_items"][0]["item"], "no such");
  EXPECT_EQ(summary["quality"]["clicks"]["list_unknown"], 1);
  EXPECT_EQ(send("GET", "/api/v1/events/summary", "", {}, false).first, 401);
  const auto [used, usage] = send("GET", "/api/v1/usage");
  ASSERT_EQ(used, 200) << usage;
  EXPECT_EQ(usage["complete"], true);
  EXPECT_EQ(usage["days"][0]["cells"][0]["lists"], 1);
}

}  // namespace
}  // namespace sparrow::api
