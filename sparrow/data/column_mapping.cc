#include "sparrow/data/column_mapping.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/data/column_names.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/list_cells.h"
#include "sparrow/data/time_form.h"

namespace sparrow::data {
namespace {

constexpr double kMostly = 0.8;

// What the values of a column look like, shares of those that are not empty.
struct Look {
  double filled = 0;
  double numbers = 0;
  double times = 0;
  double distinct = 0;  // different values to values
  std::size_t different = 0;
  double letters = 0;
  double years = 0;
  double mean_bytes = 0;
};

Look look_of(const TableFile& file, std::size_t column) {
  Look look;
  std::unordered_set<std::string_view> seen;
  double n = 0;
  for (const auto value : file.sample(column)) {
    if (value.empty()) continue;
    ++n;
    double number = 0;
    float logged = 0;
    const bool numeric = parse_number(value, number) || parse_logged_value(value, logged);
    look.numbers += numeric ? 1 : 0;
    look.times += looks_like_time(value) ? 1 : 0;
    look.years += numeric && number >= 1000 && number <= 2100 ? 1 : 0;
    look.letters += std::any_of(value.begin(), value.end(),
                                [](char c) {
                                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                         static_cast<unsigned char>(c) >= 0x80;
                                })
                        ? 1
                        : 0;
    look.mean_bytes += static_cast<double>(value.size());
    seen.insert(value);
  }
  if (n == 0) return look;
  look.filled = n / static_cast<double>(file.rows.size());
  look.different = seen.size();
  look.distinct = static_cast<double>(seen.size()) / n;
  for (double* share : {&look.numbers, &look.times, &look.years, &look.letters, &look.mean_bytes})
    *share /= n;
  return look;
}

// The rank of a column's name for a role; the part behind the last point counts too
// ("Labels.genre").
std::optional<std::size_t> rank_of(std::span<const RoleNames> roles, const std::string& role,
                                   const std::string& column) {
  if (const auto rank = name_rank(roles, role, column)) return rank;
  const auto point = column.rfind('.');
  if (point == std::string::npos) return std::nullopt;
  return name_rank(roles, role, column.substr(point + 1));
}

class Mapper {
 public:
  Mapper(const TableFile& file, const GivenColumns& given) : file_(file), given_(given) {
    for (std::size_t c = 0; c < file.columns.size(); ++c) {
      looks_.push_back(look_of(file, c));
      // What the records were chosen by says nothing more.
      if (file.columns[c] == file.filter.column) looks_.back() = Look();
    }
  }

  const Look& look(std::size_t column) const { return looks_[column]; }
  ColumnMapping take() { return std::move(mapping_); }
  bool has(const std::string& role) const { return mapping_.roles.contains(role); }
  std::size_t column(const std::string& role) const { return mapping_.roles.at(role); }
  bool taken(std::size_t column) const {
    return std::any_of(mapping_.roles.begin(), mapping_.roles.end(),
                       [&](const auto& entry) { return entry.second == column; });
  }
  void set(const std::string& role, std::size_t column) { mapping_.roles[role] = column; }
  void note(std::string text) { mapping_.notes.push_back(std::move(text)); }
  std::size_t size() const { return looks_.size(); }
  const std::string& name(std::size_t column) const { return file_.columns[column]; }

  // The column that people name for a role; as `role`.
  Result<void> take_given(const std::string& given_role, const std::string& role) {
    const auto named = given_.find(given_role);
    if (named == given_.end()) return {};
    for (std::size_t c = 0; c < size(); ++c) {
      if (name(c) != named->second && plain_name(name(c)) != plain_name(named->second)) continue;
      if (name(c) == named->second || !has(role)) set(role, c);
    }
    if (has(role)) return {};
    const std::string nearest = nearest_name(named->second, file_.columns);
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: there is no column \"{}\" (--columns {}={}); {}there are {}",
                             file_.path.string(), named->second, given_role, named->second,
                             nearest.empty() ? "" : fmt::format("did you mean \"{}\"? ", nearest),
                             fmt::join(file_.columns, ", "))};
  }

  // The column whose name is the most telling for a role, of those that `fits` likes.
  template <typename Fits>
  void by_name(std::span<const RoleNames> roles, const std::string& role, const Fits& fits) {
    if (has(role)) return;
    std::vector<std::pair<std::size_t, std::size_t>> found;  // rank, column
    for (std::size_t c = 0; c < size(); ++c) {
      const auto rank = rank_of(roles, role, name(c));
      if (rank && !taken(c) && (file_.rows.empty() || fits(look(c)))) found.emplace_back(*rank, c);
    }
    if (found.empty()) return;
    std::sort(found.begin(), found.end());
    set(role, found[0].second);
    if (found.size() > 1)
      note(fmt::format("{}: {}: column \"{}\" rather than \"{}\", as its name is the more usual",
                       file_.name(), role, name(found[0].second), name(found[1].second)));
  }

