// build_content() is the function that matters: documents per block -> TF-IDF -> one sparse row per
// item.
#include "sparrow/embed/content.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <unordered_map>

#include <Eigen/Dense>
#include <nlohmann/json.hpp>

#include "sparrow/embed/number_bins.h"
#include "sparrow/embed/text_content.h"
#include "sparrow/embed/text_table.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

using Document =
    std::map<std::string, float>;  // term -> frequency; ordered, so results do not vary
using Extract = std::function<Document(Row)>;

using Entries = std::vector<std::pair<std::uint32_t, float>>;

struct Block {
  std::string name;
  float weight = 0;
  std::size_t features = 0;
  std::vector<Entries> rows;         // length 1 each, or empty
  std::vector<std::string> terms;    // of TF-IDF blocks: by feature
  std::vector<float> idf;            // 0: the feature is too rare, or in every document
  std::optional<NumberScale> scale;  // of blocks of numbers
};

constexpr std::array<std::string_view, 48> kStopWords = {
    "a",   "an",  "and", "are",  "as",  "at",    "be",   "by",   "das", "de",  "del",  "den",
    "der", "des", "die", "du",   "el",  "et",    "for",  "from", "he",  "her", "his",  "il",
    "in",  "is",  "it",  "its",  "la",  "las",   "le",   "les",  "lo",  "los", "no",   "of",
    "on",  "or",  "she", "that", "the", "their", "they", "to",   "und", "who", "with", "y"};
constexpr std::array<std::string_view, 12> kNumerals = {"i",   "ii",   "iii", "iv", "v",  "vi",
                                                        "vii", "viii", "ix",  "x",  "xi", "xii"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Lower-cases ASCII; bytes of other scripts are word characters as they stand.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && !contains(kStopWords, word)) words.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z')) {
      word += c;
    } else if (byte >= 'A' && byte <= 'Z') {
      word += static_cast<char>(byte + 32);
    } else if (byte != '\'') {
      flush();
    }
  }
  flush();
  return words;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

Document document_of_names(const std::vector<std::string>& names) {
  Document document;
  for (const auto& name : names) document[lower(name)] += 1;
  return document;
}

void add_phrase(Document& document, const std::string& phrase, float count) {
  document["p:" + phrase] += count;
  for (const auto& word : words_of(phrase)) document["w:" + word] += count;
}

Document tag_document(const data::Item& item) {
  Document document;
  for (const auto& tag : item.tags)
    add_phrase(document, lower(tag.tag), static_cast<float>(tag.count));
  for (const auto& keyword : item.list(data::kKeywords)) add_phrase(document, lower(keyword), 1);
  return document;
}

Document title_document(const data::Item& item) {
  Document document;
  for (const auto& word : words_of(item.title)) {
    const bool digit = word.size() == 1 && word[0] >= '0' && word[0] <= '9';
    if (!digit && !contains(kNumerals, word)) document[word] = 1;
  }
  return document;
}

Document text_document(const data::Item& item) {
  Document document;
  for (const auto& word : words_of(item.text(data::kText))) document[word] += 1;
  return document;
}

Document genre_document(const data::Item& item) {
  return document_of_names(item.list(data::kGenres));
}

// Feature 0: made for children; 1: not.
Entries audience_entries(const data::Item& item) {
  if (item.list(data::kGenres).empty()) return {};
  const bool children = std::any_of(item.list(data::kGenres).begin(),
                                    item.list(data::kGenres).end(), [](const std::string& genre) {
                                      const std::string name = lower(genre);
                                      return name == "children" || name == "children's" ||
                                             name == "family" || name == "kids";
                                    });
  return {{children ? 0U : 1U, 1.0F}};
}

// One feature: made for children, or not. Told by genre names; no such genre in the catalogue, no
// block.
Block audience_block(const data::Catalog& catalog, float weight) {
  Block block;
  block.name = "audience";
  block.weight = weight;
  block.features = 2;
  block.rows.resize(catalog.size());
  bool any = false;
  for (Row row = 0; row < catalog.size(); ++row) {
    block.rows[row] = audience_entries(catalog[row]);
    any = any || (!block.rows[row].empty() && block.rows[row][0].first == 0);
  }
  if (!any) block.rows.assign(catalog.size(), {});
  return block;
}

