#include "sparrow/store/sparrowrecsys_layout.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "sparrow/model/views.h"

namespace sparrow::store {
namespace {

// Our field -> theirs.
using Names = std::vector<std::pair<std::string_view, std::string_view>>;
const Names& item_names() {
  static const Names names = {{"year", "releaseYear"},
                              {"ratings", "movieRatingCount"},
                              {"mean_rating", "movieAvgRating"},
                              {"rating_deviation", "movieRatingStddev"}};
  return names;
}
const Names& user_names() {
  static const Names names = {{"ratings", "userRatingCount"},
                              {"mean_rating", "userAvgRating"},
                              {"rating_deviation", "userRatingStddev"},
                              {"mean_year", "userAvgReleaseYear"},
                              {"year_deviation", "userReleaseYearStddev"}};
  return names;
}

// genres "Action|Crime" -> movieGenre1, movieGenre2; fields that SparrowRecSys lacks keep our
// names.
FeatureHash renamed(const FeatureHash& ours, const Names& names, std::string_view genre_prefix) {
  FeatureHash theirs;
  for (const auto& [field, value] : ours) {
    if (field == "genres") {
      std::string_view rest = value;
      for (int g = 1; !rest.empty(); ++g) {
        const auto bar = std::min(rest.find('|'), rest.size());
        theirs[fmt::format("{}{}", genre_prefix, g)] = rest.substr(0, bar);
        rest.remove_prefix(std::min(bar + 1, rest.size()));
      }
      continue;
    }
    const auto found = std::find_if(
        names.begin(), names.end(),
        [wanted = std::string_view(field)](const auto& name) { return name.first == wanted; });
    theirs[found == names.end() ? field : std::string(found->second)] = value;
  }
  return theirs;
}

std::string decimal_text(std::span<const float> values) {
  std::string text;
  for (const float value : values) {
    if (!text.empty()) text += ' ';
    fmt::format_to(std::back_inserter(text), "{}", value);
  }
  return text;
}

struct Row {
  std::string key;
  std::span<const float> values;
};

bool is_zero(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return v == 0; });
}

Result<void> write_rows(RedisClient& client, const std::vector<Row>& rows, std::int64_t ttl) {
  const std::string seconds = std::to_string(ttl);
  const auto done =
      client.run({rows.size(), [&](std::size_t i) { return std::string_view(rows[i].key); },
                  [&](std::size_t i, CommandText& text) {
                    text.command(ttl > 0 ? 5 : 3);
                    text.argument("SET");
                    text.argument(rows[i].key);
                    text.argument(decimal_text(rows[i].values));
                    if (ttl <= 0) return;
                    text.argument("EX");
                    text.argument(seconds);
                  },
                  ignore_answer});
  return done ? Result<void>{} : done.error();
}

struct HashRow {
  std::string key;
  FeatureHash fields;
};

Result<void> write_hashes(RedisClient& client, const std::vector<HashRow>& rows, std::int64_t ttl) {
  const std::string seconds = std::to_string(ttl);
  const auto key_of = [&](std::size_t i) { return std::string_view(rows[i].key); };
  const auto set = client.run({rows.size(), key_of,
                               [&](std::size_t i, CommandText& text) {
                                 text.command(2 + 2 * rows[i].fields.size());
                                 text.argument("HSET");
                                 text.argument(rows[i].key);
                                 for (const auto& [field, value] : rows[i].fields) {
                                   text.argument(field);
                                   text.argument(value);
                                 }
                               },
                               ignore_answer});
  if (!set) return set.error();
  const auto timed = client.run({rows.size(), key_of,
                                 [&](std::size_t i, CommandText& text) {
                                   text.command(ttl > 0 ? 3 : 2);
                                   text.argument(ttl > 0 ? "EXPIRE" : "PERSIST");
                                   text.argument(rows[i].key);
                                   if (ttl > 0) text.argument(seconds);
                                 },
                                 ignore_answer});
  return timed ? Result<void>{} : timed.error();
}

constexpr std::size_t kTogether = 4096;

Result<void> write_user_features(RedisClient& client, const Features& features,
                                 const SparrowRecSysOptions& options, SparrowRecSysCounts& counts) {
  for (std::size_t begin = 0; begin < features.users.size(); begin += kTogether) {
    const std::size_t end = std::min(begin + kTogether, features.users.size());
    const UserFeatures block = features.of_users(begin, end);
    std::vector<Row> vectors;
    std::vector<HashRow> hashes;
    for (std::size_t u = begin; u < end; ++u) {
      const auto values =
          std::span(block.vectors).subspan((u - begin) * features.user_dim, features.user_dim);
      if (!is_zero(values)) vectors.push_back({"uEmb:" + features.users[u], values});
      auto fields = renamed(block.hashes[u - begin], user_names(), "userGenre");
      if (!fields.empty()) hashes.push_back({"uf:" + features.users[u], std::move(fields)});
    }
    counts.user_vectors += vectors.size();
    counts.user_features += hashes.size();
    if (auto done = write_rows(client, vectors, options.ttl_seconds); !done) return done;
    if (auto done = write_hashes(client, hashes, options.ttl_seconds); !done) return done;
  }
  return {};
}

