// bench skip-gram and bench walks.
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <numeric>

#include "bench/bench.h"
#include <fmt/format.h>

#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/synth.h"
#include "sparrow/embed/random_walk.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/index/all_pairs.h"
#include "sparrow/index/flat_index.h"
#include "sparrow/model/vector_formats.h"

namespace sparrow::bench {
namespace {

namespace fs = std::filesystem;

// A generated log, made once for a scale.
Result<data::Dataset> bench_log(const BenchOptions& options) {
  const fs::path folder = fs::path(options.work) / fmt::format("log-{:g}", options.scale);
  if (!fs::exists(folder / "ratings.csv")) {
    data::SynthOptions synth;
    synth.users = static_cast<std::uint64_t>(138'493 * options.scale);
    synth.items = 26'744;
    synth.interactions = static_cast<std::uint64_t>(20'000'263 * options.scale);
    synth.clusters = 60;
    if (auto made = data::synth_log(synth, folder); !made) return made.error();
  }
  data::ReadOptions read;
  read.directory = folder;
  return data::read_dataset(read, {});
}

// Share of the ten nearest in the item's planted cluster: the sanity check of equal quality.
struct Purity {
  double all = 0;   // items
  double tail = 0;  // those that hold the last fifth of the positives
};

std::vector<bool> in_tail(const std::vector<std::uint32_t>& counts) {
  std::vector<Row> order(counts.size());
  std::iota(order.begin(), order.end(), Row{0});
  std::stable_sort(order.begin(), order.end(), [&](Row a, Row b) { return counts[a] > counts[b]; });
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<bool> tail(counts.size());
  double sum = 0;
  for (const Row row : order) {
    sum += counts[row];
    tail[row] = sum > 0.8 * total;
  }
  return tail;
}

Purity purity(const data::Catalog& catalog, const std::vector<std::uint32_t>& counts,
              Embeddings vectors) {
  normalize_rows(vectors);
  const auto lists = index::all_pairs_top_k(vectors, 10, 0);
  const auto tail = in_tail(counts);
  struct Share {
    double same = 0;
    double all = 0;
    double value() const { return all == 0 ? 0 : same / all; }
  };
  std::array<Share, 2> shares;  // head, tail
  for (Row row = 0; row < vectors.rows(); ++row) {
    if (vectors.row(row)[0] == 0) continue;
    Share& share = shares[tail[row] ? 1 : 0];
    for (std::size_t i = 0; i < 10; ++i) {
      const Row other = lists[std::size_t{row} * 10 + i].row;
      if (other == kNoRow) continue;
      share.same += catalog[row].list(data::kGenres) == catalog[other].list(data::kGenres) ? 1 : 0;
      ++share.all;
    }
  }
  const Share both{shares[0].same + shares[1].same, shares[0].all + shares[1].all};
  return {both.value(), shares[1].value()};
}

Result<Purity> purity_of_file(const data::Catalog& catalog,
                              const std::vector<std::uint32_t>& counts, const std::string& file) {
  auto named = model::import_vectors(file, "word2vec", "");
  if (!named) return named.error();
  Embeddings vectors(catalog.size(), named->vectors.dim());
  for (std::size_t r = 0; r < named->items.size(); ++r) {
    if (const auto row = catalog.find(named->items[r]))
      std::copy(named->vectors.row(r).begin(), named->vectors.row(r).end(),
                vectors.row(*row).begin());
  }
  return purity(catalog, counts, std::move(vectors));
}

void write_corpus(const data::Catalog& catalog, const data::Sequences& sequences,
                  const fs::path& file) {
  std::ofstream out(file);
  for (std::size_t s = 0; s < sequences.count(); ++s) {
    bool first = true;
    for (const Row row : sequences[s]) {
      if (!first) out << ' ';
      out << catalog[row].id;
      first = false;
    }
    out << '\n';
  }
}

}  // namespace

namespace {

struct SkipGramCorpus {
  data::Dataset dataset;
  data::Sequences sequences;
  std::vector<std::uint32_t> counts;
  fs::path file;
};

struct SkipGramRun {
  double seconds = 0;  // of the train phase
  double pairs = 0;
  Purity purity;
};

Result<SkipGramRun> run_ours(const SkipGramCorpus& corpus, std::size_t threads, std::size_t runs) {
  embed::SkipGramOptions o;
  o.loss = embed::Loss::kNegativeSampling;
  o.epochs = 1;
  o.min_count = 1;
  o.threads = threads;
  SkipGramRun run;
  Error failure;
  run.seconds = median_seconds(runs, [&] {
    auto trained = embed::train_skip_gram(embed::source_of(corpus.sequences), corpus.counts, o, {});
    if (!trained) {
      failure = trained.error();
      return 1.0;
    }
    run.pairs = static_cast<double>(trained->pairs);
    const double seconds = trained->seconds;
    run.purity = purity(corpus.dataset.catalog, corpus.counts, std::move(trained->vectors));
    return seconds;
  });
  if (!failure.message.empty()) return failure;
  return run;
}

// Within .005 of all items, .01 of the tail, of gensim on one thread. (On two its learning rate
// falls only to half; fastText has one of its own.)
std::string worse_purity(const Purity& ours, const Purity& theirs) {
  if (ours.all >= theirs.all - 0.005 && ours.tail >= theirs.tail - 0.01) return "";
  return fmt::format("purity {:.3f}, {:.3f} in the tail, beside {:.3f} and {:.3f}", ours.all,
                     ours.tail, theirs.all, theirs.tail);
}

// One run: a process of its own has nothing to warm up, and takes long.
Result<SkipGramRun> run_peer_once(const SkipGramCorpus& corpus, const std::string& script,
                                  std::size_t threads) {
  const std::string vectors = corpus.file.string() + ".vectors";
  const auto ran = run_peer(
      fmt::format("/usr/bin/python3 {} {} {} {}", script, corpus.file.string(), threads, vectors));
  if (!ran) return ran.error();
  SkipGramRun run;
  run.seconds = ran->value("seconds", 0.0);
  const auto measured = purity_of_file(corpus.dataset.catalog, corpus.counts, vectors);
  if (!measured) return measured.error();
  run.purity = *measured;
  return run;
}

}  // namespace

Result<std::vector<Measured>> bench_skip_gram(const BenchOptions& options) {
  auto dataset = bench_log(options);
  if (!dataset) return dataset.error();
  SkipGramCorpus corpus;
  corpus.dataset = std::move(*dataset);
  corpus.sequences = data::build_sequences(corpus.dataset.interactions, {});
  corpus.counts =
      data::count_positives(corpus.dataset.interactions, corpus.dataset.catalog.size(), 3.5F);
  corpus.file = fs::path(options.work) / "corpus.txt";
  write_corpus(corpus.dataset.catalog, corpus.sequences, corpus.file);
  std::vector<Measured> table;
  for (const std::size_t threads : {1UL, 2UL}) {
    const auto ours = run_ours(corpus, threads, options.runs);
    if (!ours) return ours.error();
    const auto rate = [&](double seconds) { return ours->pairs / seconds / 1e6; };
    const std::string what = fmt::format("skip-gram d64, negative sampling, {} thread(s)", threads);
    // Of each pair: six products, and as many updates of either side.
    constexpr double kOperations = 6 * 64 * 2 * 3;
    const std::string limit = roofline(ours->pairs * kOperations, ours->seconds, threads);
    if (options.peer == "none") {
      table.push_back({what, rate(ours->seconds), 0, "M pairs/s", "", false,
                       fmt::format("purity@10 {:.3f}, tail {:.3f}; {}", ours->purity.all,
                                   ours->purity.tail, limit)});
    }
    for (const std::string peer : {"gensim", "fastText"}) {
      if (options.peer != "all" && options.peer != peer) continue;
      const bool gensim = peer == "gensim";
      const auto theirs = run_peer_once(
          corpus,
          (options.peers / (gensim ? "gensim_skip_gram.py" : "fasttext_skip_gram.py")).string(),
          threads);
      table.push_back(
          {what, rate(ours->seconds), theirs ? rate(theirs->seconds) : 0, "M pairs/s", peer, false,
           theirs ? fmt::format("purity@10 {:.3f} and {:.3f}, tail {:.3f} and {:.3f}; {}",
                                ours->purity.all, theirs->purity.all, ours->purity.tail,
                                theirs->purity.tail, limit)
                  : theirs.error().message,
           gensim && threads == 1 && theirs ? worse_purity(ours->purity, theirs->purity) : ""});
    }
  }
  return table;
}

Result<std::vector<Measured>> bench_walks(const BenchOptions& options) {
  auto dataset = bench_log(options);
  if (!dataset) return dataset.error();
  const auto sequences = data::build_sequences(dataset->interactions, {});
  const auto graph =
      data::build_item_graph(sequences, dataset->catalog.size(), data::Direction::kUndirected);
  std::vector<Measured> table;
  const auto measure = [&](const data::ItemGraph& on, float p, float q, const std::string& what) {
    embed::WalkOptions o;
    o.walk_length = 80;
    o.walks_per_node = 2;
    o.p = p;
    o.q = q;
    const embed::WalkSampler sampler(on, o);
    const auto source = sampler.source();
    constexpr std::size_t kBlock = 256;
    std::vector<std::uint32_t> numbers(source.count);
    std::iota(numbers.begin(), numbers.end(), 0U);
    std::vector<std::vector<Row>> block(kBlock);
    const double seconds = median_seconds(options.runs, [&] {
      const auto start = Clock::now();
      for (std::size_t s = 0; s < numbers.size(); s += kBlock) {
        const std::size_t size = std::min(kBlock, numbers.size() - s);
        source.fill({&numbers[s], size}, 0, {block.data(), size});
      }
      return seconds_since(start);
    });
    table.push_back({what, static_cast<double>(source.count) / seconds / 1e3, 0, "k walks/s", "",
                     false, fmt::format("{} edges", on.targets.size())});
  };
  const auto top = data::strongest_edges(graph, 20);
  measure(top, 1, 0.5F, "node2vec walks of 80, p=1 q=.5, 20 strongest edges, 1 thread");
  measure(graph, 1, 1, "DeepWalk walks of 80, whole graph, 1 thread");
  measure(graph, 1, 0.5F, "node2vec walks of 80, whole graph, 1 thread");
  return table;
}

}  // namespace sparrow::bench
