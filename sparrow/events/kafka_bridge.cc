#include "sparrow/events/kafka_bridge.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "sparrow/core/clock.h"
#include "sparrow/events/bus_message.h"
#include "sparrow/events/kafka_client.h"

namespace sparrow::events {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostAtOnce = 1000;                // messages to send, or in one transaction
constexpr std::size_t kMostReceived = 4U << 20;          // bytes of them
constexpr auto kPause = std::chrono::milliseconds(100);  // from one look at the log to the next
constexpr auto kAfterFailure = std::chrono::seconds(1);
constexpr auto kLook = std::chrono::seconds(5);  // from one look at the topic to the next

// What of a record says into which partition it goes: what one person did stays in order.
const std::string& key_of(const Event& event) {
  if (!event.user.empty()) return event.user;
  return event.session.empty() ? event.request : event.session;
}
const std::string& key_of(const Impression& list) { return unit_of(list); }
const std::string& key_of(const Exposure& exposure) { return exposure.unit; }
const std::string& key_of(const Erasure& erasure) { return erasure.user; }

// What was read of the topic in one go.
struct Batch {
  Received received;
  std::map<std::int32_t, std::int64_t> next;
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

}  // namespace

struct KafkaBridge::Bridge {
  Bridge(KafkaOptions given, EventLog& event_log) : options(std::move(given)), log(event_log) {}

  KafkaOptions options;
  EventLog& log;
  std::string name;
  Hooks hooks;

  // The clients go before what they call back.
  KafkaEar sending;
  KafkaEar receiving;
  KafkaClient sender;
  KafkaClient receiver;
  KafkaTopic send_topic;
  KafkaTopic topic;
  std::map<std::int32_t, std::int64_t> next;  // offsets by partition
  int partitions = 0;                         // that are read

