#include "sparrow/live/search.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "sparrow/core/text.h"

namespace sparrow::live {
namespace {

constexpr std::size_t kMaxBytes = 256;
constexpr std::size_t kMaxWords = 32;
constexpr std::size_t kTypoLetters = 5;

std::vector<std::string> split_words(const std::string& folded) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < folded.size() && words.size() < kMaxWords;) {
    const auto end = std::min(folded.find(' ', begin), folded.size());
    if (end > begin) words.push_back(folded.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// Whether one insertion, removal, change or swap of neighbors turns a into b.
bool one_edit(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  std::size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  if (a.size() < b.size()) return a.substr(i) == b.substr(i + 1);
  if (i == a.size()) return true;
  if (a.substr(i + 1) == b.substr(i + 1)) return true;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] &&
         a.substr(i + 2) == b.substr(i + 2);
}

}  // namespace

Search::Search(const data::Dataset& dataset) {
  const data::Catalog& catalog = dataset.catalog;
  popularity_.assign(catalog.size(), 0);
  for (const Row row : dataset.interactions.items) popularity_[row] += 1;
  for (double& p : popularity_) p = std::log1p(p);
  std::map<std::string, std::vector<std::uint32_t>> index;
  const auto add = [&](Row row, const std::string& title, int year) {
    const std::string folded = fold_text(title);
    auto words = split_words(folded);
    if (words.empty()) return;
    const auto number = static_cast<std::uint32_t>(title_row_.size());
    title_row_.push_back(row);
    title_words_.push_back(static_cast<std::uint32_t>(words.size()));
    title_text_.push_back(folded);
    if (year > 0) words.push_back(std::to_string(year));  // "batman 1989"
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const auto& word : words) index[word].push_back(number);
  };
  for (Row row = 0; row < catalog.size(); ++row) {
    add(row, catalog[row].title, catalog[row].year);
    for (const auto& other : catalog[row].alternative_titles) add(row, other, catalog[row].year);
  }
  for (auto& [word, titles] : index) {
    words_.push_back(word);
    titles_of_.push_back(std::move(titles));
  }
}

std::vector<Search::Match> Search::matches(const std::string& typed, bool last) const {
  std::vector<Match> found;
  const auto begin = std::lower_bound(words_.begin(), words_.end(), typed);
  for (auto it = begin; it != words_.end() && it->starts_with(typed); ++it) {
    const bool whole = it->size() == typed.size();
    if (!whole && !last) break;
    const double share = static_cast<double>(typed.size()) / static_cast<double>(it->size());
    found.push_back(
        {static_cast<std::uint32_t>(it - words_.begin()), whole ? 1.0 : 0.6 + 0.3 * share});
  }
  if (!found.empty() || typed.size() < kTypoLetters) return found;
  for (std::uint32_t w = 0; w < words_.size(); ++w) {
    if (one_edit(typed, words_[w]))
      found.push_back({w, 0.5});
    else if (last && words_[w].size() > typed.size() &&
             one_edit(typed, std::string_view(words_[w]).substr(0, typed.size())))
      found.push_back({w, 0.4});
  }
  return found;
}

std::vector<SearchHit> Search::find(std::string_view text, std::size_t limit,
                                    std::span<const std::uint8_t> hidden) const {
  const std::string folded = fold_text(text.substr(0, kMaxBytes));
  const auto typed = split_words(folded);
  if (typed.empty()) return {};
  struct Found {
    std::uint32_t words = 0;
    double quality = 0;
    bool exact = true;
  };
  std::unordered_map<std::uint32_t, Found> titles;
  for (std::uint32_t w = 0; w < typed.size(); ++w) {
    for (const Match& match : matches(typed[w], w + 1 == typed.size())) {
      for (const std::uint32_t title : titles_of_[match.word]) {
        auto found = titles.find(title);
        if (found == titles.end()) {
          if (w > 0) continue;
          found = titles.emplace(title, Found{}).first;
        }
        Found& state = found->second;
        if (state.words != w) continue;  // misses an earlier word, or has this one already
        state.words = w + 1;
        state.quality += match.quality;
        state.exact = state.exact && match.quality >= 0.6;
      }
    }
  }
  std::unordered_map<Row, SearchHit> best;
  for (const auto& [title, state] : titles) {
    if (state.words != typed.size()) continue;
    const Row row = title_row_[title];
    if (!hidden.empty() && hidden[row] != 0) continue;
    const auto n = static_cast<double>(typed.size());
    double score = 10 * state.quality / n +
                   4 * n / std::max(n, static_cast<double>(title_words_[title])) + popularity_[row];
    if (title_text_[title] == folded)
      score += 8;
    else if (title_text_[title].starts_with(folded))
      score += 2;
    SearchHit& hit = best[row];
    if (hit.row == kNoRow || score > hit.score) hit = {row, score, state.exact};
  }
  std::vector<SearchHit> hits;
  hits.reserve(best.size());
  for (const auto& [row, hit] : best) hits.push_back(hit);
  std::sort(hits.begin(), hits.end(), [](const SearchHit& a, const SearchHit& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

}  // namespace sparrow::live
