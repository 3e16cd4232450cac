#include "sparrow/rank/reasons.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sparrow::rank {
namespace {

std::vector<std::string> shared(const std::vector<std::string>& a,
                                const std::vector<std::string>& b) {
  std::vector<std::string> both;
  for (const auto& value : a) {
    if (std::find(b.begin(), b.end(), value) != b.end()) both.push_back(value);
  }
  return both;
}

std::vector<std::string> shared_tags(const data::Item& a, const data::Item& b) {
  constexpr std::size_t kTags = 5;
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const auto& x : a.tags) {
    for (const auto& y : b.tags) {
      if (x.tag == y.tag) found.emplace_back(std::min(x.count, y.count), x.tag);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& x, const auto& y) { return x.first > y.first; });
  std::vector<std::string> tags;
  for (const auto& [count, tag] : found) {
    if (tags.size() < kTags) tags.push_back(tag);
  }
  return tags;
}

std::string first_two(const std::vector<std::string>& values) {
  return values.size() == 1 ? values[0] : fmt::format("{}, {}", values[0], values[1]);
}

}  // namespace

Relation relate(const recall::ItemFacts& facts, Row a, Row b) {
  const data::Item& x = facts.catalog()[a];
  const data::Item& y = facts.catalog()[b];
  Relation r;
  r.together = facts.together(a, b);
  r.genres = shared(x.list(data::kGenres), y.list(data::kGenres));
  r.tags = shared_tags(x, y);
  r.directors = shared(x.list(data::kDirectors), y.list(data::kDirectors));
  r.actors = shared(x.list(data::kActors), y.list(data::kActors));
  r.keywords = shared(x.list(data::kKeywords), y.list(data::kKeywords));
  r.series = facts.series(a) == facts.series(b) ? facts.series(a) : 0;
  if (x.year != 0 && y.year != 0) r.years_apart = std::abs(x.year - y.year);
  return r;
}

std::string reason_of(const recall::ItemFacts& facts, const Relation& r) {
  std::vector<std::string> parts;
  if (r.series != 0) parts.push_back(fmt::format("Same series: {}", facts.series_name(r.series)));
  if (!r.directors.empty()) parts.push_back(fmt::format("Both directed by {}", r.directors[0]));
  if (!r.actors.empty()) parts.push_back(fmt::format("Both with {}", first_two(r.actors)));
  if (r.together.users >= 3 && r.together.lift() >= 1.5)
    parts.push_back(fmt::format("Liked together by {} people, {:.1f} times more than chance",
                                r.together.users, r.together.lift()));
  if (!r.tags.empty()) parts.push_back(fmt::format("Both tagged {}", first_two(r.tags)));
  if (!r.keywords.empty()) parts.push_back(fmt::format("Both about {}", first_two(r.keywords)));
  if (parts.size() < 2 && !r.genres.empty()) {
    parts.push_back(fmt::format("Both {}", fmt::join(r.genres, ", ")));
    if (r.years_apart >= 0 && r.years_apart <= 3) parts.back() += ", of the same years";
  }
  if (parts.empty()) return r.years_apart >= 0 && r.years_apart <= 3 ? "Of the same years" : "";
  if (parts.size() > 2) parts.resize(2);
  return fmt::format("{}", fmt::join(parts, " · "));
}

}  // namespace sparrow::rank