  std::atomic<std::uint64_t> waiting{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> known{0};
  std::atomic<std::uint64_t> expired{0};
  std::atomic<std::uint64_t> malformed{0};
  std::atomic<bool> told_oversize{false};

  std::mutex mutex;
  std::condition_variable end;
  bool ended = false;
  std::thread send_thread;
  std::thread receive_thread;
  std::string told;  // trouble that was said

  bool has_ended() {
    const std::lock_guard lock(mutex);
    return ended;
  }
  void pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    end.wait_for(lock, time, [this] { return ended; });
  }
  std::string trouble() const;
  void tell();
  Result<void> make_sender();
  void count_waiting();
  void send_all();
  Result<void> send(const Unsent& unsent);
  void produce(const std::string& key, const std::string& text);
  void receive_all();
  Result<void> look();
  void assign();
  Batch gather();
  void add(Batch& batch, const rd_kafka_message_t& message);
  void keep(const Batch& batch);
};

std::string KafkaBridge::Bridge::trouble() const {
  std::string why = receiving.health.trouble();
  if (why.empty()) why = sending.health.trouble();
  if (why.empty()) return "";
  return fmt::format("events are not exchanged with Kafka at {}: {}", options.brokers, why);
}

// Called by the thread that receives.
void KafkaBridge::Bridge::tell() {
  const std::string now = trouble();
  if (now.empty() == told.empty()) return;
  hooks.say(now.empty()
                ? fmt::format("events are exchanged with Kafka at {} again", options.brokers)
                : "degraded: " + now + "; they are kept here and sent later");
  told = now;
}

Result<void> KafkaBridge::Bridge::make_sender() {
  send_topic.reset();
  sender.reset();
  sending.outstanding = 0;
  auto client = make_kafka_client(RD_KAFKA_PRODUCER, sender_settings(options, name), sending);
  if (!client) return client.error();
  sender = std::move(*client);
  send_topic.reset(rd_kafka_topic_new(sender.get(), options.topic.c_str(), nullptr));
  SPARROW_CHECK(send_topic != nullptr);  // check_kafka() knows what a topic is
  return {};
}

void KafkaBridge::Bridge::count_waiting() {
  if (const auto count = log.count_unsent()) waiting = *count;
}

void KafkaBridge::Bridge::send_all() {
  auto next_count = Steady::now();
  while (!has_ended()) {
    if (Steady::now() >= next_count) {
      count_waiting();
      next_count = Steady::now() + kAfterFailure;
    }
    const auto unsent = log.unsent(kMostAtOnce);
    Result<void> done;
    if (!unsent) {
      done = unsent.error();
    } else if (unsent->moved()) {
      done = send(*unsent);
      if (done) done = log.mark_sent(*unsent);
    }
    if (!done) {
      if (has_ended()) return;
      sending.health.fail(done.error().message);
      pause(kAfterFailure);
      continue;
    }
    sending.health.well();
    sent += unsent->size();
    if (unsent->size() >= kMostAtOnce) continue;
    if (sender != nullptr) rd_kafka_poll(sender.get(), 0);
    pause(kPause);
  }
}

// Returns when all of it was acknowledged by all replicas of the broker, or some of it was not.
Result<void> KafkaBridge::Bridge::send(const Unsent& unsent) {
  if (sender == nullptr ||
      rd_kafka_fatal_error(sender.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (auto made = make_sender(); !made) return made;
  }
  sending.undelivered = 0;
  for (const Event& event : unsent.events) produce(key_of(event), message_of(event, name));
  for (const Impression& list : unsent.lists) produce(key_of(list), message_of(list, name));
  for (const Exposure& exposure : unsent.exposures)
    produce(key_of(exposure), message_of(exposure, name));
  for (const Erasure& erasure : unsent.erasures)
    produce(key_of(erasure), message_of(erasure, name));
  auto next_look = Steady::now() + kAfterFailure;
  while (sending.outstanding > 0 && !has_ended()) {
    rd_kafka_poll(sender.get(), 100);
    if (Steady::now() < next_look) continue;
    // What waits longer than this waits for a broker.
    sending.health.fail("messages wait for the broker");
    count_waiting();
    next_look = Steady::now() + kAfterFailure;
  }
  if (sending.outstanding > 0) return Error{ErrorCode::kUnavailable, "stopped"};
  if (sending.undelivered > 0)
    return Error{ErrorCode::kUnavailable, "messages were not delivered: " + sending.failure};
  return {};
}

void KafkaBridge::Bridge::produce(const std::string& key, const std::string& text) {
  while (!has_ended()) {
    const int refused = rd_kafka_produce(send_topic.get(), RD_KAFKA_PARTITION_UA,
                                         RD_KAFKA_MSG_F_COPY, const_cast<char*>(text.data()),
                                         text.size(), key.data(), key.size(), nullptr);
    if (refused == 0) {
      ++sending.outstanding;
      return;
    }
    const rd_kafka_resp_err_t done = rd_kafka_last_error();
    if (done == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(sender.get(), 100);
      continue;
    }
    if (done == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      // It would hold up all others for ever.
      if (!told_oversize.exchange(true))
        hooks.say(
            fmt::format("Kafka: a list of {} bytes is more than message.max.bytes and stays "
                        "in this server's log alone; so will others",
                        text.size()));
      return;
    }
    ++sending.undelivered;
    sending.failure = rd_kafka_err2str(done);
    return;
  }
}

void KafkaBridge::Bridge::receive_all() {
  auto next_look = Steady::now();
  while (!has_ended()) {
    tell();
    if (Steady::now() >= next_look) {
      const auto looked = look();
      if (looked)
        receiving.health.well();
      else
        receiving.health.fail(looked.error().message);
      next_look = Steady::now() + (looked ? kLook : kAfterFailure);
    }
    const Batch batch = gather();
    if (batch.messages > 0) keep(batch);
  }
}

// Whether the broker answers, and how many partitions the topic has.
Result<void> KafkaBridge::Bridge::look() {
  constexpr int kTimeoutMs = 1000;
  const rd_kafka_metadata_t* raw = nullptr;
  const auto done = rd_kafka_metadata(receiver.get(), 0, topic.get(), &raw, kTimeoutMs);
  if (done != RD_KAFKA_RESP_ERR_NO_ERROR)
    return Error{ErrorCode::kUnavailable, rd_kafka_err2str(done)};
  const std::unique_ptr<const rd_kafka_metadata_t, DestroyKafkaMetadata> metadata(raw);
  if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR ||
      metadata->topics[0].partition_cnt == 0)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("topic {}: {}; make it, or let the broker make topics", options.topic,
                             metadata->topic_cnt == 1 ? rd_kafka_err2str(metadata->topics[0].err)
                                                      : "is not there")};
  if (metadata->topics[0].partition_cnt == partitions) return {};
  if (partitions == 0) {
    const auto offsets = log.offsets(options.topic);
    if (!offsets) return offsets.error();
    for (const Offset& offset : *offsets) next[offset.partition] = offset.next;
  }
  partitions = metadata->topics[0].partition_cnt;
  assign();
  return {};
}

void KafkaBridge::Bridge::assign() {
  const std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyKafkaPartitions> list(
      rd_kafka_topic_partition_list_new(partitions));
  for (std::int32_t p = 0; p < partitions; ++p) {
    const auto found = next.find(p);
    rd_kafka_topic_partition_list_add(list.get(), options.topic.c_str(), p)->offset =
        found == next.end() ? RD_KAFKA_OFFSET_BEGINNING : found->second;
  }
  rd_kafka_assign(receiver.get(), list.get());
}

