#include "sparrow/data/interaction_builder.h"

#include <algorithm>
#include <charconv>

namespace sparrow::data {

Row InteractionBuilder::item_row(std::string_view id,
                                 const std::unordered_map<std::string, Row>& rows) {
  constexpr std::uint32_t kTable = 1U << 21;
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(id.data(), id.data() + id.size(), number);
  const bool canonical = parsed.ec == std::errc() && parsed.ptr == id.data() + id.size() &&
                         number < kTable && (id.size() == 1 || id.front() != '0');
  const auto look_up = [&] {
    const auto found = rows.find(std::string(id));
    return found == rows.end() ? kNoRow : found->second;
  };
  if (!canonical) return look_up();
  if (number >= numeric_.size())
    numeric_.resize(std::max<std::size_t>(number + 1, numeric_.size() * 2), 0);
  if (numeric_[number] == 0) {
    const Row row = look_up();
    numeric_[number] = row == kNoRow ? 1 : row + 2;
  }
  return numeric_[number] == 1 ? kNoRow : numeric_[number] - 2;
}

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
  Interactions result;
  result.offsets.assign(user_ids_.size() + 1, 0);
  for (const Event& e : events_) ++result.offsets[e.user + 1];
  for (std::size_t u = 0; u < user_ids_.size(); ++u) result.offsets[u + 1] += result.offsets[u];
  std::vector<Event> sorted(events_.size());
  std::vector<std::uint64_t> next(result.offsets.begin(), result.offsets.end());
  for (const Event& e : events_) sorted[next[e.user]++] = e;
  std::vector<Event>().swap(events_);
  std::vector<Row> seen;
  for (std::size_t u = 0; u < user_ids_.size(); ++u) {
    const auto begin = sorted.begin() + static_cast<std::ptrdiff_t>(result.offsets[u]);
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(result.offsets[u + 1]);
    std::stable_sort(begin, end, [](const Event& a, const Event& b) { return a.time < b.time; });
    seen.clear();
    for (auto it = begin; it != end; ++it) seen.push_back(it->item);
    std::sort(seen.begin(), seen.end());
    duplicates += static_cast<std::uint64_t>(seen.end() - std::unique(seen.begin(), seen.end()));
  }
  result.items.reserve(sorted.size());
  result.values.reserve(sorted.size());
  result.times.reserve(sorted.size());
  for (const Event& e : sorted) {
    result.items.push_back(e.item);
    result.values.push_back(e.value);
    result.times.push_back(e.time);
  }
  users = std::move(user_ids_);
  return result;
}

}  // namespace sparrow::data
