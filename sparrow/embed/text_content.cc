#include "sparrow/embed/text_content.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/embed/text_table.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kTags = 12;
constexpr char kSentence[] = "sentence";
constexpr char kDescription[] = "description";
constexpr char kVectors[] = "vectors";

void add_list(std::string& sentence, const std::vector<std::string>& names) {
  if (names.empty()) return;
  sentence += fmt::format("{}{}.", sentence.empty() ? "" : " ", fmt::join(names, ", "));
}

void to_unit(std::span<float> row) {
  const float length = std::sqrt(simd::dot(row.data(), row.data(), row.size()));
  if (length > 0) simd::scale(row.data(), 1 / length, row.size());
}

bool has_no_text(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float v) { return v == 0; });
}

// All prose of an item: its synopsis and what other attributes have of text.
std::string description_of(const data::Item& item, const data::Schema& schema) {
  std::string text;
  for (const data::ItemValue& value : item.values) {
    if (schema[value.attribute].kind != data::AttributeKind::kText) continue;
    if (value.attribute == data::kImdbId || value.attribute == data::kTmdbId) continue;
    text += (text.empty() ? "" : " ") + item.text(value.attribute);
  }
  return text;
}

std::string text_of(const data::Item& item, const data::Schema& schema, const DenseBlock& block) {
  return block.name == kDescription ? description_of(item, schema)
                                    : item_sentence(item, schema, block.title);
}

void subtract_mean(const std::vector<float>& mean, std::span<float> row) {
  constexpr float kNothing = 1e-4F;  // all that is left is the mean's own rounding
  simd::axpy(-1, mean.data(), row.data(), row.size());
  if (simd::dot(row.data(), row.data(), row.size()) < kNothing * kNothing)
    std::fill(row.begin(), row.end(), 0.0F);
  to_unit(row);
}

// From unit rows; a mean of doubles, so that it does not depend on the order of
// threads.
void center(DenseBlock& block, std::size_t threads) {
  std::vector<double> sum(block.rows.dim(), 0.0);
  double count = 0;
  for (std::size_t r = 0; r < block.rows.rows(); ++r) {
    const auto row = block.rows.row(r);
    if (has_no_text(row)) continue;
    for (std::size_t c = 0; c < row.size(); ++c) sum[c] += static_cast<double>(row[c]);
    ++count;
  }
  block.mean.resize(sum.size());
  for (std::size_t c = 0; c < sum.size(); ++c)
    block.mean[c] = static_cast<float>(sum[c] / std::max(1.0, count));
  parallel_for(block.rows.rows(), 1024, threads,
               [&](std::size_t begin, std::size_t end, std::size_t) {
                 for (std::size_t r = begin; r < end; ++r) {
                   if (!has_no_text(block.rows.row(r)))
                     subtract_mean(block.mean, block.rows.row(r));
                 }
               });
}

DenseBlock text_block(const data::Catalog& catalog, const ContentOptions& options, const char* name,
                      float weight) {
  const TextTable& table = *options.text_table;
  DenseBlock block;
  block.name = name;
  block.weight = weight;
  block.title = options.title > 0 ? TitleIn::kSentence : TitleIn::kNowhere;
  block.rows = Embeddings(catalog.size(), table.dim());
  parallel_for(catalog.size(), 256, options.threads,
               [&](std::size_t begin, std::size_t end, std::size_t) {
                 for (std::size_t r = begin; r < end; ++r) {
                   table.embed(text_of(catalog[static_cast<Row>(r)], catalog.schema(), block),
                               block.rows.row(r));
                   to_unit(block.rows.row(r));
                 }
               });
  return block;
}

}  // namespace

std::string item_sentence(const data::Item& item, const data::Schema& schema, TitleIn title) {
  data::Names tags;
  for (const data::TagCount& tag : item.tags) {
    if (tags.size() < kTags) tags.push_back(tag.tag);
  }
  data::Names people = item.list(data::kDirectors);
  const data::Names& actors = item.list(data::kActors);
  people.insert(people.end(), actors.begin(), actors.end());
  std::string rest;
  add_list(rest, item.list(data::kGenres));
  add_list(rest, tags);
  add_list(rest, item.list(data::kKeywords));
  add_list(rest, people);
  for (const data::ItemValue& value : item.values) {
    const data::AttributeKind kind = schema[value.attribute].kind;
    const bool names = kind == data::AttributeKind::kCategory ||
                       kind == data::AttributeKind::kCategories ||
                       kind == data::AttributeKind::kPeople;
    if (value.attribute < data::kWellKnownAttributes || !names) continue;
    data::Names list;
    data::any_text(value.value, [&](const std::string& name) {
      list.push_back(name);
      return false;
    });
    add_list(rest, list);
  }
  const std::string description = description_of(item, schema);
  if (!description.empty()) rest += (rest.empty() ? "" : " ") + description;
  const bool named = !item.title.empty() && (item.title != item.id || !rest.empty());
  if (title == TitleIn::kNowhere || !named) return rest;
  return data::title_and_year(item) + "." + (rest.empty() ? "" : " ") + rest;
}

std::size_t DenseBlock::items() const {
  std::size_t count = 0;
  for (std::size_t r = 0; r < rows.rows(); ++r) count += has_no_text(rows.row(r)) ? 0U : 1U;
  return count;
}

std::vector<DenseBlock> dense_blocks(const data::Catalog& catalog, const ContentOptions& options) {
  std::vector<DenseBlock> blocks;
  if (options.text_vectors) {
    DenseBlock block;
    block.name = kVectors;
    block.weight = options.sentence;
    block.rows = options.text_vectors->vectors;
    for (std::size_t r = 0; r < block.rows.rows(); ++r) to_unit(block.rows.row(r));
    blocks.push_back(std::move(block));
  } else if (options.text_table != nullptr) {
    blocks.push_back(text_block(catalog, options, kSentence, options.sentence));
    blocks.push_back(text_block(catalog, options, kDescription, options.description));
  }
  for (DenseBlock& block : blocks) center(block, options.threads);
  std::erase_if(blocks, [](const DenseBlock& block) {
    return block.weight <= 0 || has_no_text(block.rows.values());
  });
  return blocks;
}

nlohmann::json describe_dense(const std::vector<DenseBlock>& blocks, const TextTable* table) {
  nlohmann::json list = nlohmann::json::array();
  for (const DenseBlock& block : blocks) {
    list.push_back({{"name", block.name},
                    {"weight", block.weight},
                    {"title", block.title == TitleIn::kSentence},
                    {"mean", block.mean}});
    if (block.name != kVectors && table != nullptr) list.back()["table"] = table->fingerprint();
  }
  return list;
}

std::vector<DenseBlock> dense_of_json(const nlohmann::json& json) {
  std::vector<DenseBlock> blocks;
  for (const auto& entry : json) {
    DenseBlock block;
    block.name = entry.at("name").get<std::string>();
    block.weight = entry.at("weight").get<float>();
    block.title = entry.at("title").get<bool>() ? TitleIn::kSentence : TitleIn::kNowhere;
    block.mean = entry.at("mean").get<std::vector<float>>();
    blocks.push_back(std::move(block));
  }
  return blocks;
}

void embed_item(const data::Item& item, const data::Schema& schema, const DenseBlock& block,
                const TextTable& table, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  if (block.name == kVectors || block.mean.size() != table.dim()) return;
  table.embed(text_of(item, schema, block), out);
  to_unit(out);
  if (!has_no_text(out)) subtract_mean(block.mean, out);
}

}  // namespace sparrow::embed
