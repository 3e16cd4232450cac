#include "sparrow/live/look.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "sparrow/core/text.h"
#include "sparrow/live/look_words.h"
#include "sparrow/live/search_words.h"
#include "sparrow/model/views.h"

namespace sparrow::live {
namespace {

constexpr std::size_t kLongestPhrase = 4;  // words
constexpr double kItemsOfTitleWord = 20;

// How sure a motif is.
enum class Evidence : std::uint8_t { kNone, kGenre, kTitle, kTag };

struct Drawn {
  std::string_view motif;
  Evidence evidence = Evidence::kNone;
};

using Phrases = std::unordered_map<std::string_view, std::string_view>;

template <typename Visit>
void for_each_part(std::string_view list, const Visit& visit) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    visit(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

Phrases phrases_of(std::string_view MotifWords::*words) {
  Phrases all;
  for (const MotifWords& one : motif_words())
    for_each_part(one.*words, [&](std::string_view phrase) { all.emplace(phrase, one.motif); });
  return all;
}

std::string_view found(const Phrases& phrases, std::string_view phrase) {
  auto at = phrases.find(phrase);
  if (at == phrases.end() && phrase.size() > 3 && phrase.back() == 's')
    at = phrases.find(phrase.substr(0, phrase.size() - 1));
  return at == phrases.end() ? std::string_view() : at->second;
}

// The motif of the longest phrase in a folded text; of equal ones the last: in English names the
// thing itself comes last ("Frozen Kettle", "Ghost Ship").
std::string_view motif_in(const Phrases& phrases, std::string_view folded) {
  const auto words = split_words(folded);
  for (std::size_t length = std::min(kLongestPhrase, words.size()); length > 0; --length) {
    for (std::size_t i = words.size() - length + 1; i-- > 0;) {
      const char* begin = words[i].data();
      const char* end = words[i + length - 1].data() + words[i + length - 1].size();
      const auto motif = found(phrases, {begin, static_cast<std::size_t>(end - begin)});
      if (!motif.empty()) return motif;
    }
  }
  return {};
}

std::uint32_t hash_of(std::string_view text) {
  std::uint32_t value = 2166136261U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  return value;
}

// The genre that says most about an item is the first of genre_motifs() that it has; which of the
// genre's motifs, its title decides.
std::string_view motif_of_genre(const data::Item& item) {
  std::vector<std::string> own;
  for (const auto& genre : item.list(data::kGenres)) own.push_back(fold_text(genre));
  for (const GenreMotifs& one : genre_motifs()) {
    if (std::find(own.begin(), own.end(), one.genre) == own.end()) continue;
    std::vector<std::string_view> motifs;
    for_each_part(one.motifs, [&](std::string_view motif) { motifs.push_back(motif); });
    return motifs[hash_of(item.title) % motifs.size()];
  }
  return {};
}

// A motif weighs as much as its tags and keywords: each by how many people gave it, and the more
// the fewer items have it; a word of the title like a tag of one person that few items have.
class Drawer {
 public:
  explicit Drawer(const data::Catalog& catalog) : items_(static_cast<double>(catalog.size())) {
    for (const data::Item& item : catalog.items())
      for_each_tag(item, [&](const std::string& tag, std::uint32_t) { ++items_with_[tag]; });
    for (auto& [tag, items] : items_with_) {
      const auto motif = motif_in(tags_, fold_text(tag));
      if (!motif.empty()) motif_of_tag_.emplace(tag, motif);
    }
  }

  Drawn draw(const data::Item& item) const {
    std::vector<std::pair<double, std::string_view>> weights;
    const auto add = [&](std::string_view motif, double weight) {
      for (auto& [sum, name] : weights) {
        if (name != motif) continue;
        sum += weight;
        return;
      }
      weights.emplace_back(weight, motif);
    };
    Evidence evidence = Evidence::kNone;
    for_each_tag(item, [&](const std::string& tag, std::uint32_t people) {
      const auto motif = motif_of_tag_.find(tag);
      if (motif == motif_of_tag_.end()) return;
      add(motif->second, people * std::log(1 + items_ / items_with_.at(tag)));
      evidence = Evidence::kTag;
    });
    if (const auto motif = motif_in(titles_, fold_text(item.title)); !motif.empty()) {
      add(motif, std::log(1 + items_ / kItemsOfTitleWord));
      evidence = std::max(evidence, Evidence::kTitle);
    }
    if (!weights.empty()) {
      const auto best = std::max_element(
          weights.begin(), weights.end(),
          [](const auto& one, const auto& other) { return one.first < other.first; });
      return {best->second, evidence};
    }
    if (const auto motif = motif_of_genre(item); !motif.empty()) return {motif, Evidence::kGenre};
    for (const auto& category : item.list(data::kGenres))
      if (const auto motif = motif_in(tags_, fold_text(category)); !motif.empty())
        return {motif, Evidence::kGenre};
    return {};
  }

 private:
  template <typename Visit>
  static void for_each_tag(const data::Item& item, const Visit& visit) {
    for (const data::TagCount& tag : item.tags) visit(tag.tag, tag.count);
    for (const std::string& word : item.list(data::kKeywords)) visit(word, 1U);
  }

  double items_;
  Phrases tags_ = phrases_of(&MotifWords::words);
  Phrases titles_ = phrases_of(&MotifWords::title_words);
  std::unordered_map<std::string, std::uint32_t> items_with_;
  std::unordered_map<std::string, std::string_view> motif_of_tag_;
};

// What most of those with the best evidence show; of equal ones what the first of them shows.
std::string_view motif_of_all(std::span<const Row> rows, const std::vector<Drawn>& drawn) {
  Evidence best = Evidence::kNone;
  for (const Row row : rows) best = std::max(best, drawn[row].evidence);
  std::string_view motif;
  std::ptrdiff_t most = 0;
  for (const Row row : rows) {
    if (drawn[row].evidence != best) continue;
    const auto same = std::count_if(rows.begin(), rows.end(), [&](Row other) {
      return drawn[other].evidence == best && drawn[other].motif == drawn[row].motif;
    });
    if (same <= most) continue;
    most = same;
    motif = drawn[row].motif;
  }
  return motif;
}

// The attribute that says who made the items.
std::optional<data::AttributePosition> maker_attribute(const data::Schema& schema) {
  for (const std::string_view wanted :
       {"brand", "author", "manufacturer", "maker", "artist", "publisher"}) {
    for (data::AttributePosition a = data::kWellKnownAttributes; a < schema.size(); ++a) {
      if (fold_text(schema[a].name).find(wanted) != std::string::npos) return a;
    }
  }
  return std::nullopt;
}

std::string_view first_text(const data::AttributeValue* value) {
  if (value == nullptr) return {};
  if (const auto* names = std::get_if<data::Names>(value))
    return names->empty() ? std::string_view() : std::string_view(names->front());
  const auto* text = std::get_if<std::string>(value);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::uint8_t number_of(std::string_view word) {
  constexpr std::array<std::string_view, 13> kRoman = {
      "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"};
  constexpr unsigned kMost = 20;
  if (const auto at = std::find(kRoman.begin(), kRoman.end(), word); at != kRoman.end())
    return static_cast<std::uint8_t>(at - kRoman.begin() + 1);
  if (word.empty() || word.size() > 2) return 0;
  unsigned value = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') return 0;
    value = 10 * value + static_cast<unsigned>(c - '0');
  }
  return value <= kMost ? static_cast<std::uint8_t>(value) : std::uint8_t{0};
}

// Shares 0..1 of all weight that lie before each place on an axis.
std::vector<double> shares_of(std::span<const float> xy, std::size_t axis,
                              const std::vector<double>& weights) {
  const std::size_t n = xy.size() / 2;
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return xy[2 * std::size_t{a} + axis] < xy[2 * std::size_t{b} + axis];
  });
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> shares(n);
  double before = 0;
  for (const std::uint32_t i : order) {
    shares[i] = before / all;
    before += weights[i];
  }
  return shares;
}

}  // namespace