Batch KafkaBridge::Bridge::gather() {
  constexpr int kFirstMs = 200;
  constexpr int kFurtherMs = 5;
  Batch batch;
  while (batch.messages < kMostAtOnce && batch.bytes < kMostReceived) {
    const std::unique_ptr<rd_kafka_message_t, DestroyKafkaMessage> message(
        rd_kafka_consumer_poll(receiver.get(), batch.messages == 0 ? kFirstMs : kFurtherMs));
    if (message == nullptr) break;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      receiving.health.fail(rd_kafka_message_errstr(message.get()));
      break;
    }
    add(batch, *message);
  }
  for (const auto& [partition, offset] : batch.next)
    batch.received.offsets.push_back({options.topic, partition, offset});
  return batch;
}

void KafkaBridge::Bridge::add(Batch& batch, const rd_kafka_message_t& message) {
  ++batch.messages;
  batch.bytes += message.len;
  batch.next[message.partition] = message.offset + 1;
  rd_kafka_timestamp_type_t type{};
  const std::int64_t stamp = rd_kafka_message_timestamp(&message, &type);
  auto read = read_message({static_cast<const char*>(message.payload), message.len},
                           stamp > 0 ? stamp : now_ms());
  if (!read) {
    if (malformed++ == 0)
      hooks.say(
          fmt::format("Kafka: a message cannot be read and is skipped, partition {}, offset "
                      "{}: {}; further ones are counted",
                      message.partition, message.offset, read.error().message));
    return;
  }
  Received& all = batch.received;
  if (auto* events = std::get_if<std::vector<Event>>(&*read))
    std::move(events->begin(), events->end(), std::back_inserter(all.events));
  else if (auto* list = std::get_if<Impression>(&*read))
    all.lists.push_back(std::move(*list));
  else if (auto* exposure = std::get_if<Exposure>(&*read))
    all.exposures.push_back(std::move(*exposure));
  else if (auto* erasure = std::get_if<Erasure>(&*read))
    all.erasures.push_back(std::move(*erasure));
}

// Nothing further is read before it is on disk.
void KafkaBridge::Bridge::keep(const Batch& batch) {
  while (!has_ended()) {
    const auto taken = log.take(batch.received);
    if (taken) {
      received += taken->kept;
      known += taken->known;
      expired += taken->expired;
      for (const auto& [partition, offset] : batch.next) next[partition] = offset;
      break;
    }
    receiving.health.fail("what was received cannot be kept: " + taken.error().message);
    tell();
    pause(kAfterFailure);
  }
  if (has_ended()) return;
  for (const Erasure& erasure : batch.received.erasures) {
    if (erasure.origin != name) hooks.erased(erasure.user);
  }
}

KafkaBridge::KafkaBridge(std::unique_ptr<Bridge> bridge) : bridge_(std::move(bridge)) {}

Result<std::unique_ptr<KafkaBridge>> KafkaBridge::open(const KafkaOptions& options, EventLog& log) {
  if (auto checked = check_kafka(options); !checked) return checked.error();
  auto bridge = std::make_unique<Bridge>(options, log);
  auto name = log.replica_name();
  if (!name) return name.error();
  bridge->name = std::move(*name);
  if (auto made = bridge->make_sender(); !made) return made.error();
  auto receiver = make_kafka_client(RD_KAFKA_CONSUMER, receiver_settings(options, bridge->name),
                                    bridge->receiving);
  if (!receiver) return receiver.error();
  bridge->receiver = std::move(*receiver);
  rd_kafka_poll_set_consumer(bridge->receiver.get());
  bridge->topic.reset(rd_kafka_topic_new(bridge->receiver.get(), options.topic.c_str(), nullptr));
  SPARROW_CHECK(bridge->topic != nullptr);
  return std::unique_ptr<KafkaBridge>(new KafkaBridge(std::move(bridge)));
}

void KafkaBridge::start(Hooks hooks) {
  bridge_->hooks = std::move(hooks);
  bridge_->send_thread = std::thread([this] { bridge_->send_all(); });
  bridge_->receive_thread = std::thread([this] { bridge_->receive_all(); });
}

KafkaBridge::~KafkaBridge() {
  {
    const std::lock_guard lock(bridge_->mutex);
    bridge_->ended = true;
  }
  bridge_->end.notify_all();
  for (std::thread* thread : {&bridge_->send_thread, &bridge_->receive_thread}) {
    if (thread->joinable()) thread->join();
  }
}

KafkaBridge::Counts KafkaBridge::counts() const {
  const Bridge& bridge = *bridge_;
  Counts counts;
  counts.waiting = bridge.waiting;
  counts.sent = bridge.sent;
  counts.received = bridge.received;
  counts.known = bridge.known;
  counts.expired = bridge.expired;
  counts.malformed = bridge.malformed;
  counts.errors = bridge.sending.health.errors() + bridge.receiving.health.errors();
  counts.trouble = bridge.trouble();
  return counts;
}

}  // namespace sparrow::events
