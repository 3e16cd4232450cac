// How items are drawn: motifs from what is said of them, numbers of series, hues from the map; and
// what the regions of the map have in common.
#include "sparrow/live/look.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "sparrow/core/text.h"
#include "sparrow/live/look_words.h"
#include "sparrow/live/map_labels.h"
#include "sparrow/model/views.h"
#include "sparrow/rank/small_world.h"

namespace sparrow::live {
namespace {

data::Item an_item(const std::string& id, const std::string& title,
                   std::vector<data::TagCount> tags = {}, data::Names genres = {}) {
  data::Item item;
  item.id = id;
  item.title = title;
  item.raw_title = title;
  item.tags = std::move(tags);
  if (!genres.empty()) item.set(data::kGenres, std::move(genres));
  return item;
}

// Looks and the catalogue that they are views into.
struct KeptLooks {
  std::unique_ptr<data::Dataset> dataset;
  std::vector<Look> looks;
  const Look& operator[](std::size_t i) const { return looks[i]; }
};

KeptLooks looks_of_items(std::vector<data::Item> items, data::Schema schema = {}) {
  auto dataset = std::make_unique<data::Dataset>();
  dataset->catalog = data::Catalog(std::move(items), std::move(schema));
  const recall::ItemFacts facts(*dataset);
  std::vector<Look> looks = looks_of(facts);
  return {std::move(dataset), std::move(looks)};
}

TEST(Look, RareTagsDecideThenTheTitleThenTheGenre) {
  const auto looks = looks_of_items({
      an_item("1", "First", {{"space travel", 1}, {"time travel", 1}}, {"Sci-Fi"}),
      an_item("2", "Second", {{"space travel", 2}}, {"Sci-Fi"}),
      an_item("3", "The Train", {{"in netflix queue", 1}}, {"Drama"}),
      an_item("4", "Nothing Known", {}, {"Western", "Drama"}),
      an_item("5", "Nothing At All"),
      an_item("6", "Third", {{"ship", 4}, {"chess", 1}}),
  });
  EXPECT_EQ(looks[0].motif, "clock");
  EXPECT_EQ(looks[1].motif, "rocket");
  EXPECT_EQ(looks[2].motif, "train");
  const std::set<std::string_view> western = {"cowboy", "horseshoe", "cactus", "sun", "horse"};
  EXPECT_TRUE(western.contains(looks[3].motif)) << looks[3].motif;
  EXPECT_EQ(looks[4].motif, "");
  EXPECT_EQ(looks[5].motif, "ship") << "what more people say";
}

TEST(Look, CategoriesAndNamesOfGoods) {
  data::Schema schema;
  const auto brand = schema.add("brand", data::AttributeKind::kCategory);
  data::Item lamp = an_item("1", "Amber", {}, {"Desk lamps"});
  lamp.set(brand, std::string("Norrland"));
  const auto looks = looks_of_items({lamp, an_item("2", "Frozen Kettle", {}, {"Light"})}, schema);
  EXPECT_EQ(looks[0].motif, "lamp");
  EXPECT_EQ(looks[0].maker, "Norrland");
  EXPECT_EQ(looks[1].motif, "kettle");
  EXPECT_EQ(looks[1].maker, "");
}

TEST(Look, NumbersOfSeries) {
  EXPECT_EQ(part_of("Toy Story 2"), 2);
  EXPECT_EQ(part_of("Rocky III"), 3);
  EXPECT_EQ(part_of("Terminator 2: Judgment Day"), 2);
  EXPECT_EQ(part_of("The Godfather: Part II"), 2);
  EXPECT_EQ(part_of("Star Wars: Episode V - The Empire Strikes Back"), 5);
  EXPECT_EQ(part_of("Kill Bill: Vol. 2"), 2);
  EXPECT_EQ(part_of("Toy Story"), 0);
  EXPECT_EQ(part_of("2001: A Space Odyssey"), 0);
  EXPECT_EQ(part_of("12 Angry Men"), 0);
  EXPECT_EQ(part_of("District 99"), 0);
  EXPECT_EQ(part_of(""), 0);
}

TEST(Look, OneSeriesHasOneMotif) {
  const auto looks = looks_of_items({
      an_item("1", "Toy Story", {{"pixar", 3}}),
      an_item("2", "Toy Story 2", {{"time travel", 1}}),
      an_item("3", "Toy Story 3", {{"pixar", 1}}),
      an_item("4", "Apollo 13"),
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(looks[static_cast<std::size_t>(i)].motif, "toy") << i;
  EXPECT_EQ(looks[0].part, 0);
  EXPECT_EQ(looks[1].part, 2);
  EXPECT_EQ(looks[2].part, 3);
  EXPECT_EQ(looks[3].part, 0) << "a number that is of no series";
}

TEST(Look, WordsAreFoldedAndLeadToOneMotif) {
  std::set<std::string> seen;
  for (const MotifWords& one : motif_words()) {
    for (std::size_t begin = 0; begin < one.words.size();) {
      const std::size_t end = std::min(one.words.find(',', begin), one.words.size());
      const std::string word(one.words.substr(begin, end - begin));
      EXPECT_EQ(fold_text(word), word) << one.motif;
      EXPECT_TRUE(seen.insert(word).second) << word << " leads to " << one.motif << " too";
      begin = end + 1;
    }
  }
  const auto names = motif_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const GenreMotifs& genre : genre_motifs())
    for (std::size_t begin = 0; begin < genre.motifs.size();) {
      const std::size_t end = std::min(genre.motifs.find(',', begin), genre.motifs.size());
      const auto motif = genre.motifs.substr(begin, end - begin);
      EXPECT_TRUE(std::binary_search(names.begin(), names.end(), motif)) << motif;
      begin = end + 1;
    }
}

// A catalogue on a line: left half about ships, right half about robots, all dramas.
struct Line {
  std::vector<data::Item> items;
  std::vector<Row> rows;
  std::vector<float> xy;

  Line() {
    for (Row i = 0; i < 200; ++i) {
      items.push_back(an_item(std::to_string(i), "Item",
                              {{i < 100 ? "ships" : "robots", 2}, {"seen", 1}}, {"Drama"}));
      rows.push_back(i);
      xy.insert(xy.end(), {static_cast<float>(i), static_cast<float>(i % 7)});
    }
  }
};

TEST(MapLabels, RegionsSayWhatTellsThemFromOthers) {
  const Line line;
  const data::Catalog catalog(line.items);
  const auto labels = map_labels(catalog, line.rows, line.xy);
  ASSERT_FALSE(labels.empty());
  bool ships = false;
  bool robots = false;
  for (const MapLabel& label : labels) {
    ASSERT_FALSE(label.words.empty());
    for (const std::string& word : label.words) EXPECT_NE(word, "seen") << "one person's tag";
    if (label.level > 0) continue;
    if (label.words[0] == "ships") {
      ships = true;
      EXPECT_LT(label.x, 110);
    } else if (label.words[0] == "robots") {
      robots = true;
      EXPECT_GT(label.x, 90);
    }
  }
  EXPECT_TRUE(ships);
  EXPECT_TRUE(robots);
}

TEST(MapLabels, FewItemsHaveNone) {
  const Line line;
  const data::Catalog catalog(line.items);
  EXPECT_TRUE(map_labels(catalog, std::span(line.rows).first(30), line.xy).empty());
  EXPECT_TRUE(map_labels(catalog, {}, {}).empty());
}

TEST(Hues, NearOnTheMapIsNearOnTheCircle) {
  rank::SmallWorld world;
  std::vector<float> xy;
  for (std::size_t i = 0; i < world.model.items.size(); ++i)
    xy.insert(xy.end(), {static_cast<float>(i * i), static_cast<float>(i)});
  model::set_map(world.model, xy);
  const auto& catalog = world.dataset->catalog;
  const auto hues = hues_of(catalog, world.model);
  ASSERT_EQ(hues.size(), catalog.size());
  for (std::size_t i = 1; i < world.model.items.size(); ++i) {
    const int before = hues[*catalog.find(world.model.items[i - 1])];
    const int here = hues[*catalog.find(world.model.items[i])];
    EXPECT_GE(here, before);
  }
  EXPECT_GE(hues[*catalog.find(world.model.items.back())], 300);
}

}  // namespace
}  // namespace sparrow::live
