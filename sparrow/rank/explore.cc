#include "sparrow/rank/explore.h"

#include <algorithm>
#include <unordered_set>

namespace sparrow::rank {

std::vector<float> explore(std::vector<ScoredItem>& ranked, std::size_t size, float share,
                           Random& random) {
  const std::size_t places = std::min(size, ranked.size());
  const auto s = static_cast<float>(places);
  const auto n = static_cast<float>(ranked.size());
  if (places == 0) return {};
  std::vector<float> propensity(places, 1 - share * (s + n - 2) / (s * n));
  if (random.uniform() < static_cast<double>(share)) {
    const auto place = random.below(static_cast<std::uint32_t>(places));
    const auto from = random.below(static_cast<std::uint32_t>(ranked.size()));
    std::swap(ranked[place], ranked[from]);
    if (place != from) {
      const float moved = share / (s * n);
      propensity[place] = from < places ? 2 * moved : moved;
      if (from < places) propensity[from] = 2 * moved;
    }
  }
  ranked.resize(places);
  return propensity;
}

Interleaved interleave(const std::vector<ScoredItem>& a, const std::vector<ScoredItem>& b,
                       std::size_t size, Random& random) {
  struct Team {
    const std::vector<ScoredItem>& ranked;
    char letter;
    std::size_t next = 0;
  };
  Team teams[] = {{a, 'a'}, {b, 'b'}};
  Interleaved list;
  std::unordered_set<Row> taken;
  const auto place_one = [&](Team& team) {
    while (team.next < team.ranked.size() && taken.contains(team.ranked[team.next].row))
      ++team.next;
    if (team.next == team.ranked.size() || list.items.size() == size) return false;
    taken.insert(team.ranked[team.next].row);
    list.items.push_back(team.ranked[team.next++]);
    list.teams += team.letter;
    return true;
  };
  for (bool placed = true; placed;) {
    const std::size_t first = random.below(2);
    placed = place_one(teams[first]);
    placed = place_one(teams[1 - first]) || placed;
  }
  return list;
}

}  // namespace sparrow::rank