Result<void> write_item_features(RedisClient& client, const Features& features,
                                 const std::vector<ItemId>& items,
                                 const SparrowRecSysOptions& options, SparrowRecSysCounts& counts) {
  for (std::size_t begin = 0; begin < items.size(); begin += kTogether) {
    const auto ids = std::span(items).subspan(begin, std::min(kTogether, items.size() - begin));
    const auto found = features.of_items(ids);
    std::vector<HashRow> hashes;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto fields = renamed(found[i], item_names(), "movieGenre");
      if (!fields.empty()) hashes.push_back({"mf:" + ids[i], std::move(fields)});
    }
    counts.item_features += hashes.size();
    if (auto done = write_hashes(client, hashes, options.ttl_seconds); !done) return done;
  }
  return {};
}

// Numbers apart by any number of spaces; false when something else is between.
bool parse_values(std::string_view text, std::vector<float>& values) {
  while (true) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return true;
    text.remove_prefix(begin);
    float value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || !std::isfinite(value)) return false;
    values.push_back(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty() && std::string_view(" \t\r\n").find(text.front()) == std::string_view::npos)
      return false;
  }
}

// Numbers by value, then the rest by text.
bool id_before(const std::string& a, const std::string& b) {
  const auto is_number = [](const std::string& id) {
    return !id.empty() &&
           std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const bool number_a = is_number(a);
  const bool number_b = is_number(b);
  if (number_a != number_b) return number_a;
  if (number_a && a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

}  // namespace

Result<SparrowRecSysCounts> write_sparrowrecsys(RedisClient& client, const model::Model& model,
                                                const Features* features,
                                                const SparrowRecSysOptions& options,
                                                const RunControl& control) {
  const auto vectors = model::VectorsView::of(model);
  if (!vectors)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("model {} has no vectors to export", model.manifest.name)};
  const Embeddings values = vectors->all();
  SparrowRecSysCounts counts;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < model.items.size(); ++i) {
    const auto row = values.row(i);
    if (!is_zero(row)) rows.push_back({options.prefix + ":" + model.items[i], row});
    if (rows.size() < kTogether && i + 1 < model.items.size()) continue;
    if (auto done = write_rows(client, rows, options.ttl_seconds); !done) return done.error();
    counts.vectors += rows.size();
    rows.clear();
    control.report({"export", i + 1, model.items.size(), "vectors", 0});
    if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  }
  if (features != nullptr) {
    auto done = write_user_features(client, *features, options, counts);
    if (done) done = write_item_features(client, *features, model.items, options, counts);
    if (!done) return done.error();
  }
  return counts;
}

Result<ReadVectors> read_sparrowrecsys(RedisClient& client, const std::string& prefix) {
  std::set<std::string> unique;
  auto scanned = client.scan(escaped_glob(prefix) + ":*",
                             [&](const std::vector<std::string>& keys) -> Result<void> {
                               for (const auto& key : keys)
                                 unique.insert(key.substr(prefix.size() + 1));
                               return {};
                             });
  if (!scanned) return scanned.error();
  ReadVectors found;
  found.ids.assign(unique.begin(), unique.end());
  std::sort(found.ids.begin(), found.ids.end(), id_before);
  if (found.ids.empty())
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: there is no key {}:ID", client.options().uri(), prefix)};
  std::vector<std::string> keys;
  for (const auto& id : found.ids) keys.push_back(fmt::format("{}:{}", prefix, id));
  std::vector<std::vector<float>> rows(keys.size());
  const auto read = client.run(
      {keys.size(), [&](std::size_t i) { return std::string_view(keys[i]); },
       [&](std::size_t i, CommandText& text) {
         text.command(2);
         text.argument("GET");
         text.argument(keys[i]);
       },
       [&](std::size_t i, RedisValue answer) -> Result<void> {
         if (answer.is_nil()) return {};  // its time was up since the scan
         if (parse_values(answer.text(), rows[i]) && !rows[i].empty()) return {};
         return Error{ErrorCode::kCorrupt, fmt::format("{}: is not a list of numbers", keys[i])};
       }});
  if (!read) return read.error();
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].empty()) continue;
    if (found.dim == 0) found.dim = rows[i].size();
    if (rows[i].size() != found.dim)
      return Error{ErrorCode::kCorrupt, fmt::format("{}: {} numbers, others have {}", keys[i],
                                                    rows[i].size(), found.dim)};
    kept.push_back(found.ids[i]);
    found.values.insert(found.values.end(), rows[i].begin(), rows[i].end());
  }
  found.ids = std::move(kept);
  return found;
}

}  // namespace sparrow::store
