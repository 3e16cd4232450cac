// Skip-gram embeddings of item sequences: item2vec (Barkan & Koenigstein 2016) by negative sampling
// (Mikolov et al. 2013, eq. 4) or hierarchical softmax (Morin & Bengio 2005; Huffman tree as in
// word2vec).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/sequences.h"

namespace sparrow::embed {

enum class Loss { kNegativeSampling, kHierarchicalSoftmax };

// Defaults for recommendation, not for text: every position of the window counts the same number of
// times for rare and popular items, and many epochs, because logs are small beside text.
struct SkipGramOptions {
  std::size_t dim = 64;
  std::size_t window = 5;  // positions to each side; 0: the whole sequence
  Loss loss = Loss::kHierarchicalSoftmax;
  std::size_t negatives = 5;
  float negative_exponent = 0.75F;  // 0: uniform, 1: as popular
  float subsample = 0;              // word2vec's threshold t, a share of the corpus; 0: keep all
  // Learning rate of a window by its center's popularity, count^-e, mean 1 over the corpus and at
  // most 8. 0: all the same; 1: every item teaches as much as any other.
  float inverse_popularity = 0;
  std::size_t epochs = 50;
  float learning_rate = 0.025F;  // falls linearly
  float min_learning_rate = 1e-4F;
  std::uint32_t min_count = 5;  // rarer items get no vector
  std::uint64_t seed = 1;
  std::size_t threads = 0;  // 0: one per core, at most two; the result is the same for any number
  // Contexts of a window that are trained in one step. 0: two, or with negative sampling all of
  // them, which is fastest, unless the mean item has few occurrences (epochs counted).
  std::size_t shared_contexts = 0;
  // Vectors to start from, items x dim; zero rows start at random. Two epochs more then come first,
  // which leave them as they are and learn what they are compared with.
  const Embeddings* initial = nullptr;
};

// Sequences by number: fills out[i] with sequence numbers[i] of this epoch; called from several
// threads at once. Walks are made here when they are wanted, and never stored.
struct SequenceSource {
  std::uint64_t count = 0;   // at most 2^32
  std::uint64_t tokens = 0;  // in one epoch, about
  std::function<void(std::span<const std::uint32_t> numbers, std::size_t epoch,
                     std::span<std::vector<Row>> out)>
      fill;
};
// Weighted sequences: each event takes part in an epoch with its weight as probability.
SequenceSource source_of(const data::Sequences& sequences);

struct SkipGramResult {
  Embeddings vectors;              // items x dim, not normalised; zero row: below min_count
  std::vector<double> epoch_loss;  // mean -ln likelihood of a pair
  std::uint64_t pairs = 0;
  double seconds = 0;  // of the epochs
};

// counts  how often each item occurs, for the tree, the negatives and min_count.
// threads equal seeds give equal bytes for any number. Two share the columns of every row and learn
//         in lockstep, from gradients taken at most 16 steps earlier; more than two do not help.
// cost    O(epochs * tokens * window * (negatives + 1 or code length) * dim).
// Errors: kInvalidInput when no item is frequent enough; kUnavailable when cancelled.
Result<SkipGramResult> train_skip_gram(const SequenceSource& source,
                                       std::vector<std::uint32_t> counts,
                                       const SkipGramOptions& options, const RunControl& control);

// A training in parts: several machines train one epoch or more of their own sequences from the
// same state, the states are merged, and so on.
struct SkipGramState {
  Embeddings input;   // vocabulary x dim, most frequent item first
  Embeddings output;  // as many rows: items, or inner nodes of the tree (the last is not used)
};

// One turn of one of the machines. All must be told the same counts, which are those of the whole.
struct SkipGramTurn {
  std::size_t part = 0;         // which of the machines: each draws its own windows and negatives
  std::size_t first_epoch = 0;  // of options.epochs; decides the learning rate
  std::size_t epochs = 1;
  std::uint64_t tokens = 0;  // of all parts, in one epoch
};

// What a training starts from. Errors: kInvalidInput when no item is frequent enough.
Result<SkipGramState> initial_state(const std::vector<std::uint32_t>& counts,
                                    const SkipGramOptions& options);

// Trains `state`. Turns of all epochs by part 0 alone, one after the other, give the bytes of
// train_skip_gram(), where sequences have no weights: a turn begins with the learning rate of its
// first epoch. The result has no vectors: vectors_of() has.
Result<SkipGramResult> take_turn(const SequenceSource& source, std::vector<std::uint32_t> counts,
                                 const SkipGramOptions& options, const SkipGramTurn& turn,
                                 SkipGramState& state, const RunControl& control);

// Input rows as vectors of items: items x dim; zero row: below min_count.
Embeddings vectors_of(const SkipGramState& state, const std::vector<std::uint32_t>& counts,
                      const SkipGramOptions& options);

// Peak memory of training beside the sequences.
std::uint64_t skip_gram_memory_bytes(std::size_t items, const SkipGramOptions& options);

}  // namespace sparrow::embed
