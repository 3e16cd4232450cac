#include "sparrow/live/search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sparrow/core/text.h"
#include "sparrow/live/search_words.h"

namespace sparrow::live {
namespace {

constexpr std::size_t kMaxBytes = 256;
constexpr std::size_t kMaxWords = 16;
constexpr std::size_t kTypoLetters = 5;   // of a word that stands alone
constexpr std::size_t kTypoBeside = 3;    // of one that stands beside others
constexpr std::size_t kCandidates = 150;  // of each question to the index
constexpr std::size_t kEnough = 40;       // by title; then nothing is looked for elsewhere
constexpr std::size_t kNone = SIZE_MAX;

// How well one word fits, from a word as typed down to one with a slip.
constexpr double kAsTyped = 1;
constexpr double kSameNumber = 0.95;
constexpr double kRunTogether = 0.95;
constexpr double kYear = 0.8;
constexpr double kPlaceInSeries = 0.75;
constexpr double kInitials = 0.7;
constexpr double kBeginning = 0.6;  // and up to 0.3 more for a longer part of the word
constexpr double kTypo = 0.5;
constexpr double kElsewhere = 0.45;  // a tag, a person, a genre

// What a whole title adds; nothing else outweighs it.
constexpr double kExactTitle = 100;
constexpr double kExactOtherTitle = 90;
constexpr double kExactMainPart = 40;
constexpr double kTitleBegins = 4;
constexpr double kPopularity = 6;
constexpr double kOtherTitle = 1.5;     // less for a title in another language
constexpr double kLaterInSeries = 0.3;  // of films that fit alike the first is meant
constexpr double kCoverage = 4;
constexpr double kWords = 10;

// Words of a third of the titles: beside others they order what is found and find nothing.
bool is_common(std::string_view word) {
  static constexpr std::string_view kCommon[] = {"the", "of", "a", "and", "in", "to", "an"};
  return std::find(std::begin(kCommon), std::end(kCommon), word) != std::end(kCommon);
}

// Whether a sorted vocabulary has this word, or one that begins with it.
bool has_word(const std::vector<std::string>& vocabulary, std::string_view typed, bool beginning) {
  const auto at = std::lower_bound(vocabulary.begin(), vocabulary.end(), typed);
  return at != vocabulary.end() && (*at == typed || (beginning && at->starts_with(typed)));
}

std::size_t main_part(std::string_view title) {
  const auto colon = title.find(':');
  const auto dash = title.find(" - ");
  const auto end = std::min(colon, dash);
  return end == std::string_view::npos ? 0 : fold_text(title.substr(0, end)).size();
}

std::string quoted(std::string_view word, bool beginning) {
  std::string text = "\"";
  text += word;
  text += beginning ? "\" *" : "\"";
  return text;
}

void append_words(std::string& to, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    to += fold_text(name);
    to += ' ';
  }
}

// Tags, people, genres, keywords and the year.
std::string more_of(const data::Item& item) {
  constexpr std::size_t kTags = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(kTags, item.tags.size()); ++i) {
    text += fold_text(item.tags[i].tag);
    text += ' ';
  }
  for (const auto attribute :
       {data::kGenres, data::kDirectors, data::kActors, data::kKeywords, data::kCountries})
    append_words(text, item.list(attribute));
  if (item.year > 0) text += std::to_string(item.year);
  return text;
}

}  // namespace

namespace {
struct TitleWords;
}

struct Search::Query {
  std::string folded;
  std::vector<std::string_view> words;
  std::vector<std::string> joined;  // words[i] + words[i + 1]
  std::vector<char> skipped;        // common words that others stand beside
  bool typos = false;
  std::size_t left_out = kNone;
  std::vector<std::vector<std::string_view>> slips;  // for each word, where typos are forgiven

  bool last(std::size_t word) const { return word + 1 == words.size(); }
  double fit_of(std::size_t word, TitleWords& title) const;
  bool slipped(std::size_t word, const TitleWords& title) const;
};

struct Search::Fit {
  double score = 0;
  bool exact = true;
};

void Search::add_titles(const data::Item& item) {
  const auto add = [&](const std::string& title) {
    Title one{fold_text(title), main_part(title), 0};
    one.words = static_cast<std::uint32_t>(split_words(one.text).size());
    if (one.words == 0) return;
    scripts_ |= scripts_of(title);
    titles_.push_back(std::move(one));
  };
  add(item.title);
  for (const auto& other : item.alternative_titles) add(other);
}

