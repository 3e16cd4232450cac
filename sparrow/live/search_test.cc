#include "sparrow/live/search.h"

#include <memory>

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

}  // namespace
}  // namespace sparrow::live
