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

// counts: how often each item occurs; tokens: in one epoch. With fewer than two items in the
// vocabulary there are no negatives and no tree.
SkipGramTables skip_gram_tables(const std::vector<std::uint32_t>& counts,
                                const SkipGramOptions& options, std::uint64_t tokens);

}  // namespace sparrow::embed
