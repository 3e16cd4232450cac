// KafkaBridge: a Kafka topic as the bus between the event logs of several servers. What a server
// took in is in its own log first; from there it is sent, and what the others sent is put beside it
// with the offsets in the same transaction. So all logs end with the same events, whatever is
// killed meanwhile. docs/events.md, "Several servers: Kafka".
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "sparrow/core/result.h"
#include "sparrow/events/event_log.h"

namespace sparrow::events {

struct KafkaOptions {
  std::string brokers;  // "HOST:PORT,HOST:PORT"
  std::string topic = "sparrow-events";
  std::filesystem::path properties;  // lines KEY=VALUE of librdkafka's own keys; empty: none
};

// What is wrong with them, without asking the network. Errors: kInvalidInput naming the option of
// `sparrow serve` and what to do; values of properties are never in the message.
Result<void> check_kafka(const KafkaOptions& options);

// Two threads of its own: one sends, one receives.
class KafkaBridge {
 public:
  // `log` was opened with `exchanges` and must outlive the bridge. Errors: as check_kafka(), and of
  // the log. A broker that does not answer is none.
  static Result<std::unique_ptr<KafkaBridge>> open(const KafkaOptions& options, EventLog& log);
  ~KafkaBridge();

  struct Hooks {
    std::function<void(const std::string& line)> say;     // for people, rarely
    std::function<void(const std::string& user)> erased;  // another replica erased this user
  };
  void start(Hooks hooks);

  struct Counts {
    std::uint64_t waiting = 0;    // not sent yet
    std::uint64_t sent = 0;       // since the start, as all below
    std::uint64_t received = 0;   // and new here
    std::uint64_t known = 0;      // received and there already: own ones, or sent twice
    std::uint64_t expired = 0;    // older than what is kept, or than the erasure of their user
    std::uint64_t malformed = 0;  // messages that could not be read, and were skipped
    std::uint64_t errors = 0;     // times that the broker or the log failed
    std::string trouble;          // for more than ten seconds; empty: none
  };
  Counts counts() const;

 private:
  struct Bridge;
  explicit KafkaBridge(std::unique_ptr<Bridge> bridge);
  std::unique_ptr<Bridge> bridge_;
};

}  // namespace sparrow::events