void normalize(Entries& row) {
  double squares = 0;
  for (const auto& [feature, value] : row) squares += static_cast<double>(value) * value;
  if (squares <= 0) {
    row.clear();
    return;
  }
  const auto factor = static_cast<float>(1.0 / std::sqrt(squares));
  for (auto& [feature, value] : row) value *= factor;
}

// Both parts together.
void normalize(Entries& row, std::vector<float>& dense) {
  double squares = 0;
  for (const auto& [feature, value] : row) squares += static_cast<double>(value) * value;
  for (const float v : dense) squares += static_cast<double>(v) * static_cast<double>(v);
  if (squares <= 0) {
    row.clear();
    return;
  }
  const auto factor = static_cast<float>(1.0 / std::sqrt(squares));
  for (auto& [feature, value] : row) value *= factor;
  for (float& v : dense) v *= factor;
}

Block tf_idf(std::size_t items, float weight, std::uint32_t min_documents, const Extract& extract) {
  Block block;
  block.weight = weight;
  block.rows.resize(items);
  std::unordered_map<std::string, std::uint32_t> ids;
  std::vector<std::uint32_t> documents;
  for (Row row = 0; row < items; ++row) {
    for (const auto& [term, frequency] : extract(row)) {
      const auto [slot, fresh] =
          ids.try_emplace(term, static_cast<std::uint32_t>(documents.size()));
      if (fresh) documents.push_back(0);
      ++documents[slot->second];
      block.rows[row].emplace_back(slot->second, 1 + std::log(frequency));
    }
  }
  const auto n = static_cast<float>(items);
  for (auto& row : block.rows) {
    std::erase_if(row, [&](const auto& entry) { return documents[entry.first] < min_documents; });
    for (auto& [feature, value] : row)
      value *= std::log(n / static_cast<float>(documents[feature]));
    std::erase_if(row, [](const auto& entry) { return entry.second <= 0; });
    normalize(row);
  }
  block.features = documents.size();
  block.terms.resize(documents.size());
  for (const auto& [term, feature] : ids) block.terms[feature] = term;
  for (const std::uint32_t count : documents)
    block.idf.push_back(count < min_documents ? 0.0F : std::log(n / static_cast<float>(count)));
  return block;
}

constexpr int kYearBins = 40;

Entries year_entries(const data::Item& item) {
  constexpr int kFirst = 1870;
  constexpr int kWidth = 5;
  Entries entries;
  if (item.year <= 0) return entries;
  for (int bin = 0; bin < kYearBins; ++bin) {
    const float distance =
        std::abs(static_cast<float>(item.year - (kFirst + bin * kWidth + 2))) / kWidth;
    if (distance < 2) entries.emplace_back(static_cast<std::uint32_t>(bin), 1 - distance / 2);
  }
  normalize(entries);
  return entries;
}

Block year_block(const data::Catalog& catalog, float weight) {
  Block block;
  block.name = "year";
  block.weight = weight;
  block.features = kYearBins;
  for (const data::Item& item : catalog.items()) block.rows.push_back(year_entries(item));
  return block;
}

Block genome_block(const data::Catalog& catalog, float weight) {
  const data::TagGenome& genome = catalog.genome;
  Block block;
  block.name = "genome";
  block.weight = weight;
  block.features = genome.tags.size();
  block.rows.resize(catalog.size());
  for (std::size_t r = 0; r < genome.rows.size(); ++r) {
    const auto relevance = genome.relevance.row(r);
    double mean = 0;
    for (const float v : relevance) mean += static_cast<double>(v);
    mean /= static_cast<double>(std::max<std::size_t>(1, relevance.size()));
    auto& row = block.rows[genome.rows[r]];
    for (std::size_t t = 0; t < relevance.size(); ++t) {
      const float above = relevance[t] - static_cast<float>(mean) - 0.1F;
      if (above > 0) row.emplace_back(static_cast<std::uint32_t>(t), above);
    }
    normalize(row);
  }
  return block;
}

using ItemDocument = std::function<Document(const data::Item&)>;

constexpr std::string_view kAttributeBlock = "attribute:";

Document document_of_attribute(const data::Item& item, data::AttributePosition attribute) {
  Document document;
  const data::AttributeValue* value = item.find(attribute);
  if (value == nullptr) return document;
  data::any_text(*value, [&](const std::string& name) {
    document[lower(name)] += 1;
    return false;
  });
  return document;
}

