#include "sparrow/events/bus_message.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sparrow::events {
namespace {

constexpr std::int64_t kSent = 1'796'000'000'250;  // November 2026

template <typename T>
T read_back(const std::string& text) {
  auto message = read_message(text, kSent);
  EXPECT_TRUE(message.ok()) << (message ? "" : message.error().message);
  return message ? std::get<T>(*message) : T();
}

TEST(BusMessage, WhatIsSentIsReadAgain) {
  Event event;
  event.id = "e";
  event.type = "rating";
  event.user = "Zoë 雨";
  event.session = "s";
  event.item = "589";
  event.request = "r-1";
  event.position = 3;
  event.time_ms = kSent;
  event.value = 4.5;
  const auto events = read_back<std::vector<Event>>(message_of(event, "here"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(to_json(events[0]), to_json(event));
  EXPECT_EQ(events[0].time_ms, kSent);
  EXPECT_EQ(events[0].origin, "here");

  Impression list;
  list.request = "r-1";
  list.time_ms = kSent;
  list.user = "u";
  list.session = "s";
  list.scenario = "movie-page";
  list.model = "fusion@3";
  list.rules = 7;
  list.variants = "dial:b";
  list.seed = "589";
  list.offset = 10;
  list.items = {{"1", 5, 1}, {"say \"hi\"", 0, 0.3F}};
  list.took_us = 1234;
  list.state = Impression::State::kFailed;
  const auto again = read_back<Impression>(message_of(list, "here"));
  EXPECT_EQ(to_json(again), to_json(list));
  EXPECT_EQ(again.items[1].propensity, 0.3F);
  EXPECT_EQ(again.items[0].channels, 5U);

  const auto exposure = read_back<Exposure>(message_of(Exposure{"dial", "u", "b", kSent, ""}, "x"));
  EXPECT_EQ(exposure.experiment + exposure.unit + exposure.variant, "dialub");
  EXPECT_EQ(exposure.time_ms, kSent);
  const auto erasure = read_back<Erasure>(message_of(Erasure{"u", {"s1", "s2"}, kSent, ""}, "x"));
  EXPECT_EQ(erasure.user, "u");
  EXPECT_EQ(erasure.sessions, (std::vector<std::string>{"s1", "s2"}));
  EXPECT_EQ(erasure.until_ms, kSent);
}

TEST(BusMessage, WhatOtherProgramsSendIsReadAsThePostIs) {
  const auto events = read_back<std::vector<Event>>(
      R"({"action_name":"click_through","query_id":"q","client_id":"b","event_attributes":
          {"object":{"object_id":"589"},"position":{"ordinal":3}}})");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, "click");
  EXPECT_EQ(events[0].time_ms, kSent);  // of the message: the same for every replica
  EXPECT_EQ(events[0].origin, "-");
  EXPECT_EQ(
      read_back<std::vector<Event>>(R"([{"type":"click","item":"1"},{"type":"play","item":"2"}])")
          .size(),
      2U);
}

TEST(BusMessage, WhatIsWrongIsSaid) {
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "no JSON"},
           {"nonsense", "no JSON"},
           {"3", "no JSON"},
           {std::string(10'000, '['), "no JSON"},
           {std::string(5'000, '[') + std::string(5'000, ']'), "too deep"},
           {R"({"kind":"visit"})", "\"kind\""},
           {R"({"kind":"event","type":"click"})", "\"item\""},
           {R"({"kind":"list","request_id":"r"})", "\"items\""},
           {R"({"kind":"list","request_id":"r","items":[{"id":"1","propensity":0}]})",
            "propensity"},
           {R"({"kind":"list","items":[]})", "\"request_id\""},
           {R"({"kind":"list","request_id":"r","items":[],"state":"late"})", "\"state\""},
           {R"({"kind":"exposure","experiment":"x","unit":"u"})", "\"variant\""},
           {R"({"kind":"erasure"})", "\"user\""},
           {R"({"kind":"erasure","user":"u","sessions":[1]})", "\"sessions\""}}) {
    const auto message = read_message(text, kSent);
    ASSERT_FALSE(message.ok()) << text.substr(0, 80);
    EXPECT_NE(message.error().message.find(part), std::string::npos) << message.error().message;
  }
}

}  // namespace
}  // namespace sparrow::events
