// What machines train and count of their own users must make the whole, whoever has which user.
#include <cmath>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/data/item_graph.h"
#include "sparrow/embed/cooccurrence.h"
#include "sparrow/embed/random_walk.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/embed/skip_gram_tables.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kCircle = 60;

// Users who take one step or two through a circle of items at a time.
data::Interactions circles(std::size_t users) {
  data::Interactions log;
  Random random(4);
  for (std::size_t u = 0; u < users; ++u) {
    Row item = random.below(kCircle);
    const std::uint32_t length = 3 + random.below(20);
    for (std::uint32_t e = 0; e < length; ++e) {
      log.items.push_back(item);
      log.values.push_back(random.below(4) == 0 ? 2.0F : 5.0F);
      log.times.push_back(static_cast<std::int64_t>(e));
      item = (item + 1 + random.below(2)) % kCircle;
    }
    log.offsets.push_back(log.items.size());
  }
  return log;
}

// The users u with u % parts == part.
data::Interactions part_of(const data::Interactions& log, std::size_t part, std::size_t parts) {
  data::Interactions mine;
  for (std::size_t u = part; u < log.users(); u += parts) {
    for (std::uint64_t e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      mine.items.push_back(log.items[e]);
      mine.values.push_back(log.values[e]);
      mine.times.push_back(log.times[e]);
    }
    mine.offsets.push_back(mine.items.size());
  }
  return mine;
}

std::vector<float> values_of(const Embeddings& e) { return {e.values().begin(), e.values().end()}; }

TEST(Turns, OfOnePartGiveTheBytesOfTrainingAtOnce) {
  const data::Sequences sequences = data::build_sequences(circles(100), {});
  std::vector<std::uint32_t> counts(kCircle, 0);
  for (const Row item : sequences.items) ++counts[item];
  for (const Loss loss : {Loss::kHierarchicalSoftmax, Loss::kNegativeSampling}) {
    SkipGramOptions options;
    options.loss = loss;
    options.dim = 20;  // rows are padded
    options.epochs = 5;
    options.inverse_popularity = 0.5F;
    const auto whole = train_skip_gram(source_of(sequences), counts, options, {});
    ASSERT_TRUE(whole);
    auto state = initial_state(counts, options);
    ASSERT_TRUE(state);
    std::uint64_t pairs = 0;
    for (const auto& [first, epochs] : {std::pair{0, 2}, {2, 1}, {3, 2}}) {
      SkipGramTurn turn;
      turn.first_epoch = static_cast<std::size_t>(first);
      turn.epochs = static_cast<std::size_t>(epochs);
      turn.tokens = sequences.items.size();
      const auto taken = take_turn(source_of(sequences), counts, options, turn, *state, {});
      ASSERT_TRUE(taken);
      pairs += taken->pairs;
    }
    EXPECT_EQ(values_of(vectors_of(*state, counts, options)), values_of(whole->vectors));
    EXPECT_EQ(pairs, whole->pairs);
  }
}

TEST(Turns, OfAnEmptyPartChangeNothing) {
  const data::Sequences sequences = data::build_sequences(circles(30), {});
  std::vector<std::uint32_t> counts(kCircle, 0);
  for (const Row item : sequences.items) ++counts[item];
  SkipGramOptions options;
  options.min_count = 1;
  auto state = initial_state(counts, options);
  ASSERT_TRUE(state);
  const auto before = values_of(state->input);
  const auto taken =
      take_turn(source_of(data::Sequences{}), counts, options,
                {.part = 3, .first_epoch = 0, .epochs = 1, .tokens = 100}, *state, {});
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->pairs, 0U);
  EXPECT_EQ(values_of(state->input), before);
}

TEST(Turns, PairsByRowAreThoseThatATurnTrains) {
  const data::Sequences sequences = data::build_sequences(circles(400), {});
  std::vector<std::uint32_t> counts(kCircle, 0);
  for (const Row item : sequences.items) ++counts[item];
  SkipGramOptions options;
  options.loss = Loss::kNegativeSampling;
  options.epochs = 1;
  const auto trained = train_skip_gram(source_of(sequences), counts, options, {});
  ASSERT_TRUE(trained);
  const PairsByRow pairs = pairs_by_row(counts, options, sequences.count());
  double inputs = 0;
  double outputs = 0;
  for (const double p : pairs.input) inputs += p;
  for (const double p : pairs.output) outputs += p;
  const double all = static_cast<double>(trained->pairs) * 6;  // of a context: itself, 5 negatives
  EXPECT_NEAR(inputs / all, 1, 0.05);
  EXPECT_NEAR(outputs / inputs, 1, 1e-6);
}

