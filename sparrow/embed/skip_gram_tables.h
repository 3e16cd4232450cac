// What skip-gram training looks up: the vocabulary, the negatives, the tree of the hierarchical
// softmax.
#pragma once

#include <cstdint>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/embed/skip_gram.h"

namespace sparrow::embed {

// Huffman code of every row: the inner nodes from the root and the turn taken at each.
struct HuffmanTree {
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint32_t> nodes;
  std::vector<std::uint8_t> turns;
};

HuffmanTree build_huffman_tree(const std::vector<std::uint32_t>& counts);

struct SkipGramTables {
  std::vector<Row> dense;       // item -> vocabulary row, kNoRow below min_count
  std::vector<Row> vocabulary;  // vocabulary row -> item, most frequent first
  std::vector<float> keep;      // sub-sampling: probability to keep; empty: all are kept
  std::vector<float> weight;    // of a center's windows, by inverse popularity; empty: 1
  std::vector<Row> negatives;   // shuffled; walked in order
  HuffmanTree tree;
  std::size_t shared_contexts = 0;  // of a center, trained with the same negatives
};

// Items that occur min_count times and at least once, most frequent first.
std::vector<Row> vocabulary_of(const std::vector<std::uint32_t>& counts, std::uint32_t min_count);

// How many products of an input and an output row an epoch trains, about, by row of the vocabulary
// or inner node of the tree.
struct PairsByRow {
  std::vector<double> input;
  std::vector<double> output;
};
// sequences: in an epoch; short ones have fewer contexts than a window is wide.
PairsByRow pairs_by_row(const std::vector<std::uint32_t>& counts, const SkipGramOptions& options,
                        std::uint64_t sequences);

// counts: how often each item occurs; tokens: in one epoch. With fewer than two items in the
// vocabulary there are no negatives and no tree.
SkipGramTables skip_gram_tables(const std::vector<std::uint32_t>& counts,
                                const SkipGramOptions& options, std::uint64_t tokens);

}  // namespace sparrow::embed
