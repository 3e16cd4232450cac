#include "sparrow/data/title.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

#include "sparrow/data/field_values.h"
#include "sparrow/data/time_form.h"

namespace sparrow::data {
namespace {

constexpr std::array<std::string_view, 40> kArticles = {
    "The", "A",   "An",   "La",  "Le",  "Les", "L'",  "El",  "Los", "Las",
    "Il",  "Lo",  "I",    "Gli", "Der", "Die", "Das", "Den", "Det", "De",
    "Den", "Ein", "Eine", "Un",  "Une", "Una", "Uno", "O",   "Os",  "As",
    "Het", "Een", "En",   "Et",  "Der", "Ang", "Al",  "Y",   "Dem", "Des"};

bool is_article(std::string_view word) {
  return std::any_of(kArticles.begin(), kArticles.end(), [&](std::string_view article) {
    return article.size() == word.size() &&
           std::equal(word.begin(), word.end(), article.begin(), [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) ==
                    std::tolower(static_cast<unsigned char>(b));
           });
  });
}

// "Matrix, The" -> "The Matrix"; "Avventura, L'" -> "L'Avventura".
std::string article_first(std::string_view text) {
  text = trim(text);
  const auto comma = text.rfind(',');
  if (comma == std::string_view::npos) return std::string(text);
  const std::string_view last = trim(text.substr(comma + 1));
  if (!is_article(last)) return std::string(text);
  const std::string gap = last.ends_with('\'') ? "" : " ";
  return std::string(last) + gap + std::string(trim(text.substr(0, comma)));
}

// "1999", "1999-2003", "2009–", "2007-" -> first year; 0 when it is none.
int year_of(std::string_view text) {
  text = trim(text);
  if (text.size() < 4 ||
      !std::all_of(text.begin(), text.begin() + 4, [](char c) { return c >= '0' && c <= '9'; }))
    return 0;
  const bool range = std::all_of(text.begin() + 4, text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == ' ' || static_cast<unsigned char>(c) >= 0x80;
  });
  const bool separated = text.size() == 4 || !(text[4] >= '0' && text[4] <= '9');
  if (!range || !separated) return 0;
  return (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
}

// Start of the bracket that closes at the end of `text`, npos if there is none.
std::size_t last_bracket(std::string_view text) {
  if (text.empty() || text.back() != ')') return std::string_view::npos;
  int depth = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] == ')') ++depth;
    if (text[i] == '(' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string_view without_aka(std::string_view text) {
  text = trim(text);
  for (const std::string_view prefix : {"a.k.a. ", "a.k.a ", "aka ", "A.K.A. ", "AKA "}) {
    if (text.starts_with(prefix)) return trim(text.substr(prefix.size()));
  }
  return text;
}

}  // namespace

ParsedTitle parse_title(std::string_view raw, TitleForm form) {
  ParsedTitle parsed;
  std::string_view rest = trim(raw);
  std::size_t bracket = last_bracket(rest);
  if (bracket != std::string_view::npos) {
    parsed.year = year_of(rest.substr(bracket + 1, rest.size() - bracket - 2));
    if (parsed.year != 0) rest = trim(rest.substr(0, bracket));
  }
  std::vector<std::string> others;
  for (bracket = last_bracket(rest);
       form == TitleForm::kMovieLens && bracket != std::string_view::npos && bracket > 0;
       bracket = last_bracket(rest)) {
    const std::string_view inside =
        without_aka(rest.substr(bracket + 1, rest.size() - bracket - 2));
    rest = trim(rest.substr(0, bracket));
    if (!inside.empty()) others.push_back(article_first(inside));
  }
  std::reverse(others.begin(), others.end());
  parsed.title = article_first(rest);
  if (parsed.title.empty()) parsed.title = std::string(trim(raw));
  parsed.alternative_titles = std::move(others);
  return parsed;
}

std::string clean_title(std::string_view raw) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kEntities = {
      {{"amp", "&"},
       {"lt", "<"},
       {"gt", ">"},
       {"quot", "\""},
       {"apos", "'"},
       {"nbsp", " "},
       {"ndash", "\xE2\x80\x93"},
       {"mdash", "\xE2\x80\x94"}}};
  std::string clean;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto byte = static_cast<unsigned char>(raw[i]);
    if (byte < 0x20 || byte == 0x7F) {
      const bool gap =
          (!clean.empty() && clean.back() == ' ') || (i + 1 < raw.size() && raw[i + 1] == ' ');
      if (!gap) clean += ' ';
      continue;
    }
    const auto end = raw[i] == '&' ? raw.find(';', i) : std::string_view::npos;
    constexpr std::size_t kLongest = 8;
    if (end == std::string_view::npos || end - i > kLongest) {
      clean += raw[i];
      continue;
    }
    const std::string_view name = raw.substr(i + 1, end - i - 1);
    const auto* known = std::find_if(kEntities.begin(), kEntities.end(),
                                     [&](const auto& entity) { return entity.first == name; });
    int code = 0;
    if (known != kEntities.end()) {
      clean += known->second;
    } else if (name.starts_with('#') && parse_number(name.substr(1), code) && code >= 0x20 &&
               code < 0x7F) {
      clean += static_cast<char>(code);
    } else {
      clean += raw[i];
      continue;
    }
    i = end;
  }
  return std::string(trim(clean));
}

int year_of_text(std::string_view text) {
  text = trim(text);
  if (text.starts_with('(') && text.ends_with(')')) text = trim(text.substr(1, text.size() - 2));
  if (const int year = year_of(text); year != 0) return year;
  double number = 0;
  if (parse_number(text, number))
    return number >= 1 && number <= 9999 ? static_cast<int>(number) : 0;
  std::int64_t seconds = 0;
  if (!parse_date(text, DateOrder::kMonthFirst, seconds) &&
      !parse_date(text, DateOrder::kDayFirst, seconds))
    return 0;
  int year = 0;
  parse_number(time_text(seconds).substr(0, 4), year);
  return year;
}

}  // namespace sparrow::data