  // The first column of those that are left that `fits` likes.
  template <typename Fits>
  void by_values(const std::string& role, const Fits& fits) {
    if (has(role)) return;
    for (std::size_t c = 0; c < size(); ++c) {
      if (taken(c) || look(c).filled == 0 || !fits(c)) continue;
      set(role, c);
      note(fmt::format("{}: {}: column \"{}\", told by its values", file_.name(), role, name(c)));
      return;
    }
  }

 private:
  const TableFile& file_;
  const GivenColumns& given_;
  std::vector<Look> looks_;
  ColumnMapping mapping_;
};

bool anything(const Look& look) { return look.filled > 0; }
bool numeric(const Look& look) { return look.numbers >= kMostly; }
bool wordy(const Look& look) { return look.numbers < 1 - kMostly && look.different <= 64; }
bool timely(const Look& look) { return look.times >= kMostly || look.numbers >= kMostly; }

bool is_given(const GivenColumns& given, const char* role) { return given.contains(role); }

// Roles without a usual name, told by the values: the time is large numbers or dates, the value
// small numbers of few kinds, the rest are the user and the item in this order.
void guess_log(const TableFile& file, Mapper& mapper, const std::set<std::string>& item_ids) {
  const auto share_of_items = [&](std::size_t column) {
    std::size_t known = 0;
    std::size_t all = 0;
    for (const auto value : file.sample(column)) {
      if (value.empty()) continue;
      ++all;
      known += item_ids.contains(std::string(value)) ? 1U : 0U;
    }
    return all == 0 ? 0.0 : static_cast<double>(known) / static_cast<double>(all);
  };
  if (!file.dialect.header) {
    // Large numbers in front are ids rather than times.
    mapper.by_values("time", [&](std::size_t c) {
      const Look& look = mapper.look(c);
      return look.times >= kMostly && (c >= 2 || look.numbers < kMostly);
    });
    // The value stands behind user and item.
    if (!mapper.has("value")) {
      for (std::size_t c = 2; c < mapper.size(); ++c) {
        const Look& look = mapper.look(c);
        constexpr std::size_t kFewValues = 200;
        if (mapper.taken(c) || !numeric(look) || look.different > kFewValues) continue;
        mapper.set("value", c);
        break;
      }
    }
  }
  if (!item_ids.empty() && !mapper.has("item")) {
    std::size_t best = mapper.size();
    double most = 0.5;
    for (std::size_t c = 0; c < mapper.size(); ++c) {
      // Of columns that join alike (users and items counted from 1), the later is the item.
      const double share = mapper.taken(c) ? 0 : share_of_items(c);
      if (share < most) continue;
      most = share;
      best = c;
    }
    if (best < mapper.size()) {
      mapper.set("item", best);
      mapper.note(fmt::format("{}: item: column \"{}\", as its values are ids of the catalogue",
                              file.name(), mapper.name(best)));
    }
  }
  if (file.dialect.header) return;
  const auto any = [&](std::size_t c) {
    return mapper.look(c).distinct < 1 || file.rows.size() < 50;
  };
  mapper.by_values("user", any);
  mapper.by_values("item", any);
}

Error missing_role(const TableFile& file, const std::string& role) {
  return {ErrorCode::kInvalidInput,
          fmt::format("{}: no column is told to be the {}; name it with --columns {}=NAME. The "
                      "columns are {} ({})",
                      file.path.string(), role, role, fmt::join(file.columns, ", "),
                      dialect_text(file.dialect))};
}

}  // namespace

Result<void> check_roles(const GivenColumns& given) {
  std::vector<std::string> roles;
  for (const auto& known : log_roles()) roles.emplace_back(known.role);
  for (const auto& known : catalog_roles()) {
    if (std::find(roles.begin(), roles.end(), known.role) == roles.end())
      roles.emplace_back(known.role);
  }
  for (const auto& [role, column] : given) {
    if (std::find(roles.begin(), roles.end(), role) != roles.end()) continue;
    const std::string nearest = nearest_name(role, roles);
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("--columns: there is no role \"{}\"; {}the roles are {}", role,
                             nearest.empty() ? "" : fmt::format("did you mean \"{}\"? ", nearest),
                             fmt::join(roles, ", "))};
  }
  return {};
}

Result<ColumnMapping> map_log_columns(const TableFile& file, const GivenColumns& given,
                                      const std::set<std::string>& item_ids) {
  Mapper mapper(file, given);
  for (const char* role : {"user", "item", "value", "time", "event"}) {
    if (auto found = mapper.take_given(role, role); !found) return found.error();
  }
  const auto roles = log_roles();
  mapper.by_name(roles, "user", anything);
  mapper.by_name(roles, "item", anything);
  mapper.by_name(roles, "time", timely);
  const bool event_given = is_given(given, "event");
  if (!event_given) mapper.by_name(roles, "value", numeric);
  if (!mapper.has("value")) mapper.by_name(roles, "event", wordy);
  // "rating" with the words like and dislike names events.
  if (!mapper.has("value") && !mapper.has("event")) {
    for (std::size_t c = 0; c < mapper.size(); ++c) {
      if (!mapper.taken(c) && wordy(mapper.look(c)) && rank_of(roles, "value", mapper.name(c)))
        mapper.set("event", c);
    }
  }
  guess_log(file, mapper, item_ids);
  mapper.by_name(roles, "title", anything);
  if (!mapper.has("item") && mapper.has("title")) {
    mapper.set("item", mapper.column("title"));
    mapper.note(fmt::format("{}: item: column \"{}\": titles are the ids", file.name(),
                            mapper.name(mapper.column("title"))));
  }
  for (const char* role : {"user", "item"}) {
    if (!mapper.has(role)) return missing_role(file, role);
  }
  return mapper.take();
}

