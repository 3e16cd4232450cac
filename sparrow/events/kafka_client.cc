#include "sparrow/events/kafka_client.h"

namespace sparrow::events {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);  // before a failure is called trouble

void hear_error(rd_kafka_t*, int, const char* reason, void* ear) {
  static_cast<KafkaEar*>(ear)->health.hear(reason);
}

void hear_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  KafkaEar& ear = *static_cast<KafkaEar*>(opaque);
  --ear.outstanding;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  ++ear.undelivered;
  ear.failure = rd_kafka_err2str(message->err);
}

}  // namespace

std::string KafkaHealth::trouble() const {
  const std::lock_guard lock(mutex_);
  return since_ && std::chrono::steady_clock::now() - *since_ > kPatience ? why_ : "";
}

Result<KafkaClient> make_kafka_client(rd_kafka_type_t type, Result<KafkaSettings> settings,
                                      KafkaEar& ear) {
  if (!settings) return settings.error();
  rd_kafka_conf_set_opaque(settings->get(), &ear);
  rd_kafka_conf_set_error_cb(settings->get(), hear_error);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(settings->get(), hear_delivery);
  char said[512] = "";
  rd_kafka_t* raw = rd_kafka_new(type, settings->get(), said, sizeof(said));
  if (raw == nullptr)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("--events-kafka-properties: the client cannot be made: {}", said)};
  (void)settings->release();  // belongs to the client now
  return KafkaClient(raw);
}

}  // namespace sparrow::events