TEST(Walks, OfAllPartsAreThoseOfTheWhole) {
  const data::Sequences sequences = data::build_sequences(circles(100), {});
  const auto graph = data::build_item_graph(sequences, kCircle, data::Direction::kUndirected, 2);
  const WalkSampler sampler(graph, {});
  const auto walks_of = [&](const SequenceSource& source) {
    std::vector<std::uint32_t> numbers(source.count);
    for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
    std::vector<std::vector<Row>> walks(source.count);
    source.fill(numbers, 3, walks);
    std::sort(walks.begin(), walks.end());
    return walks;
  };
  std::vector<std::vector<Row>> together;
  for (std::size_t part = 0; part < 7; ++part) {
    const auto walks = walks_of(sampler.source(part, 7));
    together.insert(together.end(), walks.begin(), walks.end());
  }
  std::sort(together.begin(), together.end());
  EXPECT_EQ(together, walks_of(sampler.source()));
}

TEST(Cooccurrence, CountsOfPartsAddUp) {
  const data::Interactions log = circles(200);
  const HistoryOptions history;
  const auto chosen = choose_items(data::count_positives(log, kCircle, history.min_value), history);
  const auto whole = weighted_histories(log, kCircle, chosen, history);
  CooccurrenceOptions options;
  options.max_row_entries = 20;
  const auto matrix = ppmi_matrix(whole, options, {});
  ASSERT_TRUE(matrix);
  std::vector<double> totals(whole.items, 0);
  std::vector<double> counts(whole.items * whole.items, 0);
  for (std::size_t part = 0; part < 3; ++part) {
    const auto mine = weighted_histories(part_of(log, part, 3), kCircle, chosen, history);
    const CooccurrenceCounts counted(mine, options);
    const auto my_totals = counted.totals();
    for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += my_totals[i];
    const SparseRows rows = counted.rows(0, whole.items);
    for (std::size_t r = 0; r < whole.items; ++r) {
      for (auto e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e)
        counts[r * whole.items + rows.columns[e]] += static_cast<double>(rows.values[e]);
    }
  }
  constexpr std::size_t kFirst = 10;
  SparseRows some;
  for (std::size_t r = kFirst; r < whole.items; ++r) {
    for (std::uint32_t c = 0; c < whole.items; ++c) {
      if (counts[r * whole.items + c] <= 0) continue;
      some.columns.push_back(c);
      some.values.push_back(static_cast<float>(counts[r * whole.items + c]));
    }
    some.offsets.push_back(some.columns.size());
  }
  const SparseRows ppmi = ppmi_rows(kFirst, some, totals, options);
  for (std::size_t r = 0; r < ppmi.rows(); ++r) {
    ASSERT_EQ(ppmi.offsets[r + 1] - ppmi.offsets[r], matrix->row_size(kFirst + r));
    for (std::size_t e = 0; e < matrix->row_size(kFirst + r); ++e) {
      EXPECT_EQ(ppmi.columns[ppmi.offsets[r] + e], matrix->column(kFirst + r, e));
      EXPECT_NEAR(ppmi.values[ppmi.offsets[r] + e], matrix->value(kFirst + r, e), 1e-4F);
    }
  }
  std::vector<float> x(whole.items * 4);
  Random random(1);
  for (float& v : x) v = static_cast<float>(random.normal());
  std::vector<float> expected(x.size());
  std::vector<float> y(ppmi.rows() * 4);
  matrix->multiply(x.data(), expected.data(), 4, 1);
  multiply(ppmi, x.data(), y.data(), 4);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[kFirst * 4 + i], 1e-3F);
}

TEST(HistoryProduct, OfPartsAddsUp) {
  const data::Interactions log = circles(150);
  const HistoryOptions history;
  const auto chosen = choose_items(data::count_positives(log, kCircle, history.min_value), history);
  const auto whole = weighted_histories(log, kCircle, chosen, history);
  std::vector<float> x(whole.items * 3);
  Random random(2);
  for (float& v : x) v = static_cast<float>(random.normal());
  std::vector<float> sum(x.size(), 0);
  std::vector<float> y(x.size());
  for (std::size_t part = 0; part < 4; ++part) {
    const auto mine = weighted_histories(part_of(log, part, 4), kCircle, chosen, history);
    HistoryProduct(mine).multiply(x.data(), y.data(), 3, 1);
    for (std::size_t i = 0; i < y.size(); ++i) sum[i] += y[i];
  }
  // Literally: X'(X x).
  for (std::size_t i = 0; i < whole.items; ++i) {
    double expected = 0;
    for (std::size_t u = 0; u + 1 < whole.offsets.size(); ++u) {
      double middle = 0;
      double weight = 0;
      for (auto e = whole.offsets[u]; e < whole.offsets[u + 1]; ++e) {
        middle += static_cast<double>(whole.weights[e] * x[whole.rows[e] * 3]);
        if (whole.rows[e] == i) weight = static_cast<double>(whole.weights[e]);
      }
      expected += weight * middle;
    }
    EXPECT_NEAR(sum[i * 3], expected, 1e-2);
  }
}

}  // namespace
}  // namespace sparrow::embed