Document words_of_attribute(const data::Item& item, data::AttributePosition attribute) {
  Document document;
  for (const auto& word : words_of(item.text(attribute))) document[word] += 1;
  return document;
}

bool is_number(data::AttributeKind kind) {
  return kind == data::AttributeKind::kNumber || kind == data::AttributeKind::kDate;
}

Block number_block(const data::Catalog& catalog, data::AttributePosition attribute, float weight) {
  const data::Attribute& known = catalog.schema()[attribute];
  Block block;
  block.name = std::string(kAttributeBlock) + known.name;
  block.weight = weight;
  block.rows.resize(catalog.size());
  std::vector<double> numbers;
  for (const data::Item& item : catalog.items()) {
    if (const auto number = number_of(item, attribute, known.kind)) numbers.push_back(*number);
  }
  block.scale = scale_of(std::move(numbers));
  if (!block.scale) return block;
  block.features = block.scale->bins;
  for (Row row = 0; row < catalog.size(); ++row) {
    if (const auto number = number_of(catalog[row], attribute, known.kind))
      block.rows[row] = block.scale->bins_of(*number);
  }
  return block;
}

// Whether the values of an attribute are names that items share.
bool has_names(data::AttributeKind kind) {
  return kind == data::AttributeKind::kCategory || kind == data::AttributeKind::kCategories ||
         kind == data::AttributeKind::kPeople;
}

// The words of a block by its name; empty: it is no TF-IDF block, or of an attribute that there is
// not.
ItemDocument document_of(std::string_view block, const data::Schema& schema) {
  static const std::map<std::string_view, Document (*)(const data::Item&)> table = {
      {"genres", genre_document},
      {"tags", tag_document},
      {"title", title_document},
      {"text", text_document}};
  if (const auto found = table.find(block); found != table.end()) return found->second;
  const bool further = block.starts_with(kAttributeBlock);
  if (further) block.remove_prefix(kAttributeBlock.size());
  const auto attribute = schema.find(block);
  if (!attribute || further != (*attribute >= data::kWellKnownAttributes)) return {};
  const bool prose = schema[*attribute].kind == data::AttributeKind::kText;
  return [a = *attribute, prose](const data::Item& item) {
    return prose ? words_of_attribute(item, a) : document_of_attribute(item, a);
  };
}

