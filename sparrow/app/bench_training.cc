// bench skip-gram and bench walks.
#include <chrono>
#include <fstream>

#include <fmt/format.h>

#include "sparrow/app/bench.h"
#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/synth.h"
#include "sparrow/embed/random_walk.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/index/flat_index.h"
#include "sparrow/model/vector_formats.h"

namespace sparrow::app {
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
double purity(const data::Catalog& catalog, Embeddings vectors) {
  normalize_rows(vectors);
  const auto lists = index::all_pairs_top_k(vectors, 10, 0);
  double same = 0;
  double all = 0;
  for (Row row = 0; row < vectors.rows(); ++row) {
    if (vectors.row(row)[0] == 0) continue;
    for (std::size_t i = 0; i < 10; ++i) {
      const Row other = lists[std::size_t{row} * 10 + i].row;
      if (other == kNoRow) continue;
      same += catalog[row].genres == catalog[other].genres ? 1 : 0;
      ++all;
    }
  }
  return all == 0 ? 0 : same / all;
}

Result<double> purity_of_file(const data::Catalog& catalog, const std::string& file) {
  auto named = model::import_vectors(file, "word2vec", "");
  if (!named) return named.error();
  Embeddings vectors(catalog.size(), named->vectors.dim());
  for (std::size_t r = 0; r < named->items.size(); ++r) {
    if (const auto row = catalog.find(named->items[r]))
      std::copy(named->vectors.row(r).begin(), named->vectors.row(r).end(),
                vectors.row(*row).begin());
  }
  return purity(catalog, std::move(vectors));
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

Result<std::vector<Measured>> bench_skip_gram(const Context&, const BenchOptions& options) {
  auto dataset = bench_log(options);
  if (!dataset) return dataset.error();
  const auto sequences = data::build_sequences(dataset->interactions, {});
  const auto counts = data::count_positives(dataset->interactions, dataset->catalog.size(), 3.5F);
  const fs::path corpus = fs::path(options.work) / "corpus.txt";
  write_corpus(dataset->catalog, sequences, corpus);
  std::vector<Measured> table;
  for (const std::size_t threads : {1UL, 2UL}) {
    embed::SkipGramOptions o;
    o.loss = embed::Loss::kNegativeSampling;
    o.epochs = 1;
    o.min_count = 1;
    o.threads = threads;
    double ours_purity = 0;
    double pairs = 0;
    Error failure;
    const double ours = median_seconds(options.runs, [&] {
      auto trained = embed::train_skip_gram(embed::source_of(sequences), counts, o, {});
      if (!trained) {
        failure = trained.error();
        return 1.0;
      }
      pairs = static_cast<double>(trained->pairs);
      const double seconds = trained->seconds;
      ours_purity = purity(dataset->catalog, std::move(trained->vectors));
      return seconds;
    });
    if (!failure.message.empty()) return failure;
    const fs::path vectors = fs::path(options.work) / "gensim.txt";
    std::string problem;
    const double gensim = median_seconds(options.runs, [&] {
      const auto peer =
          run_peer(fmt::format("/usr/bin/python3 {}/gensim_skip_gram.py {} {} {}",
                               options.peers.string(), corpus.string(), threads, vectors.string()));
      if (!peer) problem = peer.error().message;
      return peer ? peer->value("seconds", 0.0) : 0.0;
    });
    double peer_purity = 0;
    if (problem.empty()) {
      const auto measured = purity_of_file(dataset->catalog, vectors.string());
      if (measured) peer_purity = *measured;
    }
    const std::string what = fmt::format("skip-gram d64, negative sampling, {} thread(s)", threads);
    const auto rate = [&](double seconds) { return seconds > 0 ? pairs / seconds / 1e6 : 0; };
    table.push_back({what, rate(ours), rate(gensim), "M pairs/s", "gensim", false,
                     problem.empty()
                         ? fmt::format("purity@10 {:.3f} and {:.3f}", ours_purity, peer_purity)
                         : problem});
    const auto fasttext = run_peer(fmt::format("/usr/bin/python3 {}/fasttext_skip_gram.py {} {}",
                                               options.peers.string(), corpus.string(), threads));
    table.push_back({what, rate(ours), fasttext ? rate(fasttext->value("seconds", 0.0)) : 0,
                     "M pairs/s", "fastText", false,
                     fasttext ? "fastText: one run" : fasttext.error().message});
  }
  return table;
}

Result<std::vector<Measured>> bench_walks(const Context&, const BenchOptions& options) {
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
    std::vector<Row> walk;
    const double seconds = median_seconds(options.runs, [&] {
      const auto start = Clock::now();
      for (std::uint64_t s = 0; s < source.count; ++s) source.fill(s, 0, walk);
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

}  // namespace sparrow::app
