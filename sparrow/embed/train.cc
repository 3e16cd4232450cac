#include "sparrow/embed/train.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <mutex>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "sparrow/core/file.h"
#include "sparrow/embed/map_layout.h"
#include "sparrow/embed/text_table.h"
#include "sparrow/model/neighbor_lists.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {

using model::Model;

Model start_model(const data::Dataset& dataset, const TrainOptions& options) {
  return start_model(dataset, options,
                     data::count_positives(dataset.interactions, dataset.catalog.size(),
                                           options.sequences.min_value));
}

Model start_model(const data::Dataset& dataset, const TrainOptions& options,
                  std::span<const std::uint32_t> popularity) {
  Model model;
  model.manifest.name = options.name.empty() ? options.method : options.name;
  model.manifest.method = options.method;
  model.manifest.data_hash = dataset.info.hash;
  model.manifest.data_name = dataset.info.name;
  model.manifest.simulated = dataset.info.simulated;
  model.manifest.seed = options.seed;
  model.manifest.options = describe(options);
  for (const data::Item& item : dataset.catalog.items()) model.items.push_back(item.id);
  set_popularity(model, popularity);
  return model;
}

namespace {

nlohmann::json describe(const model::ListReport& lists) {
  nlohmann::json rounds = nlohmann::json::array();
  for (const auto& round : lists.rounds)
    rounds.push_back({{"of", model::source_name(round.of)},
                      {"compared_with", round.wanted},
                      {"recall_at_10", round.recall_at_10}});
  return {{"recall_at_10", lists.recall_at_10},
          {"recall_at_10_of_content", lists.recall_of_content},
          {"pairs_an_item", lists.pairs},
          {"rounds", rounds}};
}

}  // namespace

Result<Model> finish_model(Model model, const TrainOptions& options, const RunControl& control) {
  control.report({"neighbor table", 0, 1, "tables", 0});
  auto similarity = model::Similarity::open(model, model::Similarity::Purpose::kTables);
  if (!similarity) return similarity.error();
  const model::ListReport lists = add_neighbor_table(model, **similarity,
                                                     {.neighbors = options.neighbors,
                                                      .exact_items = options.exact_items,
                                                      .seed = options.seed,
                                                      .threads = options.threads},
                                                     control);
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  if (!lists.exact) model.manifest.metrics["neighbor_table"] = describe(lists);
  control.report({"map", 0, 1, "maps", 0});
  seal_model(model, options);
  return model;
}

void seal_model(Model& model, const TrainOptions& options) {
  add_map(model, options.seed);
  const std::time_t now = std::time(nullptr);
  const std::tm utc = fmt::gmtime(now);
  const std::string hash = content_hash(model);
  model.manifest.version = fmt::format("{:%Y%m%dT%H%M%SZ}-{}", utc, hash.substr(0, 8));
  model.manifest.created = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc);
  model.manifest.metrics["content_hash"] = hash;
}

namespace {

// How long each stage took and what memory the process had needed by its end, heard from the
// progress that is reported.
class StageClock {
 public:
  explicit StageClock(const RunControl& control) : control_(control) {}

  RunControl control() {
    return {.progress =
                [this](const ProgressReport& report) {
                  enter(report.stage);
                  control_.report(report);
                },
            .cancelled = control_.cancelled};
  }
  nlohmann::json stages() {
    enter("");
    return stages_;
  }

 private:
  void enter(const std::string& stage) {
    const std::lock_guard lock(mutex_);
    if (stage == stage_) return;
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const double processor = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
    const auto now = std::chrono::steady_clock::now();
    if (!stage_.empty())
      stages_.push_back({{"stage", stage_},
                         {"seconds", std::chrono::duration<double>(now - began_).count()},
                         {"processor_seconds", processor - processor_},
                         {"peak_mb", static_cast<double>(used.ru_maxrss) / 1024}});
    stage_ = stage;
    began_ = now;
    processor_ = processor;
  }
  static double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  }

  const RunControl& control_;
  std::mutex mutex_;
  std::string stage_;
  std::chrono::steady_clock::time_point began_;
  double processor_ = 0;
  nlohmann::json stages_ = nlohmann::json::array();
};

}  // namespace

Result<Model> train_model(const data::Dataset& dataset, const TrainOptions& given,
                          const RunControl& outer) {
  StageClock clock(outer);
  const RunControl control = clock.control();
  const TrainOptions options = with_liked(given, dataset);
  const Method* method = find_method(options.method);
  if (method == nullptr) {
    std::string known;
    for (const Method& m : methods()) known += fmt::format("\n  {:<13} {}", m.name, m.summary);
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("there is no method \"{}\"; there are{}", options.method, known)};
  }
  Model model = start_model(dataset, options);
  if (auto trained = method->train(dataset, options, control, model); !trained)
    return trained.error();
  if (!model::ContentView::of(model))
    add_content(model, build_content(dataset.catalog, options.fusion.content));
  auto finished = finish_model(std::move(model), options, control);
  if (finished) finished->manifest.metrics["stages"] = clock.stages();
  return finished;
}

