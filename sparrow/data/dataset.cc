// Prepared data: dataset.json (facts, sizes, checksums), catalog.jsonl, users.txt,
// interactions.bin, and genome.bin where there is a tag genome. docs/formats.md has the bytes.
#include "sparrow/data/dataset.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <future>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "sparrow/core/file.h"
#include "sparrow/core/parallel.h"
#include "sparrow/data/interaction_file.h"
#include "sparrow/data/item_json.h"

namespace sparrow::data {
namespace {

static_assert(std::endian::native == std::endian::little, "prepared data are little-endian");

using nlohmann::json;

constexpr int kVersion = 2;
constexpr int kOldestVersion = 1;  // had no schema and no scale: 3.5 and more was liked
constexpr std::string_view kGenomeMagic = "SPARROWG";

void put_number(std::string& out, std::uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
void put(std::string& out, const T* values, std::size_t count) {
  out.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

// Takes values from the front of a byte string; `ok` turns false past its end.
struct Cursor {
  std::string_view bytes;
  bool ok = true;

  std::uint64_t number() {
    std::uint64_t value = 0;
    take(&value, 1);
    return value;
  }
  template <typename T>
  void take(T* values, std::uint64_t count) {
    if (count > bytes.size() / sizeof(T)) {
      ok = false;
      return;
    }
    if (count > 0) std::memcpy(values, bytes.data(), count * sizeof(T));
    bytes.remove_prefix(count * sizeof(T));
  }
  template <typename T>
  void take_vector(std::vector<T>& values, std::uint64_t count) {
    if (count > bytes.size() / sizeof(T)) {
      ok = false;
      return;
    }
    values.resize(count);
    take(values.data(), count);
  }
};

std::string catalog_lines(const Catalog& catalog) {
  std::string lines;
  for (const Item& item : catalog.items())
    lines += item_to_json(item, catalog.schema()).dump() + "\n";
  return lines;
}

std::string genome_bytes(const TagGenome& genome) {
  std::string bytes(kGenomeMagic);
  put_number(bytes, genome.tags.size());
  put_number(bytes, genome.rows.size());
  for (const auto& tag : genome.tags) {
    put_number(bytes, tag.size());
    bytes += tag;
  }
  put(bytes, genome.rows.data(), genome.rows.size());
  put(bytes, genome.relevance.data(), genome.relevance.values().size());
  return bytes;
}

json scale_json(const ValueScale& s) {
  json j = {{"name", s.name},
            {"low", s.low},
            {"high", s.high},
            {"liked", s.liked},
            {"liked_share", s.liked_share},
            {"histogram", s.histogram}};
  if (s.unrated) j["unrated"] = *s.unrated;
  return j;
}

ValueScale scale_from_json(const json& j) {
  ValueScale s;
  s.name = j.at("name").get<std::string>();
  s.low = j.at("low").get<double>();
  s.high = j.at("high").get<double>();
  s.liked = j.at("liked").get<float>();
  s.liked_share = j.at("liked_share").get<double>();
  s.histogram = j.at("histogram").get<std::array<std::uint64_t, ValueScale::kBins>>();
  if (j.contains("unrated")) s.unrated = j["unrated"].get<double>();
  return s;
}

json files_json(const std::vector<SourceFile>& files) {
  json list = json::array();
  for (const SourceFile& f : files) {
    json columns = json::array();
    for (const auto& [name, role] : f.columns) columns.push_back({{"name", name}, {"role", role}});
    list.push_back({{"name", f.name},
                    {"kind", f.kind},
                    {"dialect", f.dialect},
                    {"rows", f.rows},
                    {"rejected_lines", f.rejected_lines},
                    {"columns", columns}});
  }
  return list;
}

std::vector<SourceFile> files_from_json(const json& list) {
  std::vector<SourceFile> files;
  for (const json& j : list) {
    SourceFile& f = files.emplace_back();
    f.name = j.at("name").get<std::string>();
    f.kind = j.at("kind").get<std::string>();
    f.dialect = j.at("dialect").get<std::string>();
    f.rows = j.at("rows").get<std::uint64_t>();
    f.rejected_lines = j.at("rejected_lines").get<std::uint64_t>();
    for (const json& column : j.at("columns"))
      f.columns.emplace_back(column.at("name").get<std::string>(),
                             column.at("role").get<std::string>());
  }
  return files;
}

json info_json(const DatasetInfo& i) {
  return {{"name", i.name},
          {"source", i.source},
          {"format", i.format},
          {"simulated", i.simulated},
          {"items", i.items},
          {"users", i.users},
          {"interactions", i.interactions},
          {"tag_rows", i.tag_rows},
          {"duplicate_interactions", i.duplicate_interactions},
          {"unknown_item_rows", i.unknown_item_rows},
          {"rejects", i.rejects},
          {"hash", i.hash},
          {"scale", scale_json(i.scale)},
          {"ordered", i.ordered},
          {"log_rows", i.log_rows},
          {"joined", i.joined},
          {"dropped_values", i.dropped_values},
          {"cleaned_titles", i.cleaned_titles},
          {"files", files_json(i.files)},
          {"notes", i.notes}};
}

DatasetInfo info_from_json(const json& j) {
  DatasetInfo i;
  i.name = j.at("name").get<std::string>();
  i.source = j.at("source").get<std::string>();
  i.format = j.at("format").get<std::string>();
  i.simulated = j.at("simulated").get<bool>();
  i.items = j.at("items").get<std::uint64_t>();
  i.users = j.at("users").get<std::uint64_t>();
  i.interactions = j.at("interactions").get<std::uint64_t>();
  i.tag_rows = j.at("tag_rows").get<std::uint64_t>();
  i.duplicate_interactions = j.at("duplicate_interactions").get<std::uint64_t>();
  i.unknown_item_rows = j.at("unknown_item_rows").get<std::uint64_t>();
  i.rejects = j.at("rejects").get<std::uint64_t>();
  i.hash = j.at("hash").get<std::string>();
  if (!j.contains("scale")) return i;  // version 1
  i.scale = scale_from_json(j.at("scale"));
  i.ordered = j.at("ordered").get<bool>();
  i.log_rows = j.at("log_rows").get<std::uint64_t>();
  i.joined = j.at("joined").get<double>();
  i.dropped_values = j.at("dropped_values").get<std::uint64_t>();
  i.cleaned_titles = j.at("cleaned_titles").get<std::uint64_t>();
  i.files = files_from_json(j.at("files"));
  i.notes = j.at("notes").get<std::vector<std::string>>();
  return i;
}

// dataset.json's text: its own checksum covers everything else in it.
std::string meta_text(json meta) {
  meta.erase("checksum");
  meta["checksum"] = sha256_hex(meta.dump());
  return meta.dump(2) + "\n";
}

Error corrupt(const std::filesystem::path& file, std::string_view what) {
  return {ErrorCode::kCorrupt, fmt::format("{}: {}; run `sparrow prepare --force` to make it anew",
                                           file.string(), what)};
}

json schema_json(const Schema& schema) {
  json list = json::array();
  for (AttributePosition a = 0; a < schema.size(); ++a)
    list.push_back({{"name", schema[a].name}, {"kind", attribute_kind_name(schema[a].kind)}});
  return list;
}

// Throws json::exception when it is not a list of names and kinds; the caller catches.
Schema schema_from_json(const json& list) {
  Schema schema;
  for (const json& entry : list) {
    const auto kind = attribute_kind_of_name(entry.at("kind").get<std::string>());
    schema.add(entry.at("name").get<std::string>(), kind.value_or(AttributeKind::kText));
  }
  return schema;
}

// An item a line; `schema` has every attribute that a line may name.
Result<Catalog> parse_catalog(std::string_view text, const Schema& schema,
                              const std::filesystem::path& file) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    lines.push_back(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  std::vector<Item> items(lines.size());
  constexpr std::size_t kBlock = 4096;
  std::vector<std::optional<std::string>> faults(lines.size() / kBlock + 1);  // the first of each
  parallel_for(lines.size(), kBlock, 0, [&](std::size_t begin, std::size_t end, std::size_t) {
    Schema known = schema;
    for (std::size_t i = begin; i < end; ++i) {
      const auto fault =
          read_item(json::parse(lines[i], nullptr, false), ItemBounds::kStored, known, items[i]);
      std::string_view what;
      if (fault)
        what = fault->message;
      else if (items[i].id.empty())
        what = "it has no id";
      else if (known.size() != schema.size())
        what = "it has an attribute that dataset.json lacks";
      else
        continue;
      faults[begin / kBlock] = fmt::format("item {} is not readable: {}", i + 1, what);
      return;
    }
  });
  for (const auto& fault : faults) {
    if (fault) return corrupt(file, *fault);
  }
  std::unordered_set<std::string_view> seen;
  seen.reserve(items.size());
  for (const Item& item : items) {
    if (!seen.insert(item.id).second) return corrupt(file, "an item id occurs twice");
  }
  return Catalog(std::move(items), schema);
}

Result<TagGenome> parse_genome(std::string_view bytes, std::size_t items,
                               const std::filesystem::path& file) {
  if (!bytes.starts_with(kGenomeMagic)) return corrupt(file, "does not begin as a tag genome does");
  Cursor cursor{bytes.substr(kGenomeMagic.size())};
  TagGenome genome;
  const std::uint64_t tags = cursor.number();
  const std::uint64_t rows = cursor.number();
  for (std::uint64_t t = 0; t < tags && cursor.ok; ++t) {
    const std::uint64_t length = cursor.number();
    if (!cursor.ok || length > cursor.bytes.size()) return corrupt(file, "is cut short");
    genome.tags.emplace_back(cursor.bytes.substr(0, length));
    cursor.bytes.remove_prefix(length);
  }
  cursor.take_vector(genome.rows, rows);
  if (!cursor.ok || (tags > 0 && rows > cursor.bytes.size() / tags))
    return corrupt(file, "is cut short");
  genome.relevance = Embeddings(rows, tags);
  cursor.take(genome.relevance.data(), rows * tags);
  if (!cursor.ok || !cursor.bytes.empty()) return corrupt(file, "is cut short or too long");
  for (const Row row : genome.rows) {
    if (row >= items) return corrupt(file, "has rows out of range");
  }
  return genome;
}

std::string user_lines(const std::vector<std::string>& users) {
  std::string text;
  for (const auto& user : users) text += user + "\n";
  return text;
}

// Compares one file of the folder with dataset.json.
Result<void> check(const std::filesystem::path& directory, const json& files,
                   const std::string& name) {
  const auto sum = sha256_file(directory / name);
  if (!sum) return sum.error();
  if (*sum != files.value(name, std::string()))
    return corrupt(directory / name, "its checksum is not the recorded one");
  return {};
}

Result<std::string> checked(const std::filesystem::path& directory, const json& files,
                            const std::string& name) {
  if (auto sound = check(directory, files, name); !sound) return sound.error();
  return read_file(directory / name);
}

// Keeps a mapped temporary file by a second name, or copies what is in memory.
Result<void> save_interactions(const Dataset& dataset, const std::filesystem::path& file) {
  if (!dataset.interactions_file.empty()) {
    std::error_code code;
    std::filesystem::rename(dataset.interactions_file, file, code);
    if (!code) return {};
  }
  std::string header;
  return write_file_atomically(file, interaction_pieces(dataset.interactions, header));
}

Result<Dataset> load_items(const std::filesystem::path& directory, const json& meta) {
  const json& files = meta.at("files");
  Dataset dataset;
  dataset.info = info_from_json(meta.at("info"));
  auto lines = checked(directory, files, "catalog.jsonl");
  if (!lines) return lines.error();
  auto catalog = parse_catalog(*lines, schema_from_json(meta.value("schema", json::array())),
                               directory / "catalog.jsonl");
  if (!catalog) return catalog.error();
  dataset.catalog = std::move(*catalog);
  if (files.contains("genome.bin")) {
    auto genome = checked(directory, files, "genome.bin");
    if (!genome) return genome.error();
    auto parsed = parse_genome(*genome, dataset.catalog.size(), directory / "genome.bin");
    if (!parsed) return parsed.error();
    dataset.catalog.genome = std::move(*parsed);
  }
  return dataset;
}

Result<Interactions> checked_interactions(const std::filesystem::path& directory, const json& files,
                                          std::size_t items) {
  const auto file = directory / "interactions.bin";
  if (auto sound = check(directory, files, "interactions.bin"); !sound) return sound.error();
  auto interactions = map_interactions(file, items);
  if (!interactions && interactions.error().code == ErrorCode::kCorrupt)
    return corrupt(file, interactions.error().message);
  return interactions;
}

Result<std::vector<std::string>> checked_users(const std::filesystem::path& directory,
                                               const json& files) {
  auto lines = checked(directory, files, "users.txt");
  if (!lines) return lines.error();
  std::vector<std::string> users;
  users.reserve(static_cast<std::size_t>(std::count(lines->begin(), lines->end(), '\n')));
  for (std::string_view text = *lines; !text.empty();) {
    const auto newline = std::min(text.find('\n'), text.size() - 1);
    users.emplace_back(text.substr(0, newline));
    text.remove_prefix(newline + 1);
  }
  return users;
}

// The log is checked beside the catalogue.
Result<Dataset> load_files(const std::filesystem::path& directory, const json& meta) {
  const json& files = meta.at("files");
  const auto items = meta.at("info").at("items").get<std::uint64_t>();
  auto of_the_log =
      std::async(std::launch::async, [&] { return checked_interactions(directory, files, items); });
  auto loaded = load_items(directory, meta);
  auto users = checked_users(directory, files);
  auto interactions = of_the_log.get();
  if (!loaded) return loaded;
  if (!users) return users.error();
  if (!interactions) return interactions.error();
  Dataset& dataset = *loaded;
  if (dataset.catalog.size() != items)
    return corrupt(directory / "catalog.jsonl", "has another number of items");
  dataset.users = std::move(*users);
  dataset.interactions = std::move(*interactions);
  const auto& values = dataset.interactions.values;
  if (!meta.at("info").contains("scale"))
    set_liked(dataset.info.scale, dataset.info.scale.liked, {values.data(), values.size()});
  if (dataset.interactions.users() != dataset.users.size())
    return corrupt(directory / "users.txt", "has another number of users");
  return loaded;
}

using Loader = Result<Dataset> (*)(const std::filesystem::path& directory, const json& meta);

Result<Dataset> load_by(Loader load, const std::filesystem::path& directory) {
  auto text = read_file(directory / "dataset.json", 1 << 20);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) return text.error();
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: no prepared data; run `sparrow prepare --data DIR` first",
                             directory.string())};
  }
  try {
    const json meta = json::parse(*text);
    if (meta.value("format", "") != "sparrow-dataset" ||
        meta.value("version", 0) < kOldestVersion || meta.value("version", 0) > kVersion) {
      return format_error(
          directory / "dataset.json",
          meta.value("format", "") == "sparrow-dataset" ? meta.value("version", 0) : 0, kVersion);
    }
    if (meta.contains("checksum") && meta_text(meta) != *text)  // older folders have none
      return corrupt(directory / "dataset.json", "its checksum is not the recorded one");
    return load(directory, meta);
  } catch (const json::exception& error) {
    return corrupt(directory / "dataset.json", error.what());
  }
}

}  // namespace