void Search::add_words(std::uint32_t document, FullText::Document& into) const {
  for (auto t = titles_begin_[document]; t < titles_begin_[document + 1]; ++t) {
    const Title& title = titles_[t];
    const auto words = split_words(title.text);
    for (const auto word : words) {
      into.names += word;
      into.names += ' ';
      if (const auto digits = digits_of(word); !digits.empty()) {
        into.names += digits;
        into.names += ' ';
      }
    }
    const std::string_view plain = without_article(title.text);
    auto forms = joined_forms(split_words(plain));
    if (title.main > 0) {
      std::string main = title.text.substr(0, title.main);
      std::erase(main, ' ');
      forms.push_back(std::move(main));
    }
    for (const auto& form : forms) {
      into.joined += form;
      into.joined += ' ';
    }
  }
}

// Which film of its series an item is, by year.
void Search::number_series(const recall::ItemFacts& facts,
                           const std::vector<std::uint32_t>& document_of) {
  constexpr std::size_t kMost = 40;  // more have only a word in common
  constexpr int kGeneration = 20;    // years
  for (Row row = 0; row < facts.size(); ++row) {
    const auto series = facts.series(row);
    if (series == 0 || facts.series_members(series).front() != row) continue;
    const auto members = facts.series_members(series);
    if (members.size() < 2 || members.size() > kMost) continue;
    std::vector<Row> sorted(members.begin(), members.end());
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) {
      return facts.catalog()[a].year < facts.catalog()[b].year;
    });
    // After a generation they begin anew: nobody counts the drawn Lord of the Rings as the first.
    int place = 0;
    int before = 0;
    for (const Row film : sorted) {
      const int year = facts.catalog()[film].year;
      place = year - before > kGeneration ? 1 : place + 1;
      before = year;
      place_[document_of[film]] = static_cast<std::uint8_t>(place);
    }
  }
}

Search::Search(const data::Dataset& dataset, const recall::ItemFacts* facts) {
  const data::Catalog& catalog = dataset.catalog;
  std::vector<std::uint32_t> ratings(catalog.size(), 0);
  for (const Row row : dataset.interactions.items) ++ratings[row];
  row_.resize(catalog.size());
  std::iota(row_.begin(), row_.end(), Row{0});
  std::stable_sort(row_.begin(), row_.end(), [&](Row a, Row b) { return ratings[a] > ratings[b]; });
  const double most = row_.empty() ? 1 : std::log1p(ratings[row_.front()]);
  place_.assign(catalog.size(), 0);
  std::vector<std::uint32_t> document_of(catalog.size());
  titles_begin_.push_back(0);
  for (std::uint32_t d = 0; d < row_.size(); ++d) {
    const data::Item& item = catalog[row_[d]];
    document_of[row_[d]] = d;
    popularity_.push_back(static_cast<float>(std::log1p(ratings[row_[d]]) / std::max(1.0, most)));
    year_.push_back(static_cast<std::uint16_t>(std::clamp(item.year, 0, 9999)));
    add_titles(item);
    titles_begin_.push_back(static_cast<std::uint32_t>(titles_.size()));
  }
  if (facts != nullptr) number_series(*facts, document_of);
  std::vector<FullText::Document> documents(row_.size());
  for (std::uint32_t d = 0; d < row_.size(); ++d) {
    documents[d].more = more_of(catalog[row_[d]]);
    if (place_[d] > 0) documents[d].more += ' ' + std::to_string(place_[d]);
    add_words(d, documents[d]);
    for (auto t = titles_begin_[d]; t < titles_begin_[d + 1]; ++t) {
      const Title& title = titles_[t];
      exact_[std::string(without_article(title.text))].push_back(d);
      if (title.main > 0)
        exact_[std::string(without_article(std::string_view(title.text).substr(0, title.main)))]
            .push_back(d);
      for (const auto word : split_words(title.text)) vocabulary_.emplace_back(word);
    }
  }
  std::sort(vocabulary_.begin(), vocabulary_.end());
  vocabulary_.erase(std::unique(vocabulary_.begin(), vocabulary_.end()), vocabulary_.end());
  vocabulary_.shrink_to_fit();
  index_ = std::make_unique<const FullText>(documents);
}

std::vector<std::string_view> Search::misspelt(std::string_view typed, bool last) const {
  constexpr std::size_t kMost = 40;
  std::vector<std::string_view> found;
  if (typed.size() < kTypoBeside) return found;
  for (const std::string& word : vocabulary_) {
    if (found.size() == kMost) break;
    if (word == typed) continue;
    const bool beginning = last && typed.size() >= kTypoLetters && word.size() > typed.size();
    if (one_edit(typed, word) ||
        (beginning && one_edit(typed, std::string_view(word).substr(0, typed.size()))))
      found.emplace_back(word);
  }
  return found;
}

