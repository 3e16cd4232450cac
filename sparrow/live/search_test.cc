#include "sparrow/live/search.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace sparrow::live {
namespace {

std::shared_ptr<data::Dataset> films() {
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items(5);
  items[0] = {.id = "1",
              .title = "The Matrix",
              .year = 1999,
              .values = {{data::kGenres, data::Names{"Action"}}}};
  items[1] = {.id = "2",
              .title = "The Matrix Reloaded",
              .year = 2003,
              .values = {{data::kGenres, data::Names{"Action"}}}};
  items[2] = {.id = "3",
              .title = "Amélie",
              .alternative_titles = {"Le Fabuleux destin d'Amélie Poulain"},
              .year = 2001,
              .values = {{data::kGenres, data::Names{"Comedy"}}}};
  items[3] = {.id = "4",
              .title = "<script>alert(1)</script>",
              .year = 1990,
              .values = {{data::kGenres, data::Names{"<b>"}}}};
  items[4] = {
      .id = "5 6",
      .title = "Terminator 2: Judgment Day",
      .year = 1991,
      .values = {{data::kGenres, data::Names{"Action"}}, {data::kImdbId, std::string("0103064")}}};
  dataset->catalog = data::Catalog(std::move(items));
  dataset->users = {"7"};
  dataset->interactions.offsets = {0, 2};
  dataset->interactions.items = {0, 4};
  dataset->interactions.values = {5, 4};
  dataset->interactions.times = {10, 20};
  dataset->info.name = "films";
  return dataset;
}

TEST(Search, ForgivesOrderAccentsBeginningsAndTypos) {
  const auto dataset = films();
  const Search search(*dataset);
  const auto first = [&](std::string_view words) {
    const auto hits = search.find(words, 5);
    return hits.empty() ? std::string() : dataset->catalog[hits.front().row].id;
  };
  EXPECT_EQ(first("matrix the"), "1");
  EXPECT_EQ(first("MATRIX reloa"), "2");
  EXPECT_EQ(first("amelie"), "3");
  EXPECT_EQ(first("fabuleux destin"), "3");
  EXPECT_EQ(first("terminator 2"), "5 6");
  EXPECT_EQ(first("terminatr"), "5 6");
  EXPECT_EQ(first("matrix 2003"), "2");
  EXPECT_EQ(first("zzz"), "");
  EXPECT_EQ(first(""), "");
  EXPECT_FALSE(search.find("terminatr", 1).front().exact);
  EXPECT_TRUE(search.find("terminator", 1).front().exact);
}

// Fault 4 of the pages: what people type for films that everybody knows.
TEST(Search, FindsNumbersInitialsAndWordsRunTogether) {
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items;
  const auto add = [&](std::string title, int year, std::vector<data::TagCount> tags = {}) {
    items.push_back({.id = std::to_string(items.size() + 1),
                     .title = std::move(title),
                     .year = year,
                     .tags = std::move(tags)});
  };
  add("Shrek", 2001);
  add("2001: A Space Odyssey", 1968);
  add("Spider-Man", 2002);
  add("The Godfather", 1972);
  add("The Godfather: Part II", 1974);
  add("Star Wars: Episode IV - A New Hope", 1977);
  add("Star Wars: Episode I - The Phantom Menace", 1999);
  add("The Lord of the Rings: The Fellowship of the Ring", 2001);
  add("WALL·E", 2008);
  add("Toy Story", 1995, {{"pixar", 9}});
  add("Toy Story 2", 1999);
  add("Alien", 1979);
  add("Aliens", 1986, {{"james cameron", 3}});
  add("Ocean's Eleven", 2001);
  dataset->catalog = data::Catalog(std::move(items));
  dataset->users = {"7"};
  dataset->interactions.offsets = {0, 8};
  dataset->interactions.items = {0, 0, 0, 3, 3, 6, 6, 12};
  dataset->interactions.values = {5, 5, 5, 5, 5, 5, 5, 5};
  dataset->interactions.times = {1, 2, 3, 4, 5, 6, 7, 8};
  const recall::ItemFacts facts(*dataset);
  const Search search(*dataset, &facts);
  const auto first = [&](std::string_view words) {
    const auto hits = search.find(words, 5);
    return hits.empty() ? std::string() : dataset->catalog[hits.front().row].title;
  };
  EXPECT_EQ(first("spiderman"), "Spider-Man");
  EXPECT_EQ(first("spider man"), "Spider-Man");
  EXPECT_EQ(first("godfather 2"), "The Godfather: Part II");
  EXPECT_EQ(first("godfather ii"), "The Godfather: Part II");
  EXPECT_EQ(first("star wars 4"), "Star Wars: Episode IV - A New Hope");
  EXPECT_EQ(first("lotr"), "The Lord of the Rings: The Fellowship of the Ring");
  EXPECT_EQ(first("walle"), "WALL·E");
  EXPECT_EQ(first("wall e"), "WALL·E");
  EXPECT_EQ(first("2001"), "2001: A Space Odyssey");
  EXPECT_EQ(first("toy story pixar"), "Toy Story");
  EXPECT_EQ(first("toystory"), "Toy Story");
  EXPECT_EQ(first("alien"), "Alien");  // though Aliens has more ratings
  EXPECT_EQ(first("cameron aliens"), "Aliens");
  EXPECT_EQ(first("oceans 11"), "Ocean's Eleven");
  EXPECT_EQ(first("toy story film"), "Toy Story") << "one word too many";
  EXPECT_EQ(first("star xxxx yyyy zzzz"), "");
  EXPECT_EQ(search.missing_script("玩具总动员"), "Han");
  EXPECT_EQ(search.missing_script("Матрица"), "Cyrillic");
  EXPECT_EQ(search.missing_script("matrix 玩具"), "");
  EXPECT_EQ(search.missing_script("1917"), "");
}

TEST(Search, SignsOfTheQueryLanguageAreWords) {
  const auto dataset = films();
  const Search search(*dataset);
  for (const std::string_view words : {"\"", "* OR", "matrix AND NOT", "names : matrix",
                                       "NEAR(a b)", "{", "^matrix", "-", "'; DROP"})
    EXPECT_LE(search.find(words, 5).size(), 5U) << words;
  EXPECT_EQ(dataset->catalog[search.find("^matrix*", 1).front().row].id, "1");
}

TEST(Search, AsManyAsAskedThoughThePopularOnesAreHidden) {
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items;
  for (int i = 0; i < 1000; ++i)
    items.push_back({.id = std::to_string(i), .title = "The film number " + std::to_string(i)});
  dataset->catalog = data::Catalog(std::move(items));
  dataset->interactions.offsets = {0};
  const Search search(*dataset);
  std::vector<std::uint8_t> hidden(1000, 1);
  hidden[999] = 0;
  ASSERT_EQ(search.find("film", 5, hidden).size(), 1U);
  EXPECT_EQ(search.find("film", 5, hidden).front().row, 999U);
}

}  // namespace
}  // namespace sparrow::live
