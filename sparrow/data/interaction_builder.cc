#include "sparrow/data/interaction_builder.h"

#include <algorithm>

namespace sparrow::data {

void InteractionBuilder::add(std::string_view user, Row item, float value, std::int64_t time) {
  if (!same_user_as_before(user)) {
    const auto [slot, fresh] =
        users_.try_emplace(std::string(user), static_cast<std::uint32_t>(user_ids_.size()));
    if (fresh) user_ids_.emplace_back(user);
    last_user_ = slot->second;
  }
  events_.push_back({last_user_, item, value, time});
}

Interactions InteractionBuilder::build(std::vector<std::string>& users, std::uint64_t& duplicates) {
  std::vector<std::uint64_t> offsets(user_ids_.size() + 1, 0);
  for (const Event& e : events_) ++offsets[e.user + 1];
  for (std::size_t u = 0; u < user_ids_.size(); ++u) offsets[u + 1] += offsets[u];
  std::vector<Event> sorted(events_.size());
  std::vector<std::uint64_t> next(offsets.begin(), offsets.end());
  for (const Event& e : events_) sorted[next[e.user]++] = e;
  std::vector<Event>().swap(events_);
  std::vector<Row> seen;
  for (std::size_t u = 0; u < user_ids_.size(); ++u) {
    const auto begin = sorted.begin() + static_cast<std::ptrdiff_t>(offsets[u]);
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(offsets[u + 1]);
    std::stable_sort(begin, end, [](const Event& a, const Event& b) { return a.time < b.time; });
    seen.clear();
    for (auto it = begin; it != end; ++it) seen.push_back(it->item);
    std::sort(seen.begin(), seen.end());
    duplicates += static_cast<std::uint64_t>(seen.end() - std::unique(seen.begin(), seen.end()));
  }
  Interactions result;
  result.offsets = std::move(offsets);
  for (const Event& e : sorted) {
    result.items.push_back(e.item);
    result.values.push_back(e.value);
    result.times.push_back(e.time);
  }
  users = std::move(user_ids_);
  return result;
}

}  // namespace sparrow::data