// One word in the language of FTS5: of the names alone, or of everything.
std::string Search::clause(const Query& query, std::size_t word, bool everywhere) const {
  const std::string_view typed = query.words[word];
  const std::string_view columns = everywhere ? "{names more} : " : "names : ";
  std::string text = "(";
  text += columns;
  text += quoted(typed, query.last(word));
  if (typed.size() > 1) {
    text += " OR joined : ";
    text += quoted(typed, query.last(word) && typed.size() > 4);
  }
  if (const auto digits = digits_of(typed); !digits.empty()) {
    text += " OR ";
    text += columns;
    text += quoted(digits, false);
  }
  if (query.typos) {
    for (const auto slip : query.slips[word]) text += " OR names : " + quoted(slip, false);
  }
  return text + ")";
}

// All words but one; also with two neighbours run together, where titles have such a word.
std::string Search::expression(const Query& query, std::size_t left_out, bool everywhere) const {
  const auto all = [&](std::size_t pair) {
    std::string text = "(";
    for (std::size_t i = 0; i < query.words.size(); ++i) {
      if (i == left_out || query.skipped[i] != 0) continue;
      if (text.size() > 1) text += " AND ";
      if (i != pair) {
        text += clause(query, i, everywhere);
        continue;
      }
      text += "names : " + quoted(query.joined[i], query.last(i + 1));
      ++i;
    }
    return text + ")";
  };
  std::string text = all(kNone);
  if (left_out != kNone) return text;
  for (std::size_t i = 0; i + 1 < query.words.size(); ++i) {
    if (query.skipped[i] == 0 && has_word(vocabulary_, query.joined[i], query.last(i + 1)))
      text += " OR " + all(i);
  }
  return text;
}

// Films whose title, or its main part, is what was typed.
void Search::collect_exact(const Query& query, std::vector<std::uint32_t>& found) const {
  const auto same = exact_.find(std::string(without_article(query.folded)));
  if (same != exact_.end()) found.insert(found.end(), same->second.begin(), same->second.end());
}

namespace {

// One title as words, and its forms run together, made where a word needs them.
struct TitleWords {
  std::string_view text;
  std::vector<std::string_view> words = split_words(text);
  std::vector<std::string> forms = {};

  const std::vector<std::string>& joined() {
    if (forms.empty()) forms = joined_forms(split_words(without_article(text)));
    return forms;
  }
};

bool same_number(std::string_view a, std::string_view b) {
  return digits_of(a) == b || digits_of(b) == a;
}

double beginning(std::string_view typed, std::string_view word) {
  return kBeginning + 0.3 * static_cast<double>(typed.size()) / static_cast<double>(word.size());
}

}  // namespace

// How well one typed word fits a title; 0: not at all.
double Search::Query::fit_of(std::size_t i, TitleWords& title) const {
  const std::string_view typed = words[i];
  double best = 0;
  for (const auto word : title.words) {
    if (word == typed) return kAsTyped;
    if (same_number(word, typed)) best = std::max(best, kSameNumber);
    if (last(i) && word.starts_with(typed)) best = std::max(best, beginning(typed, word));
    if ((i < joined.size() && word == joined[i]) || (i > 0 && word == joined[i - 1]))
      best = std::max(best, kRunTogether);
  }
  if (best > 0) return best;
  for (const auto& form : title.joined()) {
    const bool letters = form.size() > 2 && form.size() <= title.words.size();
    if (form == typed)
      best = std::max(best, letters ? kInitials : kRunTogether);
    else if (last(i) && typed.size() > 4 && form.starts_with(typed))
      best = std::max(best, kBeginning);
  }
  return best;
}

bool Search::Query::slipped(std::size_t i, const TitleWords& title) const {
  return typos && std::any_of(slips[i].begin(), slips[i].end(), [&](std::string_view slip) {
           return std::find(title.words.begin(), title.words.end(), slip) != title.words.end();
         });
}

// How well a word fits what is known beside titles.
double Search::fit_elsewhere(std::string_view typed, std::uint32_t document) const {
  if (year_[document] > 0 && typed == std::to_string(year_[document])) return kYear;
  const auto digits = digits_of(typed).empty() ? typed : digits_of(typed);
  if (place_[document] > 0 && digits == std::to_string(place_[document])) return kPlaceInSeries;
  return kElsewhere;
}

double Search::whole_title(const Query& query, std::uint32_t document, const Title& title) const {
  const std::string_view asked = without_article(query.folded);
  const std::string_view plain = without_article(title.text);
  const bool own = &title == &titles_[titles_begin_[document]];
  if (plain == asked)
    return (own ? kExactTitle : kExactOtherTitle) + (title.text == query.folded ? 1 : 0);
  const auto main = without_article(std::string_view(title.text).substr(0, title.main));
  if (title.main > 0 && main == asked) return kExactMainPart;
  return plain.starts_with(asked) ? kTitleBegins : 0;
}

