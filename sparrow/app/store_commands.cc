// store: inspect, get, copy, export-sparrowrecsys, import-sparrowrecsys.

#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/embed/train.h"
#include "sparrow/live/model_features.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/store/sparrowrecsys_layout.h"

namespace sparrow::app {
namespace {

using nlohmann::json;
using Models =
    std::pair<std::unique_ptr<store::EmbeddingStore>, std::unique_ptr<store::ModelStore>>;

Result<Models> open_models(const std::string& uri, store::OpenMode mode) {
  auto opened = store::open_store(uri, mode);
  if (!opened) return opened.error();
  auto models = std::make_unique<store::ModelStore>(**opened);
  return Models{std::move(*opened), std::move(models)};
}

struct Reference {
  std::string name;
  std::string version;  // empty: the promoted one
};

Reference reference_of(const std::string& text) {
  const auto at = text.find('@');
  return {text.substr(0, at), at == std::string::npos ? "" : text.substr(at + 1)};
}

Result<std::string> version_in(const store::ModelStore& models, const Reference& reference) {
  if (!reference.version.empty()) return reference.version;
  auto promoted = models.promoted(reference.name);
  if (!promoted) return promoted.error();
  if (*promoted) return **promoted;
  return Error{ErrorCode::kNotFound,
               fmt::format("{}: model {} has no promoted version; name one as {}@VERSION",
                           models.store().uri(), reference.name, reference.name)};
}

Result<json> inspected(const store::ModelStore& models) {
  json all = json::array();
  auto names = models.names();
  if (!names) return names.error();
  for (const auto& name : *names) {
    auto versions = models.list(name);
    if (!versions) return versions.error();
    for (const auto& v : *versions) {
      all.push_back({{"name", name},
                     {"version", v.manifest.version},
                     {"promoted", v.promoted},
                     {"method", v.manifest.method},
                     {"created", v.manifest.created},
                     {"bytes", v.bytes},
                     {"encoding", v.encoding},
                     {"item_features", v.items},
                     {"users", v.users}});
    }
  }
  return all;
}

Command add_inspect(CLI::App& /*sub*/) {
  return [](const Context& context) -> Result<void> {
    auto models = open_models(context.store(), store::OpenMode::kReadOnly);
    if (!models) return models.error();
    auto all = inspected(*models->second);
    if (!all) return all.error();
    if (context.json) {
      const json body = {{"store", models->first->uri()}, {"versions", *all}};
      fmt::print("{}\n", body.dump(2));
      return {};
    }
    fmt::print("{}\n{:<16} {:<26} {:<9} {:<9} {:>12} {:>9} {:>9}\n", models->first->uri(), "model",
               "version", "", "encoding", "bytes", "items", "users");
    for (const auto& v : *all) {
      fmt::print("{:<16} {:<26} {:<9} {:<9} {:>12} {:>9} {:>9}\n", v["name"].get<std::string>(),
                 v["version"].get<std::string>(), v["promoted"].get<bool>() ? "promoted" : "",
                 v["encoding"].get<std::string>(), v["bytes"].get<std::uint64_t>(),
                 v["item_features"].get<std::uint64_t>(), v["users"].get<std::uint64_t>());
    }
    return {};
  };
}

struct GetOptions {
  std::string model = kDefaultModel;
  std::vector<std::string> ids;
  bool users = false;
};

Result<void> get(const Context& context, const GetOptions& o) {
  auto models = open_models(context.store(), store::OpenMode::kReadOnly);
  if (!models) return models.error();
  const store::ModelStore& from = *models->second;
  const Reference reference = reference_of(o.model);
  auto version = version_in(from, reference);
  if (!version) return version.error();
  auto vectors = o.users ? from.user_vectors(reference.name, *version, o.ids)
                         : from.vectors(reference.name, *version, o.ids);
  if (!vectors) return vectors.error();
  auto hashes = o.users ? from.user_features(reference.name, *version, o.ids)
                        : from.item_features(reference.name, *version, o.ids);
  if (!hashes) return hashes.error();
  json all = json::array();
  for (std::size_t i = 0; i < o.ids.size(); ++i) {
    const auto& vector = (*vectors)[i];
    const auto& hash = (*hashes)[i];
    if (!vector && !hash)
      return Error{ErrorCode::kNotFound,
                   fmt::format("{}: {} {} has neither vector nor features of \"{}\"",
                               from.store().uri(), reference.name, *version, o.ids[i])};
    all.push_back({{"id", o.ids[i]},
                   {"version", *version},
                   {"vector", vector ? json(*vector) : json()},
                   {"features", hash ? json(*hash) : json()}});
    if (context.json) continue;
    fmt::print("{}\n", o.ids[i]);
    if (hash) {
      for (const auto& [field, value] : *hash) fmt::print("  {:<17} {}\n", field, value);
    }
    if (vector) fmt::print("  {:<17} {:.4g}\n", "vector", fmt::join(*vector, " "));
  }
  if (context.json) fmt::print("{}\n", all.dump(2));
  return {};
}

Command add_get(CLI::App& sub) {
  auto o = std::make_shared<GetOptions>();
  sub.add_option("ids", o->ids, "Ids of items")->required();
  sub.add_option("--model", o->model, "Model name or name@version")->capture_default_str();
  sub.add_flag("--users", o->users, "The ids are of users");
  return [o](const Context& context) { return get(context, *o); };
}

struct CopyOptions {
  std::vector<std::string> models;
  std::string from;
  std::string to;
  bool promote = false;
};

Result<void> copy_one(const Context& context, const CopyOptions& o, const Models& from, Models& to,
                      const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  const Reference reference = reference_of(text);
  auto version = version_in(*from.second, reference);
  if (!version) return version.error();
  auto copied = to.second->copy_from(*from.second, reference.name, *version, run_control(context));
  if (!copied) return copied;
  finish_progress();
  if (!context.quiet)
    fmt::print(stderr, "copy      {} {}: {} -> {}, checked ({})\n", reference.name, *version,
               from.first->uri(), to.first->uri(), since(start));
  return o.promote ? to.second->promote(reference.name, *version) : Result<void>{};
}

Command add_copy(CLI::App& sub) {
  auto o = std::make_shared<CopyOptions>();
  sub.add_option("models", o->models, "name or name@version; default: what is promoted");
  sub.add_option("--from", o->from, "Store to read; default: --store");
  sub.add_option("--to", o->to, "Store to write")->required();
  sub.add_flag("--promote", o->promote, "Promote the copies there");
  return [o](const Context& context) -> Result<void> {
    auto from =
        open_models(o->from.empty() ? context.store() : o->from, store::OpenMode::kReadOnly);
    if (!from) return from.error();
    auto to = open_models(o->to, store::OpenMode::kReadWrite);
    if (!to) return to.error();
    std::vector<std::string> chosen = o->models;
    if (chosen.empty()) {
      auto names = from->second->names();
      if (!names) return names.error();
      for (const auto& name : *names) {
        auto promoted = from->second->promoted(name);
        if (!promoted) return promoted.error();
        if (*promoted) chosen.push_back(name);
      }
    }
    for (const auto& text : chosen) {
      if (auto done = copy_one(context, *o, *from, *to, text); !done) return done;
    }
    return {};
  };
}

Result<std::unique_ptr<store::RedisClient>> open_redis(const std::string& uri) {
  auto options = store::parse_redis_uri(uri);
  if (!options) return options.error();
  return store::RedisClient::open(*options);
}

Command add_export_sparrowrecsys(CLI::App& sub) {
  struct Options {
    std::string model = kDefaultModel;
    std::string to;
    store::SparrowRecSysOptions layout;
  };
  auto o = std::make_shared<Options>();
  sub.add_option("--model", o->model, "Model name, name@version or folder")->capture_default_str();
  sub.add_option("--to", o->to, "Redis to write")->required();
  sub.add_option("--prefix", o->layout.prefix, "i2vEmb, graphEmb")->capture_default_str();
  sub.add_option("--ttl-seconds", o->layout.ttl_seconds, "Life of the keys; 0: for ever")
      ->check(CLI::Range(0, 1000000000))
      ->capture_default_str();
  return [o](const Context& context) -> Result<void> {
    const auto start = std::chrono::steady_clock::now();
    auto model = find_model(context, o->model);
    if (!model) return model.error();
    auto client = open_redis(o->to);
    if (!client) return client.error();
    auto dataset = load_prepared(context);
    const bool same = dataset && (*dataset)->info.hash == model->manifest.data_hash;
    const store::Features features =
        same ? live::features_of(**dataset, *model, context.threads) : store::Features();
    auto counts = store::write_sparrowrecsys(**client, *model, same ? &features : nullptr,
                                             o->layout, run_control(context));
    if (!counts) return counts.error();
    finish_progress();
    if (!context.quiet)
      fmt::print(stderr, "export    {} {}:ID, {} uEmb:ID, {} mf:ID, {} uf:ID -> {} ({})\n",
                 counts->vectors, o->layout.prefix, counts->user_vectors, counts->item_features,
                 counts->user_features, (*client)->options().uri(), since(start));
    return {};
  };
}

Command add_import_sparrowrecsys(CLI::App& sub) {
  struct Options {
    std::string from;
    std::string name;
    std::string prefix = "i2vEmb";
  };
  auto o = std::make_shared<Options>();
  sub.add_option("--from", o->from, "Redis to read")->required();
  sub.add_option("--name", o->name, "Name of the new model")->required();
  sub.add_option("--prefix", o->prefix, "What stands before \":ID\"")->capture_default_str();
  return [o](const Context& context) -> Result<void> {
    auto dataset = load_prepared(context);
    if (!dataset) return dataset.error();
    auto client = open_redis(o->from);
    if (!client) return client.error();
    auto read = store::read_sparrowrecsys(**client, o->prefix);
    if (!read) return read.error();
    model::NamedVectors imported;
    imported.items = std::move(read->ids);
    imported.vectors = Embeddings(imported.items.size(), read->dim);
    std::copy(read->values.begin(), read->values.end(), imported.vectors.data());
    embed::TrainOptions options;
    options.method = "imported";
    options.name = o->name;
    options.threads = context.threads;
    auto trained = embed::model_of_vectors(**dataset, imported, options);
    if (!trained) return trained.error();
    trained->manifest.code_version = SPARROW_VERSION;
    auto folder = model::write_model(*trained, context.paths().models());
    if (!folder) return folder.error();
    if (!context.quiet)
      fmt::print(stderr, "import    {} vectors of {} -> {}\n", imported.items.size(), read->dim,
                 folder->string());
    return {};
  };
}

constexpr Subcommand kParts[] = {
    {"inspect", "List what is in the store: versions, encodings, sizes", add_inspect},
    {"get", "Print vector and features of items or users", add_get},
    {"copy", "Copy models to another store, checked", add_copy},
    {"export-sparrowrecsys", "Write i2vEmb:, uEmb:, mf:, uf: keys for SparrowRecSys",
     add_export_sparrowrecsys},
    {"import-sparrowrecsys", "Make a model of a Redis's i2vEmb: or graphEmb: keys",
     add_import_sparrowrecsys},
};

}  // namespace

Command add_store(CLI::App& sub) {
  sub.require_subcommand(1);
  auto commands = std::make_shared<std::map<const CLI::App*, Command>>();
  for (const Subcommand& part : kParts) {
    CLI::App* child = sub.add_subcommand(part.name, part.summary);
    (*commands)[child] = part.add(*child);
  }
  return [commands, &sub](const Context& context) {
    return commands->at(sub.get_subcommands().front())(context);
  };
}

}  // namespace sparrow::app
