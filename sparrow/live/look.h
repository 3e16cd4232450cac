// What is drawn for an item that has no picture (web/tile.js): a motif from what is said of it, and
// its number within its series. Its colour comes from its place on the map.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/model/model.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::live {

struct Look {
  std::string_view motif;  // a name in web/glyphs.js; empty: nothing says what to draw
  std::uint8_t part = 0;   // "Rocky III", "Toy Story 2", "Part II"; 0: the title has no number
  std::string_view maker;  // brand, author or publisher; a view into the catalogue; empty: none
};

// The look of every item of the catalogue. Tags, keywords and the title decide the motif, what few
// items have more than what many have, then the genre; the items of one series share theirs.
// O(words of tags, keywords and titles).
std::vector<Look> looks_of(const recall::ItemFacts& facts);

// Names of all motifs, ascending.
std::vector<std::string_view> motif_names();

// The number that a title gives within a series, 2..20; 0: none. Sequels only: the number stands at
// the end, before a colon, or after "Part", "Episode", "Chapter", "Vol.".
std::uint8_t part_of(std::string_view title);

constexpr std::uint16_t kNoHue = 360;

// Hues 0..359 for catalogue rows, from the places of a model's items on its map: near on the map is
// near on the circle of colors, and the well known share most of the circle. kNoHue for items that
// are not on it; empty where the model has no map. O(items log items).
std::vector<std::uint16_t> hues_of(const data::Catalog& catalog, const model::Model& model);

}  // namespace sparrow::live
