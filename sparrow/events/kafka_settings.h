// Settings of librdkafka's clients: ours, and those of the operator's file.
#pragma once

#include <memory>

#include <librdkafka/rdkafka.h>

#include "sparrow/core/result.h"
#include "sparrow/events/kafka_bridge.h"

namespace sparrow::events {

struct DestroyKafkaSettings {
  void operator()(rd_kafka_conf_t* settings) const { rd_kafka_conf_destroy(settings); }
};
using KafkaSettings = std::unique_ptr<rd_kafka_conf_t, DestroyKafkaSettings>;

// Of the thread that sends, or of the one that receives; `name` is the replica's. Errors: as
// check_kafka().
Result<KafkaSettings> sender_settings(const KafkaOptions& options, const std::string& name);
Result<KafkaSettings> receiver_settings(const KafkaOptions& options, const std::string& name);

}  // namespace sparrow::events