// The fit of one title: what each word is in it.
Search::Fit Search::fit(const Query& query, std::uint32_t document, const Title& title) const {
  TitleWords words{title.text};
  Fit fit;
  double sum = 0;
  std::size_t of_title = 0;
  for (std::size_t i = 0; i < query.words.size(); ++i) {
    double quality = i == query.left_out ? 0 : query.fit_of(i, words);
    if (quality > 0) {
      ++of_title;
    } else if (i == query.left_out) {
      fit.exact = false;
    } else if (query.slipped(i, words)) {
      quality = kTypo;
      ++of_title;
      fit.exact = false;
    } else {
      quality = fit_elsewhere(query.words[i], document);
      fit.exact = fit.exact && quality > kElsewhere;
    }
    sum += quality;
  }
  const auto n = static_cast<double>(query.words.size());
  fit.score =
      kWords * sum / n +
      kCoverage * static_cast<double>(of_title) / std::max(n, static_cast<double>(title.words)) +
      whole_title(query, document, title);
  return fit;
}

SearchHit Search::judge(const Query& query, std::uint32_t document) const {
  SearchHit hit{row_[document], -1, false};
  for (auto t = titles_begin_[document]; t < titles_begin_[document + 1]; ++t) {
    Fit one = fit(query, document, titles_[t]);
    if (t > titles_begin_[document]) one.score -= kOtherTitle;
    if (one.score > hit.score) hit = {hit.row, one.score, one.exact};
  }
  hit.score += kPopularity * static_cast<double>(popularity_[document]);
  if (place_[document] > 1) hit.score -= kLaterInSeries;
  return hit;
}

std::vector<SearchHit> Search::find(std::string_view text, std::size_t limit,
                                    std::span<const std::uint8_t> hidden) const {
  Query query;
  query.folded = fold_text(text.substr(0, kMaxBytes));
  query.words = split_words(query.folded, kMaxWords);
  if (query.words.empty()) return {};
  constexpr std::size_t kCommonAsked = 2;  // where there is no other word
  const auto common =
      static_cast<std::size_t>(std::count_if(query.words.begin(), query.words.end(), is_common));
  for (std::size_t i = 0; i < query.words.size(); ++i)
    query.skipped.push_back(
        is_common(query.words[i]) && (common < query.words.size() || i >= kCommonAsked) ? 1 : 0);
  for (std::size_t i = 0; i + 1 < query.words.size(); ++i)
    query.joined.push_back(std::string(query.words[i]).append(query.words[i + 1]));
  const auto wanted = [&](std::uint32_t d) { return hidden.empty() || hidden[row_[d]] == 0; };
  std::vector<SearchHit> hits;
  const auto take = [&](std::vector<std::uint32_t> found) {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const auto document : found) {
      if (wanted(document)) hits.push_back(judge(query, document));
    }
  };
  const auto ask = [&](bool everywhere) {
    return index_->match(expression(query, query.left_out, everywhere), kCandidates, wanted);
  };
  std::vector<std::uint32_t> found = ask(false);
  collect_exact(query, found);
  if (found.size() < kEnough) {
    const auto more = ask(true);
    found.insert(found.end(), more.begin(), more.end());
  }
  take(std::move(found));
  if (hits.empty()) {
    query.typos = true;
    bool any = false;
    for (std::size_t i = 0; i < query.words.size(); ++i) {
      const bool alone = query.words.size() == 1;
      query.slips.push_back(alone && query.words[i].size() < kTypoLetters
                                ? std::vector<std::string_view>()
                                : misspelt(query.words[i], query.last(i)));
      any = any || !query.slips.back().empty();
    }
    if (any) take(ask(true));
  }
  if (hits.empty() && query.words.size() > 2) {
    for (query.left_out = 0; query.left_out < query.words.size(); ++query.left_out) {
      if (query.skipped[query.left_out] == 0) take(ask(true));
    }
  }
  std::sort(hits.begin(), hits.end(), [](const SearchHit& a, const SearchHit& b) {
    return a.row != b.row ? a.row < b.row : a.score > b.score;
  });
  hits.erase(std::unique(hits.begin(), hits.end(),
                         [](const SearchHit& a, const SearchHit& b) { return a.row == b.row; }),
             hits.end());
  std::sort(hits.begin(), hits.end(), [](const SearchHit& a, const SearchHit& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

std::string_view Search::missing_script(std::string_view text) const {
  const std::uint32_t asked = scripts_of(text);
  return (asked & scripts_) != 0 ? std::string_view() : script_name(asked & ~scripts_);
}

}  // namespace sparrow::live
