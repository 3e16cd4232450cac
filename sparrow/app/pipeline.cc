#include "sparrow/app/pipeline.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/app/model_features.h"
#include "sparrow/core/file.h"
#include "sparrow/data/synth.h"
#include "sparrow/embed/continue_training.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/model/schema.h"

namespace sparrow::app {
namespace {

using Clock = std::chrono::steady_clock;

template <typename... Args>
void say(const Context& context, fmt::format_string<Args...> format, Args&&... args) {
  finish_progress();
  if (!context.quiet) fmt::print(stderr, "{}\n", fmt::format(format, std::forward<Args>(args)...));
}

// Names, sizes and times of the source files, and the options: equal means nothing to do.
std::string fingerprint(const DataOptions& options) {
  std::string text = SPARROW_VERSION;
  std::vector<std::string> files;
  std::error_code ignored;
  const auto add = [&](const std::filesystem::path& path) {
    files.push_back(
        fmt::format("{} {} {}", path.string(), std::filesystem::file_size(path, ignored),
                    std::filesystem::last_write_time(path, ignored).time_since_epoch().count()));
  };
  if (!options.sample_items.empty() && options.read.directory.empty()) {
    add(options.sample_items);
  } else {
    for (const auto& entry : std::filesystem::directory_iterator(options.read.directory, ignored)) {
      if (entry.is_regular_file(ignored)) add(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) text += "\n" + file;
  for (const auto& column : options.columns) text += "\n" + column;
  return sha256_hex(text + fmt::format("\n{}", options.read.max_rejects));
}

std::filesystem::path scratch_folder(const Context& context) {
  return context.paths().root / fmt::format("prepare.{}.tmp", ::getpid());
}

Result<data::Dataset> read_source(const Context& context, const DataOptions& options) {
  constexpr std::size_t kSampleViewers = 4000;
  if (options.read.directory.empty() && !options.sample_items.empty()) {
    return data::sample_dataset(options.sample_items, kSampleViewers, 1);
  }
  data::ReadOptions read = options.read;
  read.threads = context.threads;
  read.rejects_file = context.paths().root / "rejects.tsv";
  read.scratch = scratch_folder(context);
  for (const std::string& column : options.columns) {
    const auto equals = column.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == column.size()) {
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--columns: \"{}\" is not role=name", column)};
    }
    read.columns[column.substr(0, equals)] = column.substr(equals + 1);
  }
  return data::read_dataset(read, run_control(context));
}

std::string options_key(const embed::TrainOptions& options) {
  return sha256_hex(embed::describe(options).dump()).substr(0, 16);
}

}  // namespace

nlohmann::json describe(const data::DatasetInfo& info) {
  return {{"name", info.name},
          {"source", info.source},
          {"format", info.format},
          {"simulated", info.simulated},
          {"items", info.items},
          {"users", info.users},
          {"interactions", info.interactions},
          {"tags", info.tag_rows},
          {"duplicates", info.duplicate_interactions},
          {"unknown_item_rows", info.unknown_item_rows},
          {"rejects", info.rejects},
          {"hash", info.hash}};
}

Result<std::shared_ptr<const data::Dataset>> prepare(const Context& context,
                                                     const DataOptions& options) {
  const auto start = Clock::now();
  if (options.read.directory.empty() && options.sample_items.empty()) {
    return Error{ErrorCode::kInvalidInput,
                 "no data: give --data DIR (or SPARROW_DATA), or --sample ITEMS.CSV"};
  }
  std::filesystem::create_directories(context.home);
  const auto stamp_file = context.paths().root / "prepared.stamp";
  const std::string stamp = fingerprint(options);
  const auto before = read_file(stamp_file);
  if (!options.force && before && *before == stamp) {
    auto kept = load_prepared(context);
    if (kept) {
      say(context, "prepare   nothing changed: {} items, {} interactions ({})", (*kept)->info.items,
          (*kept)->info.interactions, since(start));
      return kept;
    }
  }
  auto dataset = read_source(context, options);
  Result<void> saved;
  if (dataset) saved = data::save_dataset(*dataset, context.paths().prepared());
  std::error_code ignored;
  std::filesystem::remove_all(scratch_folder(context), ignored);
  if (!dataset) return dataset.error();
  if (!saved) return saved.error();
  auto stamped = write_file_atomically(stamp_file, stamp);
  if (!stamped) return stamped.error();
  const data::DatasetInfo& i = dataset->info;
  say(context, "prepare   {}{}: {} items, {} users, {} interactions, {} tags, {} rejects{} ({})",
      i.name, i.simulated ? " (simulated viewers)" : "", i.items, i.users, i.interactions,
      i.tag_rows, i.rejects,
      i.rejects > 0 ? ", see " + (context.paths().root / "rejects.tsv").string() : "",
      since(start));
  return std::make_shared<const data::Dataset>(std::move(*dataset));
}

