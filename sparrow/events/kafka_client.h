// librdkafka's objects as they are held here, and what a client says of itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "sparrow/core/result.h"
#include "sparrow/events/kafka_settings.h"

namespace sparrow::events {

struct DestroyKafkaClient {
  void operator()(rd_kafka_t* client) const {
    // Without waiting for a broker: what is not delivered is sent again after the next start.
    rd_kafka_purge(
        client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};
struct DestroyKafkaTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct DestroyKafkaMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct DestroyKafkaMetadata {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
struct DestroyKafkaPartitions {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, DestroyKafkaTopic>;
using KafkaClient = std::unique_ptr<rd_kafka_t, DestroyKafkaClient>;

// How one direction fares.
class KafkaHealth {
 public:
  void well() {
    const std::lock_guard lock(mutex_);
    since_.reset();
    heard_.clear();
  }
  void fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    ++errors_;
    if (!since_) since_ = std::chrono::steady_clock::now();
    why_ = heard_.empty() ? why : fmt::format("{} ({})", why, heard_);
  }
  // What the library says beside what it answers: it knows the address and the cause.
  void hear(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    heard_ = reason;
  }
  // Why it has failed for more than ten seconds; empty: it has not.
  std::string trouble() const;
  std::uint64_t errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> since_;
  std::string why_;
  std::string heard_;
  std::uint64_t errors_ = 0;
};

// What the library calls back with.
struct KafkaEar {
  KafkaHealth health;
  // Of what is being sent; used by its thread alone.
  std::size_t outstanding = 0;
  std::size_t undelivered = 0;
  std::string failure;
};

// A client with these settings, which says to `ear` what it has to say; that must outlive it.
// Errors: those of the settings, kInvalidInput for what the library refuses.
Result<KafkaClient> make_kafka_client(rd_kafka_type_t type, Result<KafkaSettings> settings,
                                      KafkaEar& ear);

}  // namespace sparrow::events
