#include "sparrow/store/redis_topology.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "sparrow/store/redis_connection.h"

namespace sparrow::store {
namespace {

constexpr std::array<std::uint16_t, 256> crc16_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}
constexpr auto kCrc16 = crc16_table();

// The master that one sentinel names, and that says itself that it is one.
Result<RedisEndpoint> master_by(const RedisEndpoint& sentinel, const RedisOptions& options) {
  RedisOptions plain = options;
  plain.user.clear();
  plain.password = options.sentinel_password;
  plain.db = 0;
  auto connection = RedisConnection::open(sentinel, plain);
  if (!connection) return connection.error();
  const std::array<std::string_view, 3> question{"SENTINEL", "get-master-addr-by-name",
                                                 options.service};
  auto answer = (*connection)->ask(question);
  if (!answer) return answer.error();
  const RedisValue address = answer->value();
  if (address.size() != 2) {
    return Error{ErrorCode::kInvalidInput, fmt::format("the sentinel {} knows no service \"{}\"",
                                                       sentinel.text(), options.service)};
  }
  RedisEndpoint master;
  master.host = address[0].text();
  const auto port = address[1].text();
  std::from_chars(port.data(), port.data() + port.size(), master.port);
  auto direct = RedisConnection::open(master, options);
  if (!direct) return direct.error();
  const std::array<std::string_view, 1> role{"ROLE"};
  auto is = (*direct)->ask(role);
  if (!is) return is.error();
  if (is->value().size() == 0 || is->value()[0].text() != "master") {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{} is no master any more; the sentinels have not agreed on the next",
                             master.text())};
  }
  return master;
}

}  // namespace

std::uint16_t redis_slot(std::string_view key) {
  if (const auto open = key.find('{'); open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1)
      key = key.substr(open + 1, close - open - 1);
  }
  unsigned crc = 0;
  for (const char c : key)
    crc = ((crc << 8) & 0xFFFFU) ^ kCrc16[((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xFFU];
  return static_cast<std::uint16_t>(crc % kRedisSlots);
}

RedisTopology::RedisTopology(const RedisOptions& options) : options_(options) {
  if (options.kind == RedisKind::kSingle) master_ = number_of(options.endpoints.front());
}

Result<void> RedisTopology::refresh() {
  switch (options_.kind) {
    case RedisKind::kSingle:
      return {};
    case RedisKind::kSentinel:
      return ask_sentinels();
    case RedisKind::kCluster:
      return ask_cluster();
  }
  return {};
}

Result<void> RedisTopology::ask_sentinels() {
  Error last{ErrorCode::kUnavailable, "no sentinel is named"};
  for (const auto& sentinel : options_.endpoints) {
    auto master = master_by(sentinel, options_);
    if (!master) {
      last = master.error();
      continue;
    }
    const std::unique_lock lock(mutex_);
    master_ = number_of(*master);
    return {};
  }
  return last;
}

Result<void> RedisTopology::ask_cluster() {
  std::vector<RedisEndpoint> candidates = masters();
  candidates.insert(candidates.end(), options_.endpoints.begin(), options_.endpoints.end());
  Error last{ErrorCode::kUnavailable, "no node of the cluster is named"};
  for (const auto& candidate : candidates) {
    auto connection = RedisConnection::open(candidate, options_);
    if (!connection) {
      last = connection.error();
      continue;
    }
    const std::array<std::string_view, 2> question{"CLUSTER", "SLOTS"};
    auto answer = (*connection)->ask(question);
    if (!answer) {
      last = answer.error();
      continue;
    }
    const std::unique_lock lock(mutex_);
    slots_.assign(kRedisSlots, -1);
    for (std::size_t i = 0; i < answer->value().size(); ++i) {
      const RedisValue range = answer->value()[i];
      if (range.size() < 3 || range[2].size() < 2) continue;
      RedisEndpoint master;
      master.host = range[2][0].text().empty() ? candidate.host : range[2][0].text();
      master.port = static_cast<int>(range[2][1].integer());
      const int number = number_of(master);
      const auto first = std::clamp<std::int64_t>(range[0].integer(), 0, kRedisSlots - 1);
      const auto end = std::clamp<std::int64_t>(range[1].integer() + 1, first, kRedisSlots);
      std::fill(slots_.begin() + first, slots_.begin() + end, number);
    }
    return {};
  }
  return last;
}

int RedisTopology::number_of(const RedisEndpoint& endpoint) {
  const auto found = std::find(nodes_.begin(), nodes_.end(), endpoint);
  if (found != nodes_.end()) return static_cast<int>(found - nodes_.begin());
  nodes_.push_back(endpoint);
  return static_cast<int>(nodes_.size()) - 1;
}

int RedisTopology::node_number(std::string_view key) const {
  const std::shared_lock lock(mutex_);
  return slots_.empty() ? master_ : slots_[redis_slot(key)];
}

RedisEndpoint RedisTopology::node(int number) const {
  const std::shared_lock lock(mutex_);
  return nodes_.at(static_cast<std::size_t>(number));
}

Result<RedisEndpoint> RedisTopology::node_of(std::string_view key) const {
  const int number = node_number(key);
  if (number >= 0) return node(number);
  return Error{
      ErrorCode::kUnavailable,
      fmt::format("no Redis node serves slot {}: the cluster or its sentinels are not whole",
                  redis_slot(key))};
}

void RedisTopology::moved(std::uint16_t slot, const RedisEndpoint& to) {
  const std::unique_lock lock(mutex_);
  if (slots_.empty()) slots_.assign(kRedisSlots, master_);
  slots_[slot % kRedisSlots] = number_of(to);
}

std::vector<RedisEndpoint> RedisTopology::masters() const {
  const std::shared_lock lock(mutex_);
  std::set<int> numbers(slots_.begin(), slots_.end());
  if (slots_.empty()) numbers.insert(master_);
  numbers.erase(-1);
  std::vector<RedisEndpoint> found;
  found.reserve(numbers.size());
  for (const int number : numbers) found.push_back(nodes_[static_cast<std::size_t>(number)]);
  return found;
}

}  // namespace sparrow::store
