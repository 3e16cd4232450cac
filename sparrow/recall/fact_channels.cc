#include "sparrow/recall/fact_channels.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "sparrow/recall/embedding_channel.h"

namespace sparrow::recall {

Result<std::vector<Neighbor>> CoWatchChannel::recall(const ChannelQuery& query) const {
  constexpr std::size_t kUsers = 1000;
  constexpr std::size_t kHistory = 1000;
  thread_local std::vector<std::uint32_t> counts;
  counts.resize(std::max(counts.size(), facts_.size()), 0);
  const auto all_users = static_cast<double>(facts_.users());
  if (facts_.users() == 0) return Error{ErrorCode::kUnavailable, "there are no interactions"};
  std::vector<std::vector<Neighbor>> lists;
  for (const Seed& seed : query.seeds) {
    if (seed.weight <= 0) continue;
    const auto users = facts_.liked_by(seed.row);
    const std::size_t step = std::max<std::size_t>(1, (users.size() + kUsers - 1) / kUsers);
    std::vector<Row> touched;
    std::size_t asked = 0;
    for (std::size_t u = 0; u < users.size(); u += step) {
      ++asked;
      const auto items = facts_.liked(users[u]);
      for (const Row row : items.first(std::min(items.size(), kHistory))) {
        if (counts[row]++ == 0) touched.push_back(row);
      }
    }
    TopK top(query.quota);
    for (const Row row : touched) {
      const auto n = static_cast<double>(counts[row]);
      counts[row] = 0;
      if (n < 2) continue;
      const double expected =
          static_cast<double>(asked) * static_cast<double>(facts_.liked_by(row).size()) / all_users;
      const auto score = static_cast<float>(std::log(n / expected) * n / (n + 5));
      if (score > 0 && score >= top.threshold() && query.allows(row)) top.add(row, score);
    }
    lists.push_back(top.take());
  }
  return merge_best(std::move(lists), query.quota);
}

Result<std::vector<Neighbor>> RelatedChannel::recall(const ChannelQuery& query) const {
  std::unordered_map<Row, float> scores;
  for (const Seed& seed : query.seeds) {
    if (seed.weight <= 0) continue;
    if (const auto series = facts_.series(seed.row); series != 0) {
      for (const Row row : facts_.series_members(series)) scores[row] += 100;
    }
    for (const std::uint32_t person : facts_.people(seed.row)) {
      for (const Row row : facts_.works_of(person)) scores[row] += 1;
    }
  }
  TopK top(query.quota);
  for (const auto& [row, score] : scores) {
    // Among equals the better known first.
    if (query.allows(row)) top.add(row, score + 0.1F * std::tanh(facts_.popularity(row)));
  }
  return top.take();
}

OrderedChannel::OrderedChannel(const ItemFacts& facts, Order order) : facts_(facts), order_(order) {
  sorted_.reserve(facts.size());
  for (Row row = 0; row < facts.size(); ++row) {
    const float score = order == Order::kQuality ? facts.quality(row)
                        : order == Order::kPopularity
                            ? facts.popularity(row)
                            : static_cast<float>(facts.catalog()[row].year);
    sorted_.push_back({row, score});
  }
  std::sort(sorted_.begin(), sorted_.end(), [&](const Neighbor& a, const Neighbor& b) {
    if (a.score == b.score && facts.popularity(a.row) != facts.popularity(b.row))
      return facts.popularity(a.row) > facts.popularity(b.row);
    return better(a, b);
  });
}

ChannelId OrderedChannel::id() const {
  if (order_ == Order::kQuality) return ChannelId::kGenre;
  return order_ == Order::kPopularity ? ChannelId::kPopular : ChannelId::kFresh;
}

Result<std::vector<Neighbor>> OrderedChannel::recall(const ChannelQuery& query) const {
  std::uint64_t genres = 0;
  for (const Seed& seed : query.seeds) {
    if (seed.weight > 0 && seed.row != kNoRow) genres |= facts_.genres(seed.row);
  }
  std::vector<Neighbor> found;
  for (const Neighbor& n : sorted_) {
    if (found.size() == query.quota) break;
    if (order_ != Order::kPopularity && genres != 0 && (facts_.genres(n.row) & genres) == 0)
      continue;
    if (query.allows(n.row)) found.push_back(n);
  }
  return found;
}

}  // namespace sparrow::recall