Result<void> save_dataset(const Dataset& dataset, const std::filesystem::path& directory) {
  const std::filesystem::path temporary = directory.string() + fmt::format(".{}.tmp", ::getpid());
  std::error_code code;
  std::filesystem::remove_all(temporary, code);
  std::filesystem::create_directories(temporary, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: cannot create: {}", temporary.string(), code.message())};
  SPARROW_CHECK(!dataset.checksums.empty());
  json meta = {{"format", "sparrow-dataset"},
               {"version", kVersion},
               {"info", info_json(dataset.info)},
               {"schema", schema_json(dataset.catalog.schema())}};
  std::map<std::string, std::string> files = {{"catalog.jsonl", catalog_lines(dataset.catalog)},
                                              {"users.txt", user_lines(dataset.users)}};
  if (!dataset.catalog.genome.tags.empty())
    files["genome.bin"] = genome_bytes(dataset.catalog.genome);
  for (auto& [name, bytes] : files) {
    if (auto written = write_file_atomically(temporary / name, bytes); !written) return written;
    std::string().swap(bytes);
  }
  if (auto saved = save_interactions(dataset, temporary / "interactions.bin"); !saved) return saved;
  meta["files"] = dataset.checksums;
  if (auto written = write_file_atomically(temporary / "dataset.json", meta_text(meta)); !written)
    return written;
  const std::filesystem::path old = directory.string() + fmt::format(".{}.old", ::getpid());
  std::filesystem::rename(directory, old, code);
  code.clear();
  std::filesystem::rename(temporary, directory, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: cannot replace: {}", directory.string(), code.message())};
  std::error_code ignored;
  std::filesystem::remove_all(old, ignored);
  return sync_directory(directory.parent_path().empty() ? "." : directory.parent_path());
}

Result<Dataset> load_dataset(const std::filesystem::path& directory) {
  return load_by(load_files, directory);
}

Result<Dataset> load_catalog(const std::filesystem::path& directory) {
  return load_by(load_items, directory);
}

Result<void> save_liked(const std::filesystem::path& directory, float liked) {
  auto dataset = load_dataset(directory);
  if (!dataset) return dataset.error();
  const auto& values = dataset->interactions.values;
  set_liked(dataset->info.scale, liked, {values.data(), values.size()});
  auto text = read_file(directory / "dataset.json", 1 << 20);
  if (!text) return text.error();
  json meta = json::parse(*text, nullptr, false);  // load_dataset() has read it
  meta["info"] = info_json(dataset->info);
  return write_file_atomically(directory / "dataset.json", meta_text(meta));
}

Result<void> seal_dataset(Dataset& dataset) {
  auto& sums = dataset.checksums;
  sums = {{"catalog.jsonl", sha256_hex(catalog_lines(dataset.catalog))},
          {"users.txt", sha256_hex(user_lines(dataset.users))}};
  if (dataset.interactions_file.empty()) {
    std::string header;
    sums["interactions.bin"] = sha256_hex(interaction_pieces(dataset.interactions, header));
  } else {
    auto sum = sha256_file(dataset.interactions_file);
    if (!sum) return sum.error();
    sums["interactions.bin"] = *sum;
  }
  const bool genome = !dataset.catalog.genome.tags.empty();
  if (genome) sums["genome.bin"] = sha256_hex(genome_bytes(dataset.catalog.genome));
  dataset.info.hash =
      sha256_hex(sums["catalog.jsonl"] + sums["users.txt"] + sums["interactions.bin"] +
                 (genome ? sums["genome.bin"] : sha256_hex(std::string_view())));
  return {};
}

}  // namespace sparrow::data
