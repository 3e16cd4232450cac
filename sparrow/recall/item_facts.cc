#include "sparrow/recall/item_facts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <thread>

#include "sparrow/core/text.h"

namespace sparrow::recall {
namespace {

constexpr std::array<std::string_view, 4> kArticles = {"the ", "a ", "an ", "les "};
constexpr std::array<std::string_view, 16> kNumerals = {
    "ii", "iii", "iv",    "v",   "vi",   "vii",  "viii",    "ix",
    "x",  "two", "three", "one", "four", "part", "episode", "volume"};

bool is_numeral(std::string_view word) {
  return (word.size() <= 2 &&
          std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) ||
         std::find(kNumerals.begin(), kNumerals.end(), word) != kNumerals.end();
}

}  // namespace

std::string series_key(std::string_view title, bool& stripped) {
  stripped = false;
  std::string_view head = title;
  for (const std::string_view mark : {": ", " - "}) {
    const auto at = head.find(mark);
    if (at != std::string_view::npos && at > 0) {
      head = head.substr(0, at);
      stripped = true;
    }
  }
  std::string key = fold_text(head);
  for (const std::string_view article : kArticles) {
    if (key.starts_with(article) && key.size() > article.size()) {
      key.erase(0, article.size());
      break;
    }
  }
  const auto join = key.find(" and the ");
  if (join != std::string::npos && join > 0) {
    key.resize(join);
    stripped = true;
  }
  for (auto space = key.rfind(' '); space != std::string::npos; space = key.rfind(' ')) {
    if (!is_numeral(std::string_view(key).substr(space + 1))) break;
    key.resize(space);
    stripped = true;
  }
  return key;
}

ItemFacts::ItemFacts(const data::Dataset& dataset) : dataset_(dataset) {
  std::thread of_the_log([this] {
    group();
    rate();
  });
  find_genres();
  find_series();
  find_people();
  number_users();
  of_the_log.join();
  shelves_.resize(size());
  for (Row row = 0; row < size(); ++row)
    shelves_[row] = {genre_bits_[row], series_[row], static_cast<std::int16_t>(catalog()[row].year),
                     static_cast<std::uint16_t>(std::popcount(genre_bits_[row]))};
}

// Events of a log come in no order of items: what they change is fetched some events ahead.
constexpr std::size_t kAhead = 24;

void ItemFacts::group() {
  const float liked_from = dataset_.info.scale.liked;
  const data::Interactions& all = dataset_.interactions;
  item_offsets_.assign(size() + 1, 0);
  user_offsets_.assign(1, 0);
  user_offsets_.reserve(all.users() + 1);
  user_items_.reserve(static_cast<std::size_t>(std::count_if(
      all.values.begin(), all.values.end(), [&](float value) { return value >= liked_from; })));
  for (std::size_t u = 0; u < all.users(); ++u) {
    for (auto e = all.offsets[u]; e < all.offsets[u + 1]; ++e) {
      if (all.values[e] < liked_from) continue;
      user_items_.push_back(all.items[e]);
      ++item_offsets_[all.items[e] + 1];
    }
    user_offsets_.push_back(user_items_.size());
  }
  std::partial_sum(item_offsets_.begin(), item_offsets_.end(), item_offsets_.begin());
  item_users_.resize(user_items_.size());
  std::vector<std::uint64_t> next(item_offsets_.begin(), item_offsets_.end() - 1);
  for (std::uint32_t u = 0; u < users(); ++u) {
    for (std::uint64_t e = user_offsets_[u]; e < user_offsets_[u + 1]; ++e) {
      if (e + kAhead < user_items_.size()) {
        const Row later = user_items_[e + kAhead];
        __builtin_prefetch(&item_users_[next[later]], 1);
        if (e + 2 * kAhead < user_items_.size())
          __builtin_prefetch(&next[user_items_[e + 2 * kAhead]], 1);
      }
      item_users_[next[user_items_[e]]++] = u;
    }
  }
}

Together ItemFacts::together(Row a, Row b) const {
  Together t;
  const auto x = liked_by(a);
  const auto y = liked_by(b);
  t.expected = users() == 0 ? 0
                            : static_cast<double>(x.size()) * static_cast<double>(y.size()) /
                                  static_cast<double>(users());
  const auto& shorter = x.size() < y.size() ? x : y;
  const auto& longer = x.size() < y.size() ? y : x;
  if (shorter.size() * 16 < longer.size()) {
    for (const std::uint32_t u : shorter)
      t.users += std::binary_search(longer.begin(), longer.end(), u) ? 1U : 0U;
    return t;
  }
  for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i] == y[j]) ++t.users;
    const bool forward_i = x[i] <= y[j];
    const bool forward_j = y[j] <= x[i];
    i += forward_i ? 1 : 0;
    j += forward_j ? 1 : 0;
  }
  return t;
}

