#include "sparrow/events/kafka_settings.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sparrow/core/file.h"

namespace sparrow::events {
namespace {

struct KafkaProperty {
  std::string key;
  std::string value;
};

// Delivery and order rest on these; another value would lose or double events.
constexpr std::string_view kReserved[] = {"bootstrap.servers",
                                          "metadata.broker.list",
                                          "enable.idempotence",
                                          "acks",
                                          "request.required.acks",
                                          "group.id",
                                          "auto.offset.reset",
                                          "enable.auto.commit",
                                          "enable.auto.offset.store",
                                          "enable.partition.eof",
                                          "client.id",
                                          "transactional.id"};

Error settings_error(const KafkaOptions& options, std::size_t line, std::string_view what) {
  return Error{ErrorCode::kInvalidInput, fmt::format("--events-kafka-properties {}: line {}: {}",
                                                     options.properties.string(), line, what)};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// The library would name the value in its message: it may be a password.
Result<void> set_property(rd_kafka_conf_t* settings, const KafkaOptions& options,
                          std::string_view line, std::size_t number) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return settings_error(options, number, "is no KEY=VALUE");
  const std::string key(trimmed(line.substr(0, equals)));
  const std::string value(trimmed(line.substr(equals + 1)));
  if (std::find(std::begin(kReserved), std::end(kReserved), key) != std::end(kReserved))
    return settings_error(options, number,
                          fmt::format("\"{}\" is set by the server itself: take it out", key));
  std::array<char, 512> said{};
  const auto done =
      rd_kafka_conf_set(settings, key.c_str(), value.c_str(), said.data(), said.size());
  if (done == RD_KAFKA_CONF_UNKNOWN)
    return settings_error(options, number,
                          fmt::format("\"{}\" is no property of librdkafka {}: see its "
                                      "CONFIGURATION.md",
                                      key, rd_kafka_version_str()));
  if (done == RD_KAFKA_CONF_INVALID)
    return settings_error(options, number, fmt::format("the value of \"{}\" is not taken", key));
  return {};
}

Result<void> read_properties(rd_kafka_conf_t* settings, const KafkaOptions& options) {
  if (options.properties.empty()) return {};
  constexpr std::uint64_t kMostBytes = 1 << 20;
  const auto text = read_file(options.properties, kMostBytes);
  if (!text)
    return Error{ErrorCode::kInvalidInput, "--events-kafka-properties: " + text.error().message};
  std::istringstream lines(*text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#') continue;
    if (auto done = set_property(settings, options, content, number); !done) return done;
  }
  return {};
}

// What the library would print goes nowhere: what matters comes as an error (kafka_bridge.cc).
void hear_nothing(const rd_kafka_t*, int, const char*, const char*) {}

struct OwnSetting {
  const char* key;
  std::string value;
};

Result<KafkaSettings> made_settings(const KafkaOptions& options, const std::string& name,
                                    const std::vector<OwnSetting>& before,
                                    const std::vector<OwnSetting>& after) {
  KafkaSettings settings(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(settings.get(), hear_nothing);
  const auto set = [&](const OwnSetting& own) {
    std::array<char, 512> said{};
    const auto done =
        rd_kafka_conf_set(settings.get(), own.key, own.value.c_str(), said.data(), said.size());
    return done == RD_KAFKA_CONF_OK;
  };
  for (const OwnSetting& own : before) SPARROW_CHECK(set(own));
  if (auto read = read_properties(settings.get(), options); !read) return read.error();
  if (!set({"bootstrap.servers", options.brokers}))
    return Error{ErrorCode::kInvalidInput, "--events-kafka: is no list HOST:PORT,HOST:PORT"};
  SPARROW_CHECK(set({"client.id", "sparrow-" + name}));
  for (const OwnSetting& own : after) SPARROW_CHECK(set(own));
  return settings;
}

// A broker that came back is found soon; the operator's file may say otherwise.
const std::vector<OwnSetting>& usual_settings() {
  static const std::vector<OwnSetting> settings = {{"reconnect.backoff.max.ms", "2000"},
                                                   {"socket.keepalive.enable", "true"},
                                                   {"linger.ms", "5"},
                                                   {"compression.type", "lz4"},
                                                   {"message.timeout.ms", "60000"},
                                                   {"queue.buffering.max.messages", "10000"},
                                                   {"queue.buffering.max.kbytes", "32768"},
                                                   {"queued.max.messages.kbytes", "8192"}};
  return settings;
}

}  // namespace

Result<KafkaSettings> sender_settings(const KafkaOptions& options, const std::string& name) {
  return made_settings(options, name, usual_settings(),
                       {{"enable.idempotence", "true"}, {"acks", "all"}});
}

Result<KafkaSettings> receiver_settings(const KafkaOptions& options, const std::string& name) {
  // The group is never joined: every replica reads all partitions, from its own offsets.
  return made_settings(options, name, usual_settings(),
                       {{"group.id", "sparrow-" + name},
                        {"enable.auto.commit", "false"},
                        {"enable.auto.offset.store", "false"},
                        {"auto.offset.reset", "earliest"},
                        {"allow.auto.create.topics", "true"}});
}

Result<void> check_kafka(const KafkaOptions& options) {
  const auto wrong = [](const std::string& what) { return Error{ErrorCode::kInvalidInput, what}; };
  if (options.brokers.empty()) return wrong("--events-kafka: is empty; name HOST:PORT");
  std::istringstream brokers(options.brokers);
  for (std::string broker; std::getline(brokers, broker, ',');) {
    const auto colon = broker.rfind(':');
    const std::string port = colon == std::string::npos ? "" : broker.substr(colon + 1);
    const bool number = !port.empty() && port.size() <= 5 &&
                        port.find_first_not_of("0123456789") == std::string::npos &&
                        std::stoi(port) > 0 && std::stoi(port) < 65'536;
    if (!number || colon == 0 || broker.find_first_of(" /@") != std::string::npos)
      return wrong(
          fmt::format("--events-kafka: \"{}\" is no HOST:PORT, such as localhost:9092", broker));
  }
  constexpr std::size_t kMostTopic = 249;
  const bool plain = std::all_of(options.topic.begin(), options.topic.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!plain || options.topic.empty() || options.topic.size() > kMostTopic ||
      options.topic == "." || options.topic == "..")
    return wrong("--events-topic: a topic has 1 to 249 of a-z, A-Z, 0-9, \".\", \"_\" and \"-\"");
  if (auto settings = sender_settings(options, "check"); !settings) return settings.error();
  if (auto settings = receiver_settings(options, "check"); !settings) return settings.error();
  return {};
}

}  // namespace sparrow::events
