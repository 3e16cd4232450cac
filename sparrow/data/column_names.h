// Usual names of columns: what the ecosystem calls users, items, values, times and what is known of
// items. column_mapping.h uses them beside what the values look like.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sparrow::data {

// "User-ID", "user_id:token" and "userId" -> "userid".
std::string plain_name(std::string_view name);

struct RoleNames {
  std::string_view role;
  std::vector<std::string_view> names;  // plain, the most telling first
};

// Roles of a log: user, item, value, time, event, title. Of a catalogue: id, title, year, genres,
// tags, directors, actors, keywords, countries, text, imdb_id, tmdb_id, authors.
std::span<const RoleNames> log_roles();
std::span<const RoleNames> catalog_roles();

// How telling `name` is for a role: 0 is the most telling; nullopt: it is none of its names.
std::optional<std::size_t> name_rank(std::span<const RoleNames> roles, std::string_view role,
                                     std::string_view name);
// Whether any role has this name.
bool is_column_name(std::string_view name);

// The one of `names` that is the least edits away; empty when there is none within three.
std::string nearest_name(std::string_view name, std::span<const std::string> names);

}  // namespace sparrow::data
