#include "sparrow/live/map_labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace sparrow::live {
namespace {

constexpr std::array<std::size_t, kMapLevels> kParts = {7, 4, 4};  // of each region above
constexpr std::size_t kLeastItems = 20;
constexpr double kLeastShare = 0.06;  // of a region's items that have the word
constexpr std::uint32_t kLeastWith = 3;
constexpr double kLeastLift = 1.2;
constexpr int kRounds = 20;

struct Point {
  float x;
  float y;
};

float distance(Point a, Point b) { return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y); }

// k-means of the places of `members`.
class Places {
 public:
  Places(std::span<const float> xy, const std::vector<std::uint32_t>& members)
      : xy_(xy), members_(members) {}

  std::vector<std::vector<std::uint32_t>> parts(std::size_t count) const {
    std::vector<Point> centers = boxes(count);
    std::vector<std::uint32_t> part(members_.size(), 0);
    for (int round = 0; round < kRounds; ++round) {
      bool moved = false;
      for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::uint32_t best = nearest(centers, at(members_[i]));
        moved = moved || best != part[i];
        part[i] = best;
      }
      if (!moved && round > 0) break;
      center(part, centers);
    }
    std::vector<std::vector<std::uint32_t>> parts(centers.size());
    for (std::size_t i = 0; i < members_.size(); ++i) parts[part[i]].push_back(members_[i]);
    return parts;
  }

  // The member that is nearest to the middle of all: a label stands where items are.
  Point middle() const {
    std::vector<Point> one(1);
    center(std::vector<std::uint32_t>(members_.size(), 0), one);
    Point best = one[0];
    float closest = std::numeric_limits<float>::max();
    for (const std::uint32_t member : members_) {
      const float d = distance(at(member), one[0]);
      if (d >= closest) continue;
      closest = d;
      best = at(member);
    }
    return best;
  }

 private:
  Point at(std::uint32_t member) const {
    return {xy_[2 * std::size_t{member}], xy_[2 * std::size_t{member} + 1]};
  }
  static std::uint32_t nearest(const std::vector<Point>& centers, Point point) {
    std::uint32_t best = 0;
    for (std::uint32_t c = 1; c < centers.size(); ++c)
      if (distance(centers[c], point) < distance(centers[best], point)) best = c;
    return best;
  }
  void center(const std::vector<std::uint32_t>& part, std::vector<Point>& centers) const {
    std::vector<std::array<double, 3>> sums(centers.size(), {0, 0, 0});
    for (std::size_t i = 0; i < members_.size(); ++i) {
      auto& [x, y, count] = sums[part[i]];
      x += static_cast<double>(at(members_[i]).x);
      y += static_cast<double>(at(members_[i]).y);
      count += 1;
    }
    for (std::size_t c = 0; c < centers.size(); ++c) {
      if (sums[c][2] > 0)
        centers[c] = {static_cast<float>(sums[c][0] / sums[c][2]),
                      static_cast<float>(sums[c][1] / sums[c][2])};
    }
  }
  // The means of boxes: the fullest box is halved at the median of its wider side, so that a few
  // items that lie far out do not become regions of their own.
  std::vector<Point> boxes(std::size_t count) const {
    std::vector<std::vector<std::uint32_t>> boxes = {members_};
    const auto fewer = [](const auto& a, const auto& b) { return a.size() < b.size(); };
    while (boxes.size() < count) {
      auto& fullest = *std::max_element(boxes.begin(), boxes.end(), fewer);
      if (fullest.size() < 2) break;
      const bool across = spread(fullest, &Point::x) >= spread(fullest, &Point::y);
      const auto middle = fullest.begin() + static_cast<std::ptrdiff_t>(fullest.size() / 2);
      std::nth_element(fullest.begin(), middle, fullest.end(),
                       [&](std::uint32_t a, std::uint32_t b) {
                         const float left = across ? at(a).x : at(a).y;
                         const float right = across ? at(b).x : at(b).y;
                         return left != right ? left < right : a < b;
                       });
      std::vector<std::uint32_t> half(middle, fullest.end());
      fullest.erase(middle, fullest.end());
      boxes.push_back(std::move(half));
    }
    std::vector<Point> centers;
    for (const auto& box : boxes) {
      std::vector<Point> one(1);
      Places(xy_, box).center(std::vector<std::uint32_t>(box.size(), 0), one);
      centers.push_back(one[0]);
    }
    return centers;
  }
  // From the first to the ninth tenth.
  float spread(const std::vector<std::uint32_t>& box, float Point::*axis) const {
    std::vector<float> values;
    for (const std::uint32_t member : box) values.push_back(at(member).*axis);
    std::sort(values.begin(), values.end());
    return values[values.size() - 1 - values.size() / 10] - values[values.size() / 10];
  }

  std::span<const float> xy_;
  const std::vector<std::uint32_t>& members_;
};

