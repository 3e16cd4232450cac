// What MovieLens has beside films and ratings: links, tags, and the tag genome.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/catalog_builder.h"

namespace sparrow::data {

// Reads one file: calls `row` for each record, which returns why it is refused, or nothing. The
// reader of the data set counts rows and rejects.
using RecordUse = std::function<std::string(const Fields&)>;
using TableUse =
    std::function<Result<void>(const std::filesystem::path& file,
                               const std::vector<std::string>& columns, const RecordUse& row)>;

// Reads links.csv, tags.csv or tags.dat, and the genome, where `directory` has them.
Result<void> read_movielens_files(const std::filesystem::path& directory, CatalogBuilder& catalog,
                                  TagGenome& genome, const TableUse& read);

}  // namespace sparrow::data
