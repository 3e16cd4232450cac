#include "sparrow/events/join_rows.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace sparrow::events {
namespace {

struct NewInteraction {
  Row item;
  float value;
  std::int64_t time;
};

float value_of(float weight, const data::ValueScale& scale) {
  const bool has_end = scale.name == "stars" || scale.name == "points" || scale.name == "percent" ||
                       scale.name.find("..") != std::string::npos;
  if (!has_end) return std::max(weight, scale.liked);
  const float share = std::clamp((weight - 1) / (kMostRowWeight - 1), 0.0F, 1.0F);
  const auto high = static_cast<float>(scale.high);
  return scale.liked + share * std::max(0.0F, high - scale.liked);
}

// What a log of events alone looks like.
void set_event_scale(data::Dataset& dataset) {
  data::ValueScale& scale = dataset.info.scale;
  scale.name = "events";
  scale.low = 0;
  scale.high = static_cast<double>(kMostRowWeight);
  scale.liked = 1;
  dataset.info.ordered = true;
}

// The interactions with each user's new ones merged in by time; without times they follow.
data::Interactions merged(const data::Interactions& before, bool ordered,
                          std::vector<std::vector<NewInteraction>>& added) {
  std::vector<std::uint64_t> offsets{0};
  std::vector<Row> items;
  std::vector<float> values;
  std::vector<std::int64_t> times;
  for (std::size_t user = 0; user < added.size(); ++user) {
    auto& news = added[user];
    std::stable_sort(
        news.begin(), news.end(),
        [](const NewInteraction& a, const NewInteraction& b) { return a.time < b.time; });
    auto next = news.begin();
    const auto put_until = [&](std::int64_t time) {
      for (; next != news.end() && next->time < time; ++next) {
        items.push_back(next->item);
        values.push_back(next->value);
        times.push_back(next->time);
      }
    };
    if (user < before.users()) {
      for (auto e = before.offsets[user]; e < before.offsets[user + 1]; ++e) {
        if (ordered) put_until(before.times[e]);
        items.push_back(before.items[e]);
        values.push_back(before.values[e]);
        times.push_back(before.times[e]);
      }
    }
    put_until(std::numeric_limits<std::int64_t>::max());
    offsets.push_back(items.size());
  }
  data::Interactions result;
  result.offsets = std::move(offsets);
  result.items = std::move(items);
  result.values = std::move(values);
  result.times = std::move(times);
  return result;
}

}  // namespace

Joined join_rows(data::Dataset& dataset, const TrainingRows& rows) {
  Joined joined;
  if (dataset.interactions.size() == 0) set_event_scale(dataset);
  std::unordered_map<std::string, std::size_t> users;
  for (std::size_t user = 0; user < dataset.users.size(); ++user)
    users.emplace(dataset.users[user], user);
  std::vector<std::vector<NewInteraction>> added(dataset.users.size());
  for (const TrainingRow& row : rows.rows) {
    const auto item = dataset.catalog.find(row.item);
    if (!item) continue;
    const auto [at, fresh] = users.try_emplace(row.user, dataset.users.size());
    if (fresh) {
      dataset.users.push_back(row.user);
      added.emplace_back();
      ++joined.new_users;
    }
    added[at->second].push_back(
        {*item, value_of(row.weight, dataset.info.scale), row.time_ms / 1000});
    ++joined.rows;
  }
  if (joined.rows == 0) return joined;
  dataset.interactions = merged(dataset.interactions, dataset.info.ordered, added);
  dataset.interactions_file.clear();
  data::DatasetInfo& info = dataset.info;
  info.users = dataset.users.size();
  info.interactions = dataset.interactions.size();
  info.log_rows += joined.rows;
  const auto& values = dataset.interactions.values;
  data::set_liked(info.scale, info.scale.liked, {values.data(), values.size()});
  info.notes.push_back(
      fmt::format("{} rows of the event log are among the interactions, of {} "
                  "users that the log lacks",
                  joined.rows, joined.new_users));
  return joined;
}

}  // namespace sparrow::events