void ItemFacts::rate() {
  const std::size_t n = size();
  const data::Interactions& all = dataset_.interactions;
  ratings_.assign(n, {});
  double total = 0;
  std::size_t rated = 0;
  for (std::size_t e = 0; e < all.size(); ++e) {
    if (e + kAhead < all.size()) __builtin_prefetch(&ratings_[all.items[e + kAhead]], 1);
    if (!dataset_.info.scale.rates(all.values[e])) continue;
    ++rated;
    ratings_[all.items[e]].sum += static_cast<double>(all.values[e]);
    ++ratings_[all.items[e]].count;
    total += static_cast<double>(all.values[e]);
  }
  const double mean = rated == 0 ? 0 : total / static_cast<double>(rated);
  mean_quality_ = static_cast<float>(mean);
  constexpr double kPrior = 20;
  quality_.resize(n);
  popularity_.resize(n);
  double p_sum = 0;
  double p_squares = 0;
  for (Row row = 0; row < n; ++row) {
    const auto count = static_cast<double>(ratings_[row].count);
    quality_[row] = count > 0
                        ? static_cast<float>((ratings_[row].sum + kPrior * mean) / (count + kPrior))
                        : 0.0F;
    const double p = std::log1p(static_cast<double>(liked_by(row).size()));
    popularity_[row] = static_cast<float>(p);
    p_sum += p;
    p_squares += p * p;
  }
  const double p_mean = n == 0 ? 0 : p_sum / static_cast<double>(n);
  const double deviation =
      n == 0 ? 1 : std::sqrt(std::max(1e-9, p_squares / static_cast<double>(n) - p_mean * p_mean));
  std::vector<Row> order(n);
  std::iota(order.begin(), order.end(), Row{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Row a, Row b) { return popularity_[a] < popularity_[b]; });
  percentile_.resize(n);
  for (std::size_t begin = 0; begin < n;) {  // equal popularity, equal percentile
    std::size_t end = begin;
    while (end < n && popularity_[order[end]] == popularity_[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i)
      percentile_[order[i]] = 100.0F * static_cast<float>(end) / static_cast<float>(n);
    begin = end;
  }
  for (float& p : popularity_)
    p = static_cast<float>((static_cast<double>(p) - p_mean) / deviation);
}

void ItemFacts::find_genres() {
  std::map<std::string, std::size_t> counts;
  for (const auto& item : catalog().items()) {
    for (const auto& genre : item.list(data::kGenres)) ++counts[genre];
  }
  std::vector<std::pair<std::size_t, std::string>> sorted;
  sorted.reserve(counts.size());
  for (const auto& [name, count] : counts) sorted.emplace_back(count, name);
  std::sort(sorted.rbegin(), sorted.rend());
  if (sorted.size() > 64) sorted.resize(64);
  std::map<std::string, std::uint64_t> bit;
  for (const auto& [count, name] : sorted) {
    bit[name] = std::uint64_t{1} << genre_names_.size();
    genre_names_.push_back(name);
  }
  genre_bits_.assign(size(), 0);
  for (Row row = 0; row < size(); ++row) {
    for (const auto& genre : catalog()[row].list(data::kGenres)) {
      const auto found = bit.find(genre);
      if (found != bit.end()) genre_bits_[row] |= found->second;
    }
  }
}

void ItemFacts::find_series() {
  series_.assign(size(), 0);
  struct Group {
    std::vector<Row> rows;
    bool stripped = false;
  };
  std::map<std::string, Group> groups;
  for (Row row = 0; row < size(); ++row) {
    bool stripped = false;
    const std::string key = series_key(catalog()[row].title, stripped);
    if (key.size() < 3) continue;
    Group& group = groups[key];
    group.rows.push_back(row);
    group.stripped |= stripped;
  }
  for (auto& [key, group] : groups) {
    if (group.rows.size() < 2) continue;
    const auto number = static_cast<std::uint32_t>(series_names_.size());
    // The shortest title of the group names it.
    const Row name = *std::min_element(group.rows.begin(), group.rows.end(), [&](Row a, Row b) {
      return catalog()[a].title.size() < catalog()[b].title.size();
    });
    series_names_.push_back(catalog()[name].title);
    for (const Row row : group.rows) series_[row] = number;
    members_.push_back(std::move(group.rows));
  }
}

void ItemFacts::find_people() {
  std::unordered_map<std::string, std::uint32_t> numbers;
  people_.resize(size());
  for (Row row = 0; row < size(); ++row) {
    for (const data::ItemValue& value : catalog()[row].values) {
      const auto* names = std::get_if<data::Names>(&value.value);
      if (names == nullptr ||
          catalog().schema()[value.attribute].kind != data::AttributeKind::kPeople)
        continue;
      for (const auto& name : *names) {
        const auto [at, fresh] = numbers.emplace(name, static_cast<std::uint32_t>(works_.size()));
        if (fresh) works_.emplace_back();
        auto& mine = people_[row];
        if (std::find(mine.begin(), mine.end(), at->second) != mine.end()) continue;
        mine.push_back(at->second);
        works_[at->second].push_back(row);
      }
    }
  }
}

// Open addressing: the ids themselves stand in the data set, and millions of nodes of a map would
// take more than they do.
void ItemFacts::number_users() {
  const auto& users = dataset_.users;
  user_slots_.assign(std::bit_ceil(2 * users.size() + 1), kNoRow);
  for (std::uint32_t u = 0; u < users.size(); ++u) user_slots_[user_slot(users[u])] = u;
}

std::size_t ItemFacts::user_slot(std::string_view id) const {
  const std::size_t mask = user_slots_.size() - 1;
  const std::size_t hash = std::hash<std::string_view>{}(id);
  std::size_t at = hash & mask;
  while (user_slots_[at] != kNoRow && dataset_.users[user_slots_[at]] != id) at = (at + 1) & mask;
  return at;
}

std::optional<std::uint32_t> ItemFacts::find_user(std::string_view id) const {
  const std::uint32_t found = user_slots_[user_slot(id)];
  if (found == kNoRow) return std::nullopt;
  return found;
}

}  // namespace sparrow::recall