struct Region {
  std::vector<std::uint32_t> members;
  std::vector<std::uint32_t> above;  // words of the regions that this is a part of
  // Share of the items of the region above that have each word.
  std::shared_ptr<const std::unordered_map<std::uint32_t, double>> usual;
};

// The words of every item on the map, as numbers.
class Words {
 public:
  Words(const data::Catalog& catalog, std::span<const Row> rows) {
    std::unordered_set<std::string> said;  // by two people of one item
    for (const Row row : rows)
      for (const data::TagCount& tag : catalog[row].tags)
        if (tag.count > 1) said.insert(tag.tag);
    of_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const data::Item& item = catalog[rows[i]];
      for (const auto& genre : item.list(data::kGenres))
        if (!genre.starts_with('(')) add(i, genre);  // "(no genres listed)"
      for (const auto& word : item.list(data::kKeywords)) add(i, word);
      for (const data::TagCount& tag : item.tags)
        if (said.contains(tag.tag)) add(i, tag.tag);
      if (item.year > 0) add(i, std::to_string(item.year / 10 * 10) + "s");
    }
  }

  // How many of the items have each word.
  std::unordered_map<std::uint32_t, std::uint32_t> counts_of(
      const std::vector<std::uint32_t>& members) const {
    std::unordered_map<std::uint32_t, std::uint32_t> counts;
    for (const std::uint32_t member : members)
      for (const std::uint32_t word : of_[member]) ++counts[word];
    return counts;
  }

  // The one or two words of a region that weigh most; weight: how many of its items have the word,
  // times ln(1 + words a region / how often the word is said in all regions). Words that are hardly
  // more frequent than in the region that it is a part of do not tell it from others.
  std::vector<std::uint32_t> telling(const Region& region, double words_a_region) const {
    const auto counts = counts_of(region.members);
    const auto items = static_cast<double>(region.members.size());
    const double least = std::max<double>(kLeastWith, kLeastShare * items);
    std::vector<std::pair<double, std::uint32_t>> weights;
    for (const auto& [word, count] : counts) {
      if (count < least || count / items < kLeastLift * region.usual->at(word) ||
          std::find(region.above.begin(), region.above.end(), word) != region.above.end())
        continue;
      weights.emplace_back(
          -static_cast<double>(count) * std::log1p(words_a_region / everywhere_[word]), word);
    }
    std::sort(weights.begin(), weights.end());
    std::vector<std::uint32_t> best;
    for (std::size_t i = 0; i < std::min<std::size_t>(2, weights.size()); ++i) {
      constexpr double kBeside = 0.5;  // a second word weighs at least so much of the first
      if (weights[i].first <= kBeside * weights[0].first) best.push_back(weights[i].second);
    }
    return best;
  }

  std::size_t all() const { return all_; }
  const std::string& name(std::uint32_t word) const { return names_[word]; }

 private:
  void add(std::size_t i, const std::string& text) {
    const auto [at, fresh] = numbers_.emplace(text, static_cast<std::uint32_t>(names_.size()));
    if (fresh) {
      names_.push_back(text);
      everywhere_.push_back(0);
    }
    if (std::find(of_[i].begin(), of_[i].end(), at->second) != of_[i].end()) return;
    of_[i].push_back(at->second);
    ++everywhere_[at->second];
    ++all_;
  }

  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> everywhere_;  // items with the word
  std::vector<std::vector<std::uint32_t>> of_;
  std::size_t all_ = 0;
};

}  // namespace

std::vector<MapLabel> map_labels(const data::Catalog& catalog, std::span<const Row> rows,
                                 std::span<const float> xy) {
  const Words words(catalog, rows);
  std::vector<Region> regions(1);
  for (std::uint32_t i = 0; i < rows.size(); ++i) regions[0].members.push_back(i);
  std::vector<MapLabel> labels;
  for (int level = 0; level < kMapLevels; ++level) {
    std::vector<Region> parts;
    for (const Region& region : regions) {
      if (region.members.size() < 2 * kLeastItems) continue;
      auto usual = std::make_shared<std::unordered_map<std::uint32_t, double>>();
      for (const auto& [word, count] : words.counts_of(region.members))
        usual->emplace(word, count / static_cast<double>(region.members.size()));
      const Places places(xy, region.members);
      for (auto& members : places.parts(kParts[static_cast<std::size_t>(level)]))
        if (members.size() >= kLeastItems)
          parts.push_back({std::move(members), region.above, usual});
    }
    if (parts.empty()) break;
    const double words_a_region =
        static_cast<double>(words.all()) / static_cast<double>(parts.size());
    for (Region& part : parts) {
      const auto best = words.telling(part, words_a_region);
      if (best.empty()) continue;
      const Point at = Places(xy, part.members).middle();
      MapLabel label{at.x, at.y, level, static_cast<std::uint32_t>(part.members.size()), {}};
      for (const std::uint32_t word : best) {
        label.words.push_back(words.name(word));
        part.above.push_back(word);
      }
      labels.push_back(std::move(label));
    }
    regions = std::move(parts);
  }
  return labels;
}

}  // namespace sparrow::live