Result<model::Model> train(const Context& context, const data::Dataset& dataset,
                           const embed::TrainOptions& asked, bool force) {
  const auto start = Clock::now();
  embed::TrainOptions options = asked;
  const auto texts = load_texts(context, dataset, options);
  if (!texts) return texts.error();
  const std::string name = options.name.empty() ? options.method : options.name;
  const std::string key = options_key(options);
  const auto versions = model::list_versions(context.paths().models(), name);
  if (!force && !versions.empty()) {
    auto newest = model::read_model(context.paths().models() / name / versions.back());
    if (newest && newest->manifest.data_hash == dataset.info.hash &&
        newest->manifest.code_version == SPARROW_VERSION &&
        newest->manifest.options.value("requested", "") == key) {
      say(context, "train     {} is up to date: {}", name, versions.back());
      return newest;
    }
  }
  say(context, "train     {}: about {:.0f} MB expected; content: {}", name,
      embed::expected_memory_mb(dataset, options), *texts);
  auto trained = embed::train_model(dataset, options, run_control(context));
  if (!trained) return trained.error();
  trained->manifest.code_version = SPARROW_VERSION;
  trained->manifest.options["requested"] = key;
  auto folder = model::write_model(*trained, context.paths().models());
  if (!folder) return folder.error();
  say(context, "train     {} {}: {} items x {}, peak memory {:.0f} MB ({})", name,
      trained->manifest.version, trained->items.size(), trained->dim(), peak_memory_mb(),
      since(start));
  return trained;
}

Result<model::Model> continue_model(const Context& context, const std::string& reference,
                                    const std::string& events, const embed::TrainOptions& options) {
  const auto start = Clock::now();
  const auto at = reference.find('@');
  const std::string name = reference.substr(0, at);
  const auto versions = model::list_versions(context.paths().models(), name);
  if (versions.empty())
    return Error{ErrorCode::kNotFound,
                 fmt::format("--continue: no model \"{}\" in {}: train it first", name,
                             context.paths().models().string())};
  const std::string version = at == std::string::npos ? versions.back() : reference.substr(at + 1);
  auto former = model::read_model(context.paths().models() / name / version);
  if (!former) return former.error();
  DataOptions source;
  source.read.directory = events;
  auto news = read_source(context, source);
  if (!news) return news.error();
  auto continued = embed::continue_training(*former, *news, options, run_control(context));
  if (!continued) return continued.error();
  continued->model.manifest.code_version = SPARROW_VERSION;
  auto folder = model::write_model(continued->model, context.paths().models());
  if (!folder) return folder.error();
  const auto& manifest = continued->model.manifest;
  say(context,
      "continue  {} {} -> {}: {} new events, {} items added, {} updated, {} gone from the "
      "catalogue ({})",
      manifest.name, version, manifest.version, news->interactions.size(), continued->items_added,
      continued->items_updated, continued->items_missing, since(start));
  std::string changed;
  for (const Row row : continued->most_changed)
    changed += (changed.empty() ? "" : "; ") + news->catalog[row].title;
  say(context,
      "drift     of the ten nearest {:.1f} stayed on average; {} lists are mostly new, most of "
      "all: {}",
      10 * continued->mean_overlap_at_10, continued->lists_mostly_new, changed);
  return std::move(continued->model);
}

store::VectorEncoding encoding_of(const model::Model& model) {
  const model::Tensor* vectors = model.find(model::tensor_name::kVectors);
  return vectors != nullptr && vectors->type == model::TensorType::kFloat16
             ? store::VectorEncoding::kFloat16
             : store::VectorEncoding::kFloat32;
}

Result<void> publish(const Context& context, const model::Model& model,
                     const data::Dataset* dataset, store::VectorEncoding encoding) {
  const auto start = Clock::now();
  auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
  if (!store) return store.error();
  store::ModelStore models(**store);
  store::Features features;
  const bool same_data = dataset != nullptr && dataset->info.hash == model.manifest.data_hash;
  if (same_data) features = features_of(*dataset, model, context.threads);
  auto done =
      models.publish(model, {encoding, same_data ? &features : nullptr}, run_control(context));
  if (!done) return done.error();
  say(context, "publish   {} {} -> {} ({})", model.manifest.name, model.manifest.version,
      (*store)->uri(), since(start));
  return {};
}

Result<void> promote(const Context& context, const std::string& name, const std::string& version) {
  auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
  if (!store) return store.error();
  store::ModelStore models(**store);
  const auto now = models.promoted(name);
  if (!now) return now.error();
  if (*now == version) {
    say(context, "promote   {} {} is promoted already", name, version);
    return {};
  }
  auto done = models.promote(name, version);
  if (!done) return done.error();
  say(context, "promote   {} {}{}", name, version, *now ? fmt::format(" (was {})", **now) : "");
  return {};
}

}  // namespace sparrow::app
