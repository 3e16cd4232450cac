#include "sparrow/rank/list_order.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::rank {
namespace {

constexpr std::size_t kItems = 300;

data::Dataset random_shelves() {
  data::Dataset dataset;
  std::uint64_t state = 5;
  std::vector<data::Item> items(kItems);
  const std::vector<std::string> genres = {"Action", "Comedy", "Drama", "War", "Western"};
  for (std::size_t i = 0; i < kItems; ++i) {
    items[i].id = std::to_string(i);
    items[i].title = splitmix64(state) % 5 == 0
                         ? "Saga " + std::to_string(splitmix64(state) % 4 + 1) + ": Part"
                         : "Film number " + items[i].id + "x";
    items[i].year = static_cast<int>(splitmix64(state) % 40) + 1970;
    if (splitmix64(state) % 10 == 0) items[i].year = 0;
    data::Names some;
    for (const auto& genre : genres) {
      if (splitmix64(state) % 3 == 0) some.push_back(genre);
    }
    items[i].set(data::kGenres, some);
    items[i].set(data::kActors, data::Names{"Actor " + std::to_string(splitmix64(state) % 20)});
  }
  dataset.catalog = data::Catalog(std::move(items));
  return dataset;
}

std::vector<Candidate> random_candidates(std::uint64_t& state, std::size_t pins) {
  std::vector<Row> rows(kItems);
  for (Row row = 0; row < kItems; ++row) rows[row] = row;
  for (std::size_t i = kItems - 1; i > 0; --i)
    std::swap(rows[i], rows[splitmix64(state) % (i + 1)]);
  std::vector<Candidate> candidates(120);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].row = rows[i];
    candidates[i].pinned = i < pins;
    // Few different values: ties happen.
    candidates[i].adjusted = static_cast<float>(splitmix64(state) % 50) - 5;
    candidates[i].similarity = static_cast<float>(splitmix64(state) % 3);
  }
  return candidates;
}

bool fits(const recall::ItemFacts& facts, const std::vector<Row>& taken, Row row,
          const Caps& caps) {
  std::map<std::string, std::size_t> genres;
  std::size_t series = 0;
  std::map<std::uint32_t, std::size_t> people;
  for (const Row t : taken) {
    for (const auto& genre : facts.catalog()[t].list(data::kGenres)) ++genres[genre];
    series += facts.series(t) != 0 && facts.series(t) == facts.series(row) ? 1U : 0U;
    for (const auto person : facts.people(t)) ++people[person];
  }
  for (const auto& genre : facts.catalog()[row].list(data::kGenres)) {
    if (caps.genre > 0 && genres[genre] >= caps.genre) return false;
  }
  for (const auto person : facts.people(row)) {
    if (caps.person > 0 && people[person] >= caps.person) return false;
  }
  return caps.series == 0 || series < caps.series;
}

// The definition, looking at every candidate every time.
std::vector<Row> plain_order(const recall::ItemFacts& facts, std::vector<Candidate> left,
                             const Caps& caps, float diversity, std::size_t wanted) {
  std::vector<Row> taken;
  while (taken.size() < wanted && !left.empty()) {
    auto best = left.end();
    float best_value = 0;
    for (auto at = left.begin(); at != left.end(); ++at) {
      if (at->pinned) {
        best = at;
        break;
      }
      if (!fits(facts, taken, at->row, caps)) continue;
      float overlap = 0;
      for (const Row t : taken) overlap = std::max(overlap, shelf_overlap(facts, at->row, t));
      const float value = (1 - diversity) * at->adjusted / 100 - diversity * overlap;
      const auto ahead = [&] {
        if (value != best_value) return value > best_value;
        if (at->adjusted != best->adjusted) return at->adjusted > best->adjusted;
        return better({at->row, at->similarity}, {best->row, best->similarity});
      };
      if (best != left.end() && !ahead()) continue;
      best = at;
      best_value = value;
    }
    if (best == left.end()) break;
    taken.push_back(best->row);
    left.erase(best);
  }
  return taken;
}

TEST(ListOrder, PassingOverCandidatesChangesNothing) {
  const data::Dataset dataset = random_shelves();
  const recall::ItemFacts facts(dataset);
  std::uint64_t state = 11;
  std::set<std::vector<Row>> different;
  for (const float diversity : {0.0F, 0.1F, 0.3F, 0.7F, 1.0F}) {
    for (const Caps& caps : {Caps{}, Caps{.genre = 4}, Caps{.series = 1, .person = 2}}) {
      for (const std::size_t pins : {0U, 3U}) {
        const auto candidates = random_candidates(state, pins);
        for (const std::size_t wanted : {1U, 20U, 200U}) {
          std::vector<Row> rows;
          for (const auto place : order_list(facts, candidates, caps, diversity, wanted))
            rows.push_back(candidates[place].row);
          EXPECT_EQ(rows, plain_order(facts, candidates, caps, diversity, wanted))
              << "diversity " << diversity << " genre " << caps.genre << " series " << caps.series
              << " pins " << pins << " wanted " << wanted;
          different.insert(rows);
        }
      }
    }
  }
  EXPECT_GT(different.size(), 60U);
}

}  // namespace
}  // namespace sparrow::rank
