#include "sparrow/app/pipeline.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "sparrow/app/content_sources.h"
#include "sparrow/app/home_care.h"
#include "sparrow/core/file.h"
#include "sparrow/data/synth.h"
#include "sparrow/embed/continue_training.h"
#include "sparrow/evaluate/data_card.h"
#include "sparrow/events/join_rows.h"
#include "sparrow/live/publish.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/model/neighbor_lists.h"

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
  const data::ReadOptions& read = options.read;
  for (const auto& given : {std::filesystem::path(options.sample_items), read.directory, read.items,
                            read.interactions}) {
    if (std::filesystem::is_regular_file(given, ignored)) add(given);
    if (!std::filesystem::is_directory(given, ignored)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(given, ignored)) {
      if (entry.is_regular_file(ignored)) add(entry.path());
    }
  }
  for (const auto& given : {read.directory, read.items, read.interactions})
    text += "\n" + given.string();
  std::sort(files.begin(), files.end());
  for (const auto& file : files) text += "\n" + file;
  for (const auto& column : options.columns) text += "\n" + column;
  text += fmt::format("\n{}\n{}\n{}\n{}\n{}", options.format, options.event_weights, read.scale,
                      static_cast<int>(read.id_form),
                      read.min_value ? fmt::format("{}", *read.min_value) : "");
  return sha256_hex(text + fmt::format("\n{}\n{}", read.max_rejects, read.min_joined));
}

std::filesystem::path scratch_folder(const Context& context) {
  return context.paths().root / fmt::format("prepare.{}.tmp", ::getpid());
}

Result<data::Dataset> read_source(const Context& context, const DataOptions& options) {
  constexpr std::size_t kSampleViewers = 4000;
  if (!options.sample_items.empty()) {
    return data::sample_dataset(options.sample_items, kSampleViewers, 1);
  }
  auto read = flags::read_options(options);
  if (!read) return read.error();
  read->threads = context.threads;
  read->rejects_file = context.paths().root / "rejects.tsv";
  read->scratch = scratch_folder(context);
  return data::read_dataset(*read, run_control(context));
}

// What was found in the files and assumed of them.
void tell_findings(const Context& context, const data::DatasetInfo& info) {
  for (const data::SourceFile& file : info.files) {
    std::vector<std::string> used;
    std::vector<std::string> unused;
    for (const auto& [name, role] : file.columns) {
      if (role.empty())
        unused.push_back(name);
      else
        used.push_back(role == name ? name : fmt::format("{}={}", role, name));
    }
    say(context, "file      {}: {}, {} rows, {}{}", file.name, file.kind, file.rows, file.dialect,
        file.rejected_lines > 0 ? fmt::format(", {} lines rejected", file.rejected_lines) : "");
    if (!used.empty()) say(context, "          columns {}", fmt::join(used, ", "));
    if (!unused.empty())
      say(context, "          {} {}",
          file.kind == "log" ? "not used:" : "as attributes:", fmt::join(unused, ", "));
  }
  for (const auto& note : info.notes) say(context, "note      {}", note);
  if (info.log_rows > 0 && !info.simulated)
    say(context, "joined    {:.1f} % of the log's rows are about items of the catalogue",
        100 * info.joined);
}

