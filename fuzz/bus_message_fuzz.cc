// Messages that come through Kafka: read or refused with a reason; what was read is sent so that it
// is read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/events/bus_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sparrow::events;
  constexpr std::int64_t kSent = 1'796'000'000'000;
  const auto message = read_message({reinterpret_cast<const char*>(data), size}, kSent);
  if (!message) {
    if (message.error().message.empty()) std::abort();
    return 0;
  }
  const auto same = [](const auto& record) {
    const std::string text = message_of(record, record.origin);
    const auto again = read_message(text, kSent);
    if (!again) std::abort();
    using Record = std::decay_t<decltype(record)>;
    if constexpr (std::is_same_v<Record, Event>) {
      if (message_of(std::get<std::vector<Event>>(*again).at(0), record.origin) != text)
        std::abort();
    } else if (message_of(std::get<Record>(*again), record.origin) != text) {
      std::abort();
    }
  };
  if (const auto* events = std::get_if<std::vector<Event>>(&*message)) {
    for (const Event& event : *events) same(event);
  } else if (const auto* list = std::get_if<Impression>(&*message)) {
    same(*list);
  } else if (const auto* exposure = std::get_if<Exposure>(&*message)) {
    same(*exposure);
  } else if (const auto* erasure = std::get_if<Erasure>(&*message)) {
    same(*erasure);
  }
  return 0;
}