ImportedBlock block_of(const data::Catalog& catalog, const Model& model, float weight) {
  ImportedBlock block;
  block.name = model.manifest.name + "@" + model.manifest.version;
  block.weight = weight;
  block.vectors = Embeddings(catalog.size(), model.dim());
  const auto vectors = model::VectorsView::of(model);
  for (Row m = 0; vectors && m < model.items.size(); ++m) {
    if (const auto row = catalog.find(model.items[m])) vectors->copy(m, block.vectors.row(*row));
  }
  return block;
}

Result<Model> model_of_vectors(const data::Dataset& dataset, const model::NamedVectors& vectors,
                               const TrainOptions& given) {
  const TrainOptions options = with_liked(given, dataset);
  Model model = start_model(dataset, options);
  Embeddings all(dataset.catalog.size(), vectors.vectors.dim());
  std::size_t unknown = 0;
  std::string first_unknown;
  for (std::size_t i = 0; i < vectors.items.size(); ++i) {
    const auto row = dataset.catalog.find(vectors.items[i]);
    if (!row) {
      if (unknown++ == 0) first_unknown = vectors.items[i];
      continue;
    }
    std::copy(vectors.vectors.row(i).begin(), vectors.vectors.row(i).end(), all.row(*row).begin());
  }
  const std::size_t known = vectors.items.size() - unknown;
  if (known == 0)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("none of the {} vectors has an id of the catalogue {}; the first is "
                             "\"{}\"",
                             vectors.items.size(), dataset.info.name, first_unknown)};
  model.manifest.metrics["imported"] = {
      {"vectors", vectors.items.size()},
      {"left_out", unknown},
      {"first_left_out", first_unknown},
      {"covered", static_cast<double>(known) / static_cast<double>(dataset.catalog.size())}};
  set_vectors(model, all);
  add_content(model, build_content(dataset.catalog, options.fusion.content));
  return finish_model(std::move(model), options, RunControl{});
}

namespace {

nlohmann::json describe_text(const ContentOptions& content) {
  if (content.text_vectors) return {{"vectors", content.text_vectors->name}};
  if (content.text_table == nullptr) return {{"table", nullptr}};
  return {{"table", content.text_table->name()},
          {"fingerprint", content.text_table->fingerprint()},
          {"sentence", content.sentence},
          {"description", content.description}};
}

}  // namespace

TrainOptions with_liked(TrainOptions options, const data::Dataset& dataset) {
  options.sequences.min_value = dataset.info.scale.liked;
  return options;
}

nlohmann::json describe(const TrainOptions& o) {
  nlohmann::json j = {{"method", o.method},
                      {"measure", o.measure},
                      {"neighbors", o.neighbors},
                      {"seed", o.seed},
                      {"min_value", o.sequences.min_value}};
  for (const ImportedBlock& block : o.fusion.content.imported) {
    j["blocks"].push_back({{"name", block.name}, {"weight", block.weight}});
    if (!block.fingerprint.empty()) j["blocks"].back()["fingerprint"] = block.fingerprint;
  }
  j["text"] = describe_text(o.fusion.content);
  if (const Method* method = find_method(o.method)) method->describe(o, j);
  if (o.fusion.content_weight) j["content_weight"] = *o.fusion.content_weight;
  return j;
}

std::string options_key(const TrainOptions& options, const data::Dataset& dataset) {
  return sha256_hex(describe(with_liked(options, dataset)).dump()).substr(0, 16);
}

namespace {

// Mean bytes of descriptions, of a sample.
double text_length(const data::Catalog& catalog) {
  constexpr std::size_t kSample = 1000;
  double sum = 0;
  double count = 0;
  const std::size_t step = std::max<std::size_t>(1, catalog.size() / kSample);
  for (std::size_t row = 0; row < catalog.size(); row += step) {
    sum += static_cast<double>(catalog[static_cast<Row>(row)].text(data::kText).size());
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

// Vectors of all items as they are given; of those that have one, principal components and the two
// matrices of doubles that they are made of.
double imported_bytes(const ContentOptions& content) {
  double bytes = 0;
  for (const ImportedBlock& block : content.imported) {
    const Embeddings& vectors = block.vectors;
    double known = 0;
    for (Row row = 0; row < vectors.rows(); ++row) {
      const auto values = vectors.row(row);
      known += std::any_of(values.begin(), values.end(), [](float v) { return v != 0; }) ? 1 : 0;
    }
    const auto dim = static_cast<double>(vectors.dim());
    bytes += static_cast<double>(vectors.rows()) * dim * sizeof(float) +
             known * (2 * dim * sizeof(double) + 64 * 8);
  }
  return bytes;
}

}  // namespace

double expected_memory_mb(const data::Dataset& dataset, const TrainOptions& given) {
  const TrainOptions options = with_liked(given, dataset);
  const auto items = static_cast<double>(dataset.catalog.size());
  const auto rows = static_cast<double>(dataset.interactions.size());
  // Interactions mapped, items and their content, and the lists twice: as they are made, as kept.
  const double lists = items * static_cast<double>(options.neighbors) * 16;
  const double common = rows * 16 + items * (900 + 4 * text_length(dataset.catalog)) + 30e6 +
                        imported_bytes(options.fusion.content);
  const Method* method = find_method(options.method);
  const double training = method == nullptr ? 0 : method->memory_bytes(dataset, options);
  return (common + std::max(training, lists)) / 1e6;
}

}  // namespace sparrow::embed
