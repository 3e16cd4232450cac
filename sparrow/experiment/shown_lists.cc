#include "sparrow/experiment/shown_lists.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/experiment/hash.h"

namespace sparrow::experiment {
namespace {

void add_list(const events::Impression& list, ShownLists& shown) {
  ShownList entry;
  entry.seed = shown.items.number(list.seed);
  entry.unit = shown.units.number(events::unit_of(list));
  entry.first = static_cast<std::uint32_t>(shown.places.size());
  entry.size = static_cast<std::uint32_t>(list.items.size());
  for (const auto& item : list.items)
    shown.places.push_back({shown.items.number(item.item), item.propensity, 0});
  shown.lists.push_back(entry);
}

// One reward an item, or the sum of the values.
void add_reward(const events::Event& event, const ShownList& list, ShownLists& shown) {
  const std::uint32_t item = shown.items.find(event.item);
  const auto* type = events::find_event_type(event.type);
  const bool has_value = type == nullptr || !type->value.empty();
  for (std::uint32_t p = list.first; p < list.first + list.size; ++p) {
    if (shown.places[p].item != item) continue;
    float& reward = shown.places[p].reward;
    if (has_value && !std::isnan(event.value))
      reward += static_cast<float>(event.value);
    else
      reward = 1;
    return;
  }
}

}  // namespace

std::uint32_t Names::number(const std::string& name) {
  const auto [found, added] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (added) names_.push_back(name);
  return found->second;
}

std::uint32_t Names::find(const std::string& name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? kNoName : found->second;
}

Result<ShownLists> shown_lists(const Records& records, const ShownOptions& options) {
  ShownLists shown;
  std::unordered_map<std::uint64_t, std::uint32_t> by_request;
  bool too_many = false;
  auto read = records.impressions(options.span, [&](const events::Impression& list) {
    if (list.offset != 0 || list.items.empty() || too_many) return;
    if (!options.scenario.empty() && list.scenario != options.scenario) return;
    if (options.only_explored && !events::is_explored(list)) return;
    if (list.seed.empty()) {
      ++shown.without_seed;
      return;
    }
    too_many = shown.lists.size() == options.most_lists;
    if (too_many) return;
    by_request.emplace(xxh64(list.request, 0), static_cast<std::uint32_t>(shown.lists.size()));
    add_list(list, shown);
  });
  if (!read) return read.error();
  if (too_many)
    return Error{ErrorCode::kExhausted,
                 fmt::format("there are more than {} lists: take fewer days", options.most_lists)};
  // What follows a list may come after the span.
  events::TimeSpan after = options.span;
  if (after.to_ms < std::numeric_limits<std::int64_t>::max() - events::kDayMs)
    after.to_ms += events::kDayMs;
  read = records.events(after, [&](const events::Event& event) {
    if (event.type != options.type || event.request.empty()) return;
    const auto found = by_request.find(xxh64(event.request, 0));
    if (found != by_request.end()) add_reward(event, shown.lists[found->second], shown);
  });
  if (!read) return read.error();
  return shown;
}

}  // namespace sparrow::experiment
