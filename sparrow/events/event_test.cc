#include "sparrow/events/event.h"

#include <gtest/gtest.h>

namespace sparrow::events {
namespace {

using nlohmann::json;
constexpr std::int64_t kNow = 1'796'000'000'000;  // 2026-11-30

std::vector<Event> read(std::string_view text) {
  auto events = read_events(json::parse(text), kNow);
  EXPECT_TRUE(events.ok()) << (events ? "" : events.error().message);
  return events ? *events : std::vector<Event>();
}

std::string refusal(std::string_view text) {
  const auto events = read_events(json::parse(text), kNow);
  EXPECT_FALSE(events.ok());
  return events ? "" : events.error().message;
}

TEST(Event, ReadsAListOneAndAnArray) {
  const auto* one = R"({"id":"a","type":"click","user":"u","item":"589","request_id":"r-1",
                        "position":3,"time":"2026-11-30T10:00:00.250Z"})";
  for (const std::string& text : {std::string(one), "[" + std::string(one) + "]",
                                  "{\"events\":[" + std::string(one) + "]}"}) {
    const auto events = read(text);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].id, "a");
    EXPECT_EQ(events[0].item, "589");
    EXPECT_EQ(events[0].request, "r-1");
    EXPECT_EQ(events[0].position, 3);
    EXPECT_EQ(events[0].time_ms % 1000, 250);
    EXPECT_EQ(to_json(events[0])["time"], "2026-11-30T10:00:00.250Z");
  }
}

TEST(Event, TimesAreSecondsMillisecondsOrText) {
  const auto events = read(R"([{"type":"click","item":1,"time":1795946400},
                               {"type":"click","item":1,"time":1795946400000},
                               {"type":"click","item":1,"time":"2026-11-29T10:00:00Z"},
                               {"type":"click","item":1}])");
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].time_ms, events[1].time_ms);
  EXPECT_EQ(events[0].time_ms, events[2].time_ms);
  EXPECT_EQ(events[3].time_ms, kNow);
  EXPECT_EQ(events[0].item, "1");  // numbers are ids too
}

TEST(Event, WithoutAnIdTheSameContentIsTheSameEvent) {
  const auto events = read(R"([{"type":"click","item":"1","user":"u","time":1795946400},
                               {"type":"click","item":"1","user":"u","time":1795946400},
                               {"type":"click","item":"2","user":"u","time":1795946400},
                               {"type":"click","item":"1","user":"u"},
                               {"type":"click","item":"1","user":"u"}])");
  EXPECT_EQ(events[0].id, events[1].id);
  EXPECT_NE(events[0].id, events[2].id);
  EXPECT_NE(events[3].id, events[4].id);  // without a time: two clicks
}

TEST(Event, RefusesAndNamesTheEventAndTheMember) {
  EXPECT_NE(refusal(R"([{"type":"click","item":"1"},{"type":"click"}])").find("event 1: \"item\""),
            std::string::npos);
  for (const auto& [text, part] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"type":"Click!","item":"1"})", "\"type\""},
           {R"({"item":"1"})", "\"type\""},
           {R"({"type":"click","itme":"1"})", "\"itme\" is not a member"},
           {R"({"type":"rating","item":"1"})", "\"value\" is missing"},
           {R"({"type":"click","item":"1","position":-1})", "\"position\""},
           {R"({"type":"click","item":"1","time":"yesterday"})", "\"time\""},
           {R"({"type":"click","item":"1","time":"2031-01-01"})", "\"time\""},
           {R"({"type":"click","item":"1","value":"3"})", "\"value\""},
           {R"({"type":"click","item":{}})", "\"item\" must be a text"},
           {R"({"events":[]})", "empty"},
           {R"({"events":[1]})", "not an object"},
           {R"("click")", "must be"}}) {
    const std::string said = refusal(text);
    EXPECT_NE(said.find(part), std::string::npos) << text << ": " << said;
  }
}

TEST(Event, TakesUserBehaviorInsightsAsTheyAre) {
  const auto events = read(R"([{"application":"shop","action_name":"click_through",
      "query_id":"00112233-4455-6677-8899-aabbccddeeff","session_id":"s","client_id":"c",
      "timestamp":"2026-11-30T01:02:03.400+00:00","message_type":"CLICK_THROUGH","message":"x",
      "event_attributes":{"object":{"object_id":"XYZ-12345","object_id_field":"sku","name":"n"},
                          "position":{"ordinal":1},"more":{"a":[1]}}},
     {"action_name":"on_search","client_id":"c","user_id":"u","timestamp":"2026-11-30T01:02:03Z",
      "message":"red shoes"},
     {"action_name":"add_to_cart","timestamp":"2026-11-30T01:02:03Z",
      "event_attributes":{"object":{"object_id":77},"position":{"xy":{"x":1,"y":2}}}}])");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].type, "click");
  EXPECT_EQ(events[0].user, "c");
  EXPECT_EQ(events[0].item, "XYZ-12345");
  EXPECT_EQ(events[0].position, 0);
  EXPECT_EQ(events[0].request, "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(events[1].type, "search");
  EXPECT_EQ(events[1].user, "u");
  EXPECT_EQ(events[1].text, "red shoes");
  EXPECT_EQ(events[2].type, "add_to_cart");
  EXPECT_EQ(events[2].item, "77");
}

}  // namespace
}  // namespace sparrow::events
