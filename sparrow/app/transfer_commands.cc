// export, import, score: vectors, lists and scores to and from other programs.

#include <chrono>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/core/file.h"
#include "sparrow/core/parallel.h"
#include "sparrow/data/log_source.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/vector_formats.h"
#include "sparrow/rank/recommender.h"

namespace sparrow::app {
namespace {

// TSV lines: seed, neighbor, similarity; best first.
Result<std::string> neighbor_lines(const model::Model& model, std::size_t k, std::size_t threads) {
  auto similarity = model::Similarity::open(model);
  if (!similarity) return similarity.error();
  std::vector<std::string> lines(model.items.size());
  parallel_for(lines.size(), 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) {
      for (const Neighbor& n : (*similarity)->nearest(static_cast<Row>(i), k, {})) {
        fmt::format_to(std::back_inserter(lines[i]), "{}\t{}\t{:.6g}\n", model.items[i],
                       model.items[n.row], n.score);
      }
    }
  });
  std::string text;
  for (const auto& part : lines) text += part;
  return text;
}

Result<void> write_out(const std::string& path, std::string_view text) {
  if (path != "-") return write_file_atomically(path, text);
  std::cout << text << std::flush;
  return {};
}

struct PairCounts {
  std::size_t scored = 0;
  std::size_t unknown = 0;
};

// Appends a similarity to each line of two ids; "nan" where an id is unknown, so that no line is
// lost.
Result<PairCounts> score_lines(const rank::Recommender& recommender, std::string_view text,
                               std::string& out) {
  PairCounts counts;
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const auto newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos) {
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("line {}: expected two item ids with a tab between", line_number)};
    }
    const auto second = line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1);
    const auto a = recommender.catalog().find(line.substr(0, tab));
    const auto b = recommender.catalog().find(second);
    if (a && b) {
      ++counts.scored;
      fmt::format_to(std::back_inserter(out), "{}\t{:.7g}\n", line, recommender.similarity(*a, *b));
    } else {
      ++counts.unknown;
      fmt::format_to(std::back_inserter(out), "{}\tnan\n", line);
    }
  }
  return counts;
}

}  // namespace

Command add_export(CLI::App& sub) {
  struct Options {
    std::string model = kDefaultModel;
    std::string format = "word2vec";
    std::string out;
    std::size_t k = 100;
  };
  auto o = std::make_shared<Options>();
  sub.add_option("--model", o->model, "Model name, name@version or folder")->capture_default_str();
  sub.add_option("--format", o->format, "What to write")
      ->check(CLI::IsMember({"word2vec", "word2vec-binary", "npy", "sparrowrecsys", "neighbors"}))
      ->capture_default_str();
  sub.add_option("--k", o->k, "--format neighbors: of each item")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  sub.add_option("--out", o->out, "File to write; - is stdout for text")->required();
  const CLI::App* parsed = &sub;
  return [o, parsed](const Context& context) -> Result<void> {
    if (parsed->count("--k") > 0 && o->format != "neighbors")
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--k is how many neighbors are written: --format neighbors, not {}",
                               o->format)};
    auto loaded = find_model(context, o->model);
    if (!loaded) return loaded.error();
    if (o->format == "neighbors") {
      auto lines = neighbor_lines(*loaded, o->k, context.threads);
      if (!lines) return lines.error();
      return write_out(o->out, *lines);
    }
    auto written = model::export_vectors(*loaded, o->format, o->out);
    if (!written) return written.error();
    if (!context.quiet)
      fmt::print(stderr, "{}: {} vectors of {} in {}\n", o->out, *written, loaded->dim(),
                 o->format);
    return {};
  };
}

Command add_import(CLI::App& sub) {
  struct Options {
    std::string file;
    std::string name;
    std::string format = "word2vec";
    std::string ids;
  };
  auto o = std::make_shared<Options>();
  sub.add_option("file", o->file, "File with vectors")->required()->check(CLI::ExistingFile);
  sub.add_option("--name", o->name, "Name of the new model")->required();
  sub.add_option("--format", o->format)
      ->check(CLI::IsMember(
          {"word2vec", "word2vec-binary", "npy", "safetensors", "tsv", "sparrowrecsys"}))
      ->capture_default_str();
  sub.add_option("--ids", o->ids,
                 "For npy, safetensors (PyTorch) and tsv (TensorFlow's projector): item ids, one a "
                 "line; default FILE.ids");
  return [o](const Context& context) -> Result<void> {
    if (!o->ids.empty() && o->format != "npy" && o->format != "safetensors" && o->format != "tsv")
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--ids: a file of {} names its items itself", o->format)};
    auto dataset = load_prepared(context);
    if (!dataset) return dataset.error();
    const auto bytes = data::read_log_text(o->file);  // .gz, .zst and .bz2 are unpacked
    if (!bytes) return bytes.error();
    auto imported = model::import_vectors(*bytes, o->file, o->format, o->ids);
    if (!imported) return imported.error();
    embed::TrainOptions options;
    options.method = "imported";
    options.name = o->name;
    options.threads = context.threads;
    auto trained = embed::model_of_vectors(**dataset, *imported, options);
    if (!trained) return trained.error();
    trained->manifest.code_version = SPARROW_VERSION;
    auto folder = model::write_model(*trained, context.paths().models());
    if (!folder) return folder.error();
    const auto& figures = trained->manifest.metrics["imported"];
    const auto left_out = figures["left_out"].get<std::size_t>();
    if (!context.quiet)
      fmt::print(stderr, "import    {} of {} items have a vector ({:.0f} %){} -> {}\n",
                 imported->items.size() - left_out, (*dataset)->catalog.size(),
                 100 * figures["covered"].get<double>(),
                 left_out > 0 ? fmt::format("; {} vectors left out, as their ids are not in the "
                                            "catalogue: \"{}\" first",
                                            left_out, figures["first_left_out"].get<std::string>())
                              : "",
                 folder->string());
    return {};
  };
}

Command add_score(CLI::App& sub) {
  struct Options {
    std::string model = kDefaultModel;
    std::string pairs;
    std::string out = "-";
  };
  auto o = std::make_shared<Options>();
  sub.add_option("--pairs", o->pairs, "TSV with two item ids a line")->required();
  sub.add_option("--out", o->out, "The same lines with the similarity appended")
      ->capture_default_str();
  sub.add_option("--model", o->model, "Model name, name@version or folder")->capture_default_str();
  return [o](const Context& context) -> Result<void> {
    auto text = read_file(o->pairs);
    if (!text) return text.error();
    auto dataset = load_prepared(context);
    if (!dataset) return dataset.error();
    auto served = load_served(context, *dataset, o->model, "");
    if (!served) return served.error();
    std::string out;
    auto counts = score_lines(*(*served)->recommender, *text, out);
    if (!counts) return Error{counts.error().code, o->pairs + ": " + counts.error().message};
    if (!context.quiet) {
      fmt::print(stderr, "score     {} pairs scored, {} with an unknown item (nan)\n",
                 counts->scored, counts->unknown);
    }
    return write_out(o->out, out);
  };
}

}  // namespace sparrow::app
