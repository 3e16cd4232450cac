#include "sparrow/events/intake.h"

#include <algorithm>

namespace sparrow::events {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

// Adds what a batch says to a minute, all but the types.
void count_oddities(std::span<const Event> events, std::int64_t now_ms, IntakeMinute& minute) {
  for (const Event& event : events) {
    if (!event.item.empty() && event.request.empty()) ++minute.without_request;
    if (event.user.empty() && event.session.empty()) ++minute.without_user;
    const std::int64_t ahead = event.time_ms - now_ms;
    if (ahead > Intake::kAheadMs) ++minute.ahead;
    if (-ahead > Intake::kLateMs) ++minute.late;
    if (ahead > Intake::kAheadMs) minute.most_ahead_ms = std::max(minute.most_ahead_ms, ahead);
  }
}

// By type, in the batch's own order of first appearance: batches have few types.
std::vector<std::pair<std::string_view, std::uint64_t>> types_of(std::span<const Event> events) {
  std::vector<std::pair<std::string_view, std::uint64_t>> types;
  for (const Event& event : events) {
    const auto found = std::find_if(types.begin(), types.end(),
                                    [&](const auto& known) { return known.first == event.type; });
    if (found != types.end())
      ++found->second;
    else if (types.size() < Intake::kMostTypes)
      types.emplace_back(event.type, 1);
    else
      ++types.back().second;
  }
  return types;
}

}  // namespace

IntakeMinute& Intake::at(std::int64_t minute) {
  IntakeMinute& place = ring_[static_cast<std::size_t>(minute) % kMinutes];
  if (place.minute != minute) {
    place = {};
    place.minute = minute;
  }
  return place;
}

void Intake::take(std::span<const Event> events, const EventLog::Appended& appended,
                  std::size_t unknown_items, std::int64_t now_ms) {
  IntakeMinute batch;
  count_oddities(events, now_ms, batch);
  const auto types = types_of(events);
  const std::lock_guard lock(mutex_);
  IntakeMinute& minute = at(now_ms / kMinuteMs);
  for (const auto& [type, count] : types) {
    const bool known = minute.types.size() < kMostTypes || minute.types.contains(std::string(type));
    minute.types[known ? std::string(type) : "other"] += count;
  }
  minute.events += events.size();
  minute.known += appended.known;
  minute.expired += appended.expired;
  minute.unknown_items += unknown_items;
  minute.without_request += batch.without_request;
  minute.without_user += batch.without_user;
  minute.ahead += batch.ahead;
  minute.late += batch.late;
  minute.most_ahead_ms = std::max(minute.most_ahead_ms, batch.most_ahead_ms);
}

void Intake::refuse(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  ++at(now_ms / kMinuteMs).refused;
}

std::vector<IntakeMinute> Intake::minutes(std::int64_t now_ms) const {
  const std::int64_t last = now_ms / kMinuteMs;
  std::vector<IntakeMinute> list;
  const std::lock_guard lock(mutex_);
  for (std::int64_t minute = last - static_cast<std::int64_t>(kMinutes) + 1; minute <= last;
       ++minute) {
    const IntakeMinute& place = ring_[static_cast<std::size_t>(minute) % kMinutes];
    list.push_back(place.minute == minute ? place : IntakeMinute{.minute = minute});
  }
  return list;
}

}  // namespace sparrow::events