Result<ColumnMapping> map_catalog_columns(const TableFile& file, const GivenColumns& given,
                                          const LoggedItems& logged) {
  Mapper mapper(file, given);
  const auto roles = catalog_roles();
  for (const RoleNames& known : roles) {
    const std::string role(known.role);
    if (auto found = mapper.take_given(role, role); !found) return found.error();
  }
  // Of several columns that could be the id, the one that joins with the log.
  if (!mapper.has("id")) {
    struct Choice {
      double joined = 0;
      bool same_name = false;
      std::size_t rank = 0;
      std::size_t column = 0;
    };
    std::vector<Choice> choices;
    for (std::size_t c = 0; c < mapper.size(); ++c) {
      const auto rank = rank_of(roles, "id", mapper.name(c));
      const bool same =
          !logged.column.empty() && plain_name(mapper.name(c)) == plain_name(logged.column);
      if (mapper.taken(c) || mapper.look(c).distinct < 0.5) continue;
      std::size_t joined = 0;
      for (const auto value : file.sample(c))
        joined += logged.ids.contains(std::string(value)) ? 1U : 0U;
      if (!rank && !same && joined == 0) continue;
      constexpr std::size_t kUnnamed = 1000;
      choices.push_back({static_cast<double>(joined) / static_cast<double>(file.rows.size()), same,
                         rank.value_or(kUnnamed), c});
    }
    std::sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
      if (std::abs(a.joined - b.joined) > 0.1) return a.joined > b.joined;
      return a.same_name != b.same_name ? a.same_name : a.rank < b.rank;
    });
    if (!choices.empty()) mapper.set("id", choices[0].column);
    if (choices.size() > 1)
      mapper.note(fmt::format("{}: id: column \"{}\" rather than \"{}\", as {}", file.name(),
                              mapper.name(choices[0].column), mapper.name(choices[1].column),
                              choices[0].joined > choices[1].joined + 0.1
                                  ? "its values are those of the log"
                              : choices[0].same_name ? "the log's column is called the same"
                                                     : "its name is the more usual"));
  }
  if (!mapper.has("id") && !file.dialect.header)
    mapper.by_values("id", [&](std::size_t c) { return mapper.look(c).distinct > 0.99; });
  if (!mapper.has("id")) return missing_role(file, "id");
  for (const RoleNames& known : roles) {
    if (known.role != "id" && known.role != "year")
      mapper.by_name(roles, std::string(known.role), anything);
  }
  mapper.by_name(roles, "year", [](const Look& look) {
    return look.years >= kMostly || (look.times >= kMostly && look.numbers < kMostly);
  });
  mapper.by_values("title", [&](std::size_t c) {
    constexpr double kLongestTitle = 100;
    const Look& look = mapper.look(c);
    return look.letters > kMostly && look.distinct > kMostly && look.mean_bytes < kLongestTitle;
  });
  if (!file.dialect.header) {
    mapper.by_values("year", [&](std::size_t c) { return mapper.look(c).years >= kMostly; });
    mapper.by_values("genres", [&](std::size_t c) {
      return find_list_form(file.sample(c), ListExpected::kNo) != ListForm::kSingle;
    });
  }
  return mapper.take();
}

TableKind kind_of_table(const TableFile& file, const GivenColumns& given) {
  const auto logs = log_roles();
  const auto named = [&](std::span<const RoleNames> roles, const std::string& role) {
    return std::any_of(file.columns.begin(), file.columns.end(), [&](const std::string& column) {
      const auto by_hand = given.find(role);
      return rank_of(roles, role, column) ||
             (by_hand != given.end() && plain_name(by_hand->second) == plain_name(column));
    });
  };
  const bool item = named(logs, "item") || named(logs, "title");
  if (file.dialect.header || file.dialect.form != TextForm::kDelimited) {
    if (named(logs, "user") && item) return TableKind::kLog;
    const auto catalogs = catalog_roles();
    return named(catalogs, "id") ? TableKind::kCatalog : TableKind::kNeither;
  }
  // Without names: a log repeats its first two columns, a catalogue does not repeat its first.
  if (file.columns.size() < 2 || file.rows.empty()) return TableKind::kNeither;
  const bool repeats = look_of(file, 0).distinct < 0.9 || look_of(file, 1).distinct < 0.9;
  const bool words = look_of(file, 1).letters > kMostly && look_of(file, 0).distinct > 0.99;
  return repeats && !words ? TableKind::kLog : words ? TableKind::kCatalog : TableKind::kNeither;
}

}  // namespace sparrow::data
