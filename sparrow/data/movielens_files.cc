#include "sparrow/data/movielens_files.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

Result<void> read_links(const std::filesystem::path& file, CatalogBuilder& catalog,
                        const TableUse& read) {
  return read(file, {"movieId", "imdbId"}, [&](const Fields& f) -> std::string {
    if (f.size() < 2) return "fewer than 2 fields";
    Item* item = catalog.find_item(trim(f[0]));
    if (item == nullptr) return fmt::format("item \"{}\" is not in the catalogue", f[0]);
    item->set(kImdbId, std::string(trim(f[1])));
    if (f.size() > 2) item->set(kTmdbId, std::string(trim(f[2])));
    return {};
  });
}

Result<void> read_tags(const std::filesystem::path& file, CatalogBuilder& catalog,
                       const TableUse& read) {
  const bool named = file.extension() == ".csv";
  const std::vector<std::string> columns =
      named ? std::vector<std::string>{"userId", "movieId", "tag", "timestamp"}
            : std::vector<std::string>{};
  return read(file, columns, [&](const Fields& f) -> std::string {
    if (f.size() != 4) return fmt::format("{} fields, 4 expected", f.size());
    return catalog.add_tag(trim(f[0]), f[1], f[2]);
  });
}

Result<void> read_genome(const std::filesystem::path& directory, CatalogBuilder& catalog,
                         TagGenome& genome, const TableUse& read) {
  std::unordered_map<std::string, std::uint32_t> columns;
  auto tags =
      read(directory / "genome-tags.csv", {"tagId", "tag"}, [&](const Fields& f) -> std::string {
        if (f.size() < 2) return "fewer than 2 fields";
        columns.emplace(std::string(trim(f[0])), static_cast<std::uint32_t>(genome.tags.size()));
        genome.tags.emplace_back(f[1]);
        return {};
      });
  if (!tags) return tags;
  std::unordered_map<Row, std::vector<float>> relevance;
  auto scores = read(directory / "genome-scores.csv", {"movieId", "tagId", "relevance"},
                     [&](const Fields& f) -> std::string {
                       float value = 0;
                       if (f.size() < 3 || !parse_value(f[2], value))
                         return "the relevance is not a number";
                       const Row item = catalog.rows().find(trim(f[0]));
                       const auto column = columns.find(std::string(trim(f[1])));
                       if (item == kNoRow || column == columns.end()) return "unknown item or tag";
                       auto& row = relevance[item];
                       row.resize(genome.tags.size());
                       row[column->second] = value;
                       return {};
                     });
  if (!scores) return scores;
  for (const auto& [row, values] : relevance) genome.rows.push_back(row);
  std::sort(genome.rows.begin(), genome.rows.end());
  genome.relevance = Embeddings(genome.rows.size(), genome.tags.size());
  for (std::size_t r = 0; r < genome.rows.size(); ++r) {
    const auto& values = relevance[genome.rows[r]];
    std::copy(values.begin(), values.end(), genome.relevance.row(r).begin());
  }
  return {};
}

}  // namespace

Result<void> read_movielens_files(const std::filesystem::path& directory, CatalogBuilder& catalog,
                                  TagGenome& genome, const TableUse& read) {
  const auto there = [&](const char* file) {
    return std::filesystem::is_regular_file(directory / file);
  };
  if (there("links.csv")) {
    if (auto links = read_links(directory / "links.csv", catalog, read); !links) return links;
  }
  for (const char* file : {"tags.csv", "tags.dat"}) {
    if (!there(file)) continue;
    if (auto tags = read_tags(directory / file, catalog, read); !tags) return tags;
    break;
  }
  if (there("genome-scores.csv") && there("genome-tags.csv"))
    return read_genome(directory, catalog, genome, read);
  return {};
}

}  // namespace sparrow::data
