// What can be wrong with the settings; tests/loop/kafka_test.py has a broker.
#include "sparrow/events/kafka_bridge.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sparrow::events {
namespace {

std::string wrong(const KafkaOptions& options) {
  const auto checked = check_kafka(options);
  return checked ? "" : checked.error().message;
}

TEST(KafkaSettings, AreCheckedBeforeAnythingIsAsked) {
  EXPECT_EQ(wrong({"localhost:9092"}), "");
  EXPECT_EQ(wrong({"a:1,[::1]:65535", "T.o-p_1"}), "");
  for (const char* brokers : {"", "localhost", "localhost:", ":9092", "a:0", "a:65536", "a:9092,b",
                              "user@a:9092", "http://a:80", "a:9x"})
    EXPECT_NE(wrong({brokers}).find("--events-kafka"), std::string::npos) << brokers;
  for (const std::string& topic :
       {std::string(), std::string("a b"), std::string(".."), std::string(250, 'a')})
    EXPECT_NE(wrong({"a:1", topic}).find("--events-topic"), std::string::npos) << topic;
}

TEST(KafkaSettings, OfAFileAreNamedWithoutTheirValues) {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("sparrow-kafka-{}", getpid());
  const auto with = [&](const std::string& text) {
    std::ofstream(path) << text;
    return wrong({"a:1", "t", path});
  };
  EXPECT_EQ(with("# TLS\nsecurity.protocol = sasl_ssl\n\nsasl.mechanisms=PLAIN\r\n"
                 "sasl.username=u\nsasl.password=a=b\n"),
            "");
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"\nsecurity.protocol=hunter2", "line 2"},
           {"sasl.pasword=hunter2", "\"sasl.pasword\""},
           {"hunter2", "KEY=VALUE"},
           {"acks=1", "\"acks\""},
           {"group.id=hunter2", "by the server itself"}}) {
    const std::string said = with(text);
    EXPECT_NE(said.find(part), std::string::npos) << said;
    EXPECT_NE(said.find("--events-kafka-properties"), std::string::npos) << said;
    EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
  }
  std::filesystem::remove(path);
  EXPECT_NE(wrong({"a:1", "t", path}).find(path.string()), std::string::npos);
}

}  // namespace
}  // namespace sparrow::events