std::uint8_t part_of(std::string_view title) {
  std::string_view rest = title;
  std::string before;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const bool closed = word.ends_with(':') || word.ends_with(',') || rest.empty() ||
                        rest.starts_with("- ") || rest.starts_with('(');
    const std::string folded = fold_text(word);
    const bool announced = before == "part" || before == "episode" || before == "chapter" ||
                           before == "vol" || before == "volume";
    const std::uint8_t number = number_of(folded);
    if (number > 1 && !before.empty() && (closed || announced)) return number;
    before = folded;
  }
  return 0;
}

std::vector<Look> looks_of(const recall::ItemFacts& facts) {
  constexpr std::size_t kMostOfSeries = 40;  // more have only a word in common
  const data::Catalog& catalog = facts.catalog();
  const Drawer drawer(catalog);
  const auto maker = maker_attribute(catalog.schema());
  std::vector<Drawn> drawn(catalog.size());
  for (Row row = 0; row < catalog.size(); ++row) drawn[row] = drawer.draw(catalog[row]);
  std::vector<Look> looks(catalog.size());
  for (Row row = 0; row < catalog.size(); ++row) {
    Look& look = looks[row];
    look.motif = drawn[row].motif;
    if (maker) look.maker = first_text(catalog[row].find(*maker));
    const auto series = facts.series(row);
    if (series == 0) continue;
    const auto members = facts.series_members(series);
    if (members.size() < 2 || members.size() > kMostOfSeries) continue;
    look.part = part_of(catalog[row].title);
    look.motif = motif_of_all(members, drawn);
  }
  return looks;
}

std::vector<std::string_view> motif_names() {
  std::vector<std::string_view> names;
  for (const MotifWords& one : motif_words()) names.push_back(one.motif);
  return names;
}

std::vector<std::uint16_t> hues_of(const data::Catalog& catalog, const model::Model& model) {
  const auto map = model::MapView::of(model);
  if (!map) return {};
  // Mostly from left to right; the rest makes what lies above each other differ a little.
  constexpr double kAcross = 300;
  constexpr double kDown = 60;
  // Well known items lie close together; they are shown most, so most colors are theirs.
  std::vector<double> weights(map->xy().size() / 2, 1);
  const auto popularity = model::popularity_of(model);
  for (std::size_t i = 0; i < std::min(weights.size(), popularity.size()); ++i)
    weights[i] += popularity[i];
  const auto x = shares_of(map->xy(), 0, weights);
  const auto y = shares_of(map->xy(), 1, weights);
  std::vector<std::uint16_t> hues(catalog.size(), kNoHue);
  for (std::size_t m = 0; m < x.size() && m < model.items.size(); ++m) {
    if (const auto row = catalog.find(model.items[m], static_cast<Row>(m)))
      hues[*row] = static_cast<std::uint16_t>(std::min(359.0, kAcross * x[m] + kDown * y[m]));
  }
  return hues;
}

}  // namespace sparrow::live