// The card at the end of `prepare`; as a page and for the server beside the data.
Result<void> tell_card(const Context& context, const data::Dataset& dataset) {
  const evaluate::DataCard card = evaluate::data_card(dataset, context.threads);
  std::string text = evaluate::card_text(card);
  text.pop_back();
  say(context, "{}", text);
  const auto folder = context.paths().prepared();
  if (auto written = write_file_atomically(folder / "card.html", evaluate::card_html(card));
      !written)
    return written;
  nlohmann::json object = evaluate::describe(dataset.info);
  object.update(evaluate::card_json(card));
  object.erase("source");  // where the files lie is nobody's business who asks the server
  return write_file_atomically(
      folder / "card.json", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

namespace {

// What the command line names wins over SPARROW_DATA; two sources on it are one too many.
Result<void> choose_source(const Context& context, DataOptions& options) {
  const bool named = !options.read.items.empty() || !options.read.interactions.empty();
  if (options.read.directory.empty() && options.sample_items.empty() && !named) {
    return Error{ErrorCode::kInvalidInput,
                 "no data: give --data (a folder, file or .zip; or SPARROW_DATA), --items and "
                 "--interactions, or --sample ITEMS.CSV"};
  }
  const bool data_given =
      std::any_of(context.arguments.begin(), context.arguments.end(),
                  [](const std::string& argument) { return argument.starts_with("--data"); });
  if ((named || !options.sample_items.empty()) && !data_given) options.read.directory.clear();
  if (!options.sample_items.empty() && (data_given || named))
    return Error{
        ErrorCode::kInvalidInput,
        "--sample is a data set of its own: leave --data, --items and --interactions away"};
  if (data_given && !options.read.items.empty() && !options.read.interactions.empty())
    return Error{ErrorCode::kInvalidInput,
                 "--items and --interactions are all the data: leave --data away"};
  return {};
}

// The home's events among the data set's interactions.
Result<void> join_events(const Context& context, const IngestOptions& ingest,
                         data::Dataset& dataset, nlohmann::json* found) {
  const auto start = Clock::now();
  auto read = read_home_events(context, ingest, dataset.info.scale.liked);
  if (!read) return read.error();
  const auto limited = limit_rows(read->rows, ingest, &dataset, OtherRows::kOfDataset);
  const auto joined = events::join_rows(dataset, read->rows);
  if (auto sealed = data::seal_dataset(dataset); !sealed) return sealed;
  say(context, "events    {}", ingest_text(*read, limited, ingest));
  if (found != nullptr) {
    *found = ingest_json(*read, limited, ingest);
    (*found)["new_users"] = joined.new_users;
    (*found)["seconds"] = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const data::Dataset>> prepare(const Context& context,
                                                     const DataOptions& given,
                                                     const IngestOptions* ingest,
                                                     nlohmann::json* found) {
  const auto start = Clock::now();
  DataOptions options = given;
  if (auto chosen = choose_source(context, options); !chosen) return chosen.error();
  std::filesystem::create_directories(context.home);
  if (auto marked = mark_home(context.paths()); !marked) return marked.error();
  const auto stamp_file = context.paths().root / "prepared.stamp";
  // The event log is another one at every look.
  const std::string stamp = ingest == nullptr ? fingerprint(options) : "with events";
  const auto before = read_file(stamp_file);
  if (ingest == nullptr && !options.force && before && *before == stamp) {
    auto kept = load_prepared(context);
    if (kept) {
      say(context, "prepare   nothing changed: {} items, {} interactions; {} ({})",
          (*kept)->info.items, (*kept)->info.interactions, data::scale_text((*kept)->info.scale),
          since(start));
      return kept;
    }
  }
  auto dataset = read_source(context, options);
  Result<void> saved;
  if (dataset && ingest != nullptr) {
    if (auto joined = join_events(context, *ingest, *dataset, found); !joined)
      dataset = joined.error();
  }
  if (dataset) saved = data::save_dataset(*dataset, context.paths().prepared());
  std::error_code ignored;
  std::filesystem::remove_all(scratch_folder(context), ignored);
  if (!dataset) return dataset.error();
  if (!saved) return saved.error();
  auto stamped = write_file_atomically(stamp_file, stamp);
  if (!stamped) return stamped.error();
  const data::DatasetInfo& i = dataset->info;
  tell_findings(context, i);
  say(context, "prepare   {}{}: {} items, {} users, {} interactions, {} tags, {} rejects{} ({})",
      i.name, i.simulated ? " (simulated viewers)" : "", i.items, i.users, i.interactions,
      i.tag_rows, i.rejects,
      i.rejects > 0 ? ", see " + (context.paths().root / "rejects.tsv").string() : "",
      since(start));
  if (auto told = tell_card(context, *dataset); !told) return told.error();
  return std::make_shared<const data::Dataset>(std::move(*dataset));
}

Result<model::Model> train(const Context& context, const data::Dataset& dataset,
                           const embed::TrainOptions& asked, bool force) {
  const auto start = Clock::now();
  embed::TrainOptions options = asked;
  const auto content = load_content(context, dataset, options);
  if (!content) return content.error();
  const std::string name = options.name.empty() ? options.method : options.name;
  const std::string key = embed::options_key(options, dataset);
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
      embed::expected_memory_mb(dataset, options), content->words);
  auto trained = embed::train_model(dataset, options, run_control(context));
  if (!trained) return trained.error();
  trained->manifest.code_version = SPARROW_VERSION;
  trained->manifest.options["requested"] = key;
  if (!content->choice.empty()) trained->manifest.metrics["choices"].push_back(content->choice);
  auto folder = model::write_model(*trained, context.paths().models());
  if (!folder) return folder.error();
  say(context, "train     {} {}: {} items x {}, peak memory {:.0f} MB ({})", name,
      trained->manifest.version, trained->items.size(), trained->dim(), peak_memory_mb(),
      since(start));
  const auto& metrics = trained->manifest.metrics;
  const double aim = model::ListOptions{}.least_recall;
  if (const auto table = metrics.find("neighbor_table");
      table != metrics.end() && table->value("recall_at_10", 1.0) < aim)
    say(context,
        "note      lists have {:.0f} % of the ten true nearest (measured on a sample; {:.0f} % "
        "are aimed at); --exact-items {} looks at every pair, which takes much longer",
        100 * table->value("recall_at_10", 1.0), 100 * aim, trained->items.size());
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
  // New events are read as those before were.
  if (const auto prepared = load_prepared(context)) {
    source.read.min_value = (*prepared)->info.scale.liked;
    source.read.min_joined = 0;
  }
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

Result<void> publish(const Context& context, const model::Model& model,
                     const data::Dataset* dataset, store::VectorEncoding encoding) {
  const auto start = Clock::now();
  auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
  if (!store) return store.error();
  store::ModelStore models(**store);
  auto done =
      live::publish(models, model, {dataset, encoding, context.threads}, run_control(context));
  if (!done) return done.error();
  say(context, "publish   {} {} -> {} ({})", model.manifest.name, model.manifest.version,
      (*store)->uri(), since(start));
  return {};
}

Result<void> change_liked(const Context& context, std::optional<float> liked) {
  if (!liked) return {};
  if (auto saved = data::save_liked(context.paths().prepared(), *liked); !saved) return saved;
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  const data::ValueScale& scale = (*dataset)->info.scale;
  if (scale.liked_share == 0 && (*dataset)->info.interactions > 0)
    return Error{
        ErrorCode::kInvalidInput,
        fmt::format("--min-value {:.4g} leaves nothing: the values go from {:.4g} to {:.4g}",
                    *liked, scale.low, scale.high)};
  say(context, "values    {}{}", data::scale_text(scale),
      scale.liked_share == 1 ? ", so everything is" : "");
  return {};
}

Result<void> promote(const Context& context, const std::string& name, const std::string& version,
                     ContentOnly content_only) {
  if (content_only == ContentOnly::kRefuse) {
    const auto model = model::read_model(context.paths().models() / name / version);
    const auto dataset = load_prepared(context);
    if (model && live::lacks_behavior(model->manifest, dataset ? dataset->get() : nullptr))
      return live::content_only_error(name, version);
  }
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

Result<void> build_live(const Context& context, const DataOptions& data,
                        std::span<const embed::TrainOptions> runs, ContentOnly content_only,
                        const IngestOptions* ingest) {
  const auto start = Clock::now();
  auto dataset = prepare(context, data, ingest);
  if (!dataset) return dataset.error();
  for (const auto& run : runs) {
    auto trained = train(context, **dataset, run, data.force);
    if (!trained) return trained.error();
    if (auto done = publish(context, *trained, dataset->get(), live::encoding_of(*trained)); !done)
      return done;
    if (auto done =
            promote(context, trained->manifest.name, trained->manifest.version, content_only);
        !done)
      return done;
  }
  say(context, "build     done in {}, peak memory {:.0f} MB", since(start), peak_memory_mb());
  return {};
}

CLI::Option* add_block_option(CLI::App& sub, std::vector<std::string>& blocks) {
  return sub.add_option(
      "--block", blocks,
      "Vectors of another model as one more block of content: MODEL or MODEL=WEIGHT "
      "(weight 1; genres weigh 1, tags 1.5); for vectors from elsewhere see `sparrow "
      "import`. May be repeated");
}

Result<void> load_blocks(const Context& context, const data::Dataset& dataset,
                         const std::vector<std::string>& blocks, embed::TrainOptions& options) {
  for (const std::string& text : blocks) {
    const auto equals = text.rfind('=');
    float weight = 1;
    if (equals != std::string::npos) {
      const char* end = text.data() + text.size();
      const auto parsed = std::from_chars(text.data() + equals + 1, end, weight);
      if (parsed.ec != std::errc() || parsed.ptr != end || !(weight > 0 && weight <= 100))
        return Error{
            ErrorCode::kInvalidInput,
            fmt::format("--block: the weight in \"{}\" is not a number above 0, at most 100",
                        text)};
    }
    auto found = find_model(context, text.substr(0, equals));
    if (!found) return found.error();
    if (found->dim() == 0)
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--block: the model \"{}\" has no vectors", text.substr(0, equals))};
    options.fusion.content.imported.push_back(embed::block_of(dataset.catalog, *found, weight));
  }
  return {};
}

}  // namespace sparrow::app
