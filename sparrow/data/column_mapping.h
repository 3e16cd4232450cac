// ColumnMapping: which column of a file has which role, told by names (column_names.h) and by what
// the values look like; what people name with --columns wins over every guess.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/table_file.h"

namespace sparrow::data {

// Role -> name of a column, as people give them.
using GivenColumns = std::map<std::string, std::string>;

// Errors: kInvalidInput for a role that there is not, with the nearest one.
Result<void> check_roles(const GivenColumns& given);

struct ColumnMapping {
  std::map<std::string, std::size_t> roles;  // role -> column
  std::vector<std::string> notes;            // what was taken of several, and why

  std::optional<std::size_t> find(const std::string& role) const {
    const auto at = roles.find(role);
    return at == roles.end() ? std::nullopt : std::optional(at->second);
  }
};

// Roles user, item, value, time, event, title. `item_ids`: ids of the catalogue that is beside the
// log (some of them; empty: none), by which a column without a usual name is known. Errors:
// kInvalidInput when a given column is not there (with the nearest), or user or item cannot be
// told.
Result<ColumnMapping> map_log_columns(const TableFile& file, const GivenColumns& given,
                                      const std::set<std::string>& item_ids);

// Roles id, title, year, genres, tags, ... (column_names.h). `logged`: item ids of the log (some of
// them), `log_name`: the name of their column: of several columns that could be the id, the one
// that joins with the log is taken.
struct LoggedItems {
  std::set<std::string> ids;
  std::string column;
};
Result<ColumnMapping> map_catalog_columns(const TableFile& file, const GivenColumns& given,
                                          const LoggedItems& logged);

// Whether a table has users and items, or items and what they are: by its columns alone.
enum class TableKind { kLog, kCatalog, kNeither };
TableKind kind_of_table(const TableFile& file, const GivenColumns& given);

}  // namespace sparrow::data
