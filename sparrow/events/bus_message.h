// What replicas tell each other: one JSON document for an event, a list, an exposure or an erasure,
// in the form of `sparrow events export` with "kind" and "origin" (docs/formats.md). Documents
// without a kind are what POST /api/v1/events takes: other programs send them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/events/event.h"
#include "sparrow/events/exchange.h"

namespace sparrow::events {

std::string message_of(const Event& event, std::string_view origin);
std::string message_of(const Impression& list, std::string_view origin);
std::string message_of(const Exposure& exposure, std::string_view origin);
std::string message_of(const Erasure& erasure, std::string_view origin);

using Message = std::variant<std::vector<Event>, Impression, Exposure, Erasure>;

// `sent_ms` is the time of what names none. Errors: kInvalidInput saying what is wrong.
Result<Message> read_message(std::string_view bytes, std::int64_t sent_ms);

}  // namespace sparrow::events
