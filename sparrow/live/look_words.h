// Which words lead to which motif of web/glyphs.js. Phrases are folded (core/text.h) and singular:
// an "s" at the end of a word that is looked up may be missing here.
#pragma once

#include <span>
#include <string_view>

namespace sparrow::live {

struct MotifWords {
  std::string_view motif;
  std::string_view words;  // with commas between
  // Of titles too: words that mean the same in any title.
  std::string_view title_words = "";
};

// Ordered by motif.
std::span<const MotifWords> motif_words();

// What stands for a genre or a category where nothing else is known: several, of which the title
// decides for one. Folded names.
struct GenreMotifs {
  std::string_view genre;
  std::string_view motifs;
};
std::span<const GenreMotifs> genre_motifs();

}  // namespace sparrow::live