std::string vocabulary_text(const std::vector<Block>& blocks, const nlohmann::json& dense,
                            float full_weight) {
  nlohmann::json list = nlohmann::json::array();
  for (const Block& block : blocks) {
    list.push_back({{"name", block.name},
                    {"weight", block.weight},
                    {"features", block.features},
                    {"terms", block.terms},
                    {"idf", block.idf}});
    if (block.scale) list.back()["scale"] = to_json(*block.scale);
  }
  return nlohmann::json{{"full_weight", full_weight}, {"blocks", list}, {"dense", dense}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Centred, cut to its principal components, rows of length 1.
Block imported_block(const ImportedBlock& imported) {
  constexpr Eigen::Index kComponents = 64;
  const Embeddings& vectors = imported.vectors;
  const auto dim = static_cast<Eigen::Index>(vectors.dim());
  std::vector<Row> known;
  for (Row row = 0; row < vectors.rows(); ++row) {
    const auto values = vectors.row(row);
    if (std::any_of(values.begin(), values.end(), [](float v) { return v != 0; }))
      known.push_back(row);
  }
  Eigen::MatrixXd x(static_cast<Eigen::Index>(known.size()), dim);
  for (std::size_t i = 0; i < known.size(); ++i) {
    x.row(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::RowVectorXf>(vectors.row(known[i]).data(), dim)
            .cast<double>()
            .normalized();
  }
  Block block;
  block.name = "imported:" + imported.name;
  block.weight = imported.weight;
  block.rows.resize(vectors.rows());
  if (known.empty()) return block;
  x.rowwise() -= x.colwise().mean().eval();
  const Eigen::Index kept = std::min(kComponents, dim);
  if (kept < dim) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(x.transpose() * x);
    x = (x * solver.eigenvectors().rightCols(kept)).eval();
  }
  block.features = static_cast<std::size_t>(kept);
  for (std::size_t i = 0; i < known.size(); ++i) {
    auto& row = block.rows[known[i]];
    for (Eigen::Index c = 0; c < kept; ++c)
      row.emplace_back(static_cast<std::uint32_t>(c),
                       static_cast<float>(x(static_cast<Eigen::Index>(i), c)));
    normalize(row);
  }
  return block;
}

std::vector<Block> build_blocks(const data::Catalog& catalog, const ContentOptions& options) {
  std::vector<Block> blocks;
  const data::Schema& schema = catalog.schema();
  const auto add = [&](const std::string& name, float weight, std::uint32_t min_documents) {
    const auto document = document_of(name, schema);
    blocks.push_back(tf_idf(catalog.size(), weight, min_documents,
                            [&](Row row) { return document(catalog[row]); }));
    blocks.back().name = name;
  };
  add("genres", options.genres, 1);
  blocks.push_back(audience_block(catalog, options.audience));
  add("tags", options.tags, 1);
  add("title", options.title, 2);
  blocks.push_back(year_block(catalog, options.year));
  add("directors", options.directors, 1);
  add("actors", options.actors, 1);
  add("countries", options.countries, 1);
  add("text", options.text, 2);
  for (auto a = data::kWellKnownAttributes; a < schema.size(); ++a) {
    if (has_names(schema[a].kind))
      add(std::string(kAttributeBlock) + schema[a].name, options.attributes, 1);
    else if (is_number(schema[a].kind))
      blocks.push_back(number_block(catalog, a, options.attributes));
    else if (schema[a].kind == data::AttributeKind::kText)
      add(std::string(kAttributeBlock) + schema[a].name, options.text, 2);
  }
  if (!catalog.genome.tags.empty()) blocks.push_back(genome_block(catalog, options.genome));
  for (const ImportedBlock& imported : options.imported) blocks.push_back(imported_block(imported));
  std::erase_if(blocks, [](const Block& block) {
    return block.weight <= 0 || std::all_of(block.rows.begin(), block.rows.end(),
                                            [](const auto& r) { return r.empty(); });
  });
  return blocks;
}

}  // namespace

ContentVectors build_content(const data::Catalog& catalog, const ContentOptions& options) {
  const std::vector<Block> blocks = build_blocks(catalog, options);
  const std::vector<DenseBlock> dense = dense_blocks(catalog, options);
  ContentVectors content;
  std::size_t dense_dim = 0;
  for (const DenseBlock& block : dense) dense_dim += block.rows.dim();
  content.dense = Embeddings(dense_dim == 0 ? 0 : catalog.size(), dense_dim);
  content.weight.assign(catalog.size(), 0);
  for (const Block& block : blocks) {
    content.features += block.features;
    content.full_weight += block.weight;
    content.blocks.push_back(
        {block.name, block.weight,
         static_cast<std::size_t>(std::count_if(block.rows.begin(), block.rows.end(),
                                                [](const auto& row) { return !row.empty(); }))});
  }
  for (const DenseBlock& block : dense)
    content.blocks.push_back({block.name + " (vectors)", block.weight, block.items()});
  content.full_weight =
      std::max(content.full_weight,
               options.genres + options.audience + options.tags + options.title + options.year);
  for (Row row = 0; row < catalog.size(); ++row) {
    std::vector<std::pair<std::uint32_t, float>> merged;
    std::uint32_t offset = 0;
    for (const Block& block : blocks) {
      auto part = block.rows[row];
      std::sort(part.begin(), part.end());
      if (!part.empty()) content.weight[row] += block.weight;
      for (const auto& [feature, value] : part)
        merged.emplace_back(offset + feature, value * std::sqrt(block.weight));
      offset += static_cast<std::uint32_t>(block.features);
    }
    std::vector<float> joined;
    for (const DenseBlock& block : dense) {
      for (const float v : block.rows.row(row)) joined.push_back(v * std::sqrt(block.weight));
    }
    normalize(merged, joined);
    if (dense_dim > 0) std::copy(joined.begin(), joined.end(), content.dense.row(row).begin());
    for (const auto& [feature, value] : merged) {
      content.indices.push_back(feature);
      content.values.push_back(value);
    }
    content.indptr.push_back(static_cast<std::uint32_t>(content.indices.size()));
  }
  content.vocabulary =
      vocabulary_text(blocks, describe_dense(dense, options.text_table.get()), content.full_weight);
  return content;
}

void add_content(model::Model& model, const ContentVectors& content) {
  set_content(model, {.offsets = content.indptr,
                      .indices = content.indices,
                      .values = content.values,
                      .vocabulary = content.vocabulary});
  if (content.dense.rows() > 0) set_dense_content(model, content.dense);
}

ContentPlacer::ContentPlacer() = default;
ContentPlacer::ContentPlacer(ContentPlacer&&) noexcept = default;
ContentPlacer& ContentPlacer::operator=(ContentPlacer&&) noexcept = default;
ContentPlacer::~ContentPlacer() = default;

Result<ContentPlacer> ContentPlacer::open(const model::Model& model, const TextTable* table) {
  const auto content = model::ContentView::of(model);
  if (!content || content->vocabulary.empty())
    return Error{ErrorCode::kNotFound,
                 "the model " + model.manifest.name + " " + model.manifest.version +
                     " carries no content vocabulary: train it again to place new items"};
  ContentPlacer placer;
  try {
    const auto json = nlohmann::json::parse(content->vocabulary);
    placer.full_weight_ = json.at("full_weight").get<float>();
    if (const auto dense = json.find("dense"); dense != json.end()) {
      placer.dense_ = dense_of_json(*dense);
      const bool same =
          table != nullptr && std::all_of(dense->begin(), dense->end(), [&](const auto& entry) {
            return entry.value("table", "") == table->fingerprint();
          });
      if (same) placer.table_ = table;
    }
    std::uint32_t offset = 0;
    for (const auto& entry : json.at("blocks")) {
      Block block{entry.at("name").get<std::string>(),
                  entry.at("weight").get<float>(),
                  offset,
                  {},
                  std::nullopt};
      if (const auto scale = entry.find("scale"); scale != entry.end())
        block.scale = number_scale_of_json(*scale);
      const auto& terms = entry.at("terms");
      const auto features = entry.at("features").get<std::uint32_t>();
      for (std::uint32_t f = 0; f < terms.size() && f < features; ++f) {
        const auto idf = entry.at("idf").at(f).get<float>();
        if (idf > 0) block.terms.emplace(terms.at(f).get<std::string>(), std::pair{f, idf});
      }
      offset += features;
      placer.blocks_.push_back(std::move(block));
    }
  } catch (const nlohmann::json::exception& error) {
    return Error{ErrorCode::kCorrupt, std::string("the content vocabulary: ") + error.what()};
  }
  return placer;
}

model::ItemContent ContentPlacer::place(const data::Item& item, const data::Schema& schema) const {
  model::ItemContent placed;
  placed.id = item.id;
  Entries merged;
  float weight = 0;
  for (const Block& block : blocks_) {
    Entries part;
    if (block.name == "audience") {
      part = audience_entries(item);
    } else if (block.name == "year") {
      part = year_entries(item);
    } else if (block.scale) {
      const auto attribute = schema.find(block.name.substr(kAttributeBlock.size()));
      const auto number = attribute ? number_of(item, *attribute, schema[*attribute].kind)
                                    : std::optional<double>();
      if (number) part = block.scale->bins_of(*number);
    } else if (const auto document = document_of(block.name, schema); document) {
      for (const auto& [term, frequency] : document(item)) {
        const auto found = block.terms.find(term);
        if (found != block.terms.end())
          part.emplace_back(found->second.first, (1 + std::log(frequency)) * found->second.second);
      }
      std::sort(part.begin(), part.end());
      normalize(part);
    }
    if (!part.empty()) weight += block.weight;
    for (const auto& [feature, value] : part)
      merged.emplace_back(block.offset + feature, value * std::sqrt(block.weight));
  }
  std::vector<float>& joined = placed.dense;
  std::vector<float> row;
  for (const DenseBlock& block : dense_) {
    row.assign(block.mean.size(), 0.0F);
    if (table_ != nullptr) embed_item(item, schema, block, *table_, row);
    for (const float v : row) joined.push_back(v * std::sqrt(block.weight));
  }
  normalize(merged, joined);
  for (const auto& [feature, value] : merged) {
    placed.features.push_back(feature);
    placed.values.push_back(value);
  }
  placed.richness = full_weight_ > 0 ? std::sqrt(std::sqrt(weight / full_weight_)) : 0.0F;
  return placed;
}

}  // namespace sparrow::embed
