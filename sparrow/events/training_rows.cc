#include "sparrow/events/training_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/core/random.h"

namespace sparrow::events {
namespace {

// FNV-1a, mixed: the same on every machine and in every version, which std::hash does not promise.
std::uint64_t stable_hash(std::uint64_t seed, std::string_view a, std::string_view b) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const std::string_view part : {a, std::string_view("\0", 1), b}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return splitmix64(hash);
}

// A row while the log is read.
struct Growing {
  TrainingRow row;
  std::string first_id;      // of its first event, which decides among events of one time
  std::string request;       // that the first event names; empty: none
  std::int64_t last_ms = 0;  // of its events that count
  std::int64_t taken_back_ms = -1;
};

class RowReader {
 public:
  explicit RowReader(const ReadRowsOptions& options) : options_(options) {}

  Result<TrainingRows> read(const EventLog& log) {
    bool too_many = false;
    const auto events = log.each_event(options_.span, [&](const Event& event) {
      ++result_.events;
      take(event);
      too_many = rows_.size() > options_.most_rows;
      return !too_many;
    });
    if (!events) return events.error();
    if (too_many)
      return Error{ErrorCode::kExhausted,
                   fmt::format("the log has more than {} pairs of a person and an item: read fewer "
                               "days of it (--days)",
                               options_.most_rows)};
    if (auto found = find_places(log); !found) return found.error();
    return finish();
  }

 private:
  void take(const Event& event) {
    const bool back = EventWeights::takes_back(event);
    const float weight = event.item.empty() ? 0 : options_.weights.of(event);
    if (weight <= 0 && !back) {
      ++result_.weightless;
      return;
    }
    if (event.user.empty() && event.session.empty()) {
      ++(back ? result_.weightless : result_.nobodys);
      return;
    }
    const std::string user = event.user.empty() ? "session:" + event.session : event.user;
    Growing& growing = rows_[user + '\0' + event.item];
    TrainingRow& row = growing.row;
    if (row.item.empty()) {
      row.user = user;
      row.item = event.item;
    }
    if (back) {
      ++result_.weightless;
      growing.taken_back_ms = std::max(growing.taken_back_ms, event.time_ms);
      return;
    }
    const bool first = row.weight <= 0 || event.time_ms < row.time_ms ||
                       (event.time_ms == row.time_ms && event.id < growing.first_id);
    row.weight = std::min(kMostRowWeight, row.weight + weight);
    growing.last_ms = std::max(growing.last_ms, event.time_ms);
    if (!first) return;
    row.time_ms = event.time_ms;
    row.cause = event.request.empty() ? Cause::kOwn : Cause::kList;
    growing.first_id = event.id;
    growing.request = event.request;
  }

  void take_place(const Impression& list, std::size_t at, TrainingRow& row) const {
    const auto& looked = options_.examination;
    const std::size_t place = static_cast<std::size_t>(std::max(0, list.offset)) + at;
    if (list.items[at].propensity < 1) row.cause = Cause::kExplored;
    if (looked.empty()) return;
    const double share = looked[std::min(place, looked.size() - 1)];
    row.people = static_cast<float>(1 / std::clamp<double>(share, 1 / kMostPeople, 1));
  }

  // Lists that rows name: the place in them, and what stood there at random.
  Result<void> find_places(const EventLog& log) {
    std::unordered_multimap<std::string_view, Growing*> by_request;
    for (auto& [key, growing] : rows_) {
      if (!growing.request.empty()) by_request.emplace(growing.request, &growing);
    }
    if (by_request.empty()) return {};
    constexpr std::int64_t kEarlier = kDayMs;  // a list is older than what people do with it
    TimeSpan span = options_.span;
    span.from_ms = std::max<std::int64_t>(0, span.from_ms - kEarlier);
    return log.each_impression(span, [&](const Impression& list) {
      const auto [begin, end] = by_request.equal_range(list.request);
      for (auto named = begin; named != end; ++named) {
        TrainingRow& row = named->second->row;
        for (std::size_t at = 0; at < list.items.size(); ++at) {
          if (list.items[at].item == row.item) take_place(list, at, row);
        }
      }
      return true;
    });
  }

  TrainingRows finish() {
    result_.rows.reserve(rows_.size());
    for (auto& [key, growing] : rows_) {
      if (growing.row.weight <= 0) continue;  // something was taken back that never was
      if (growing.taken_back_ms >= growing.last_ms) {
        ++result_.taken_back;
        continue;
      }
      TrainingRow& row = growing.row;
      row.weight = std::min(kMostRowWeight, row.weight * row.people);
      result_.corrected += row.people > 1 ? 1 : 0;
      result_.rows.push_back(std::move(row));
    }
    std::sort(result_.rows.begin(), result_.rows.end(),
              [](const TrainingRow& a, const TrainingRow& b) {
                return std::tie(a.time_ms, a.user, a.item) < std::tie(b.time_ms, b.user, b.item);
              });
    return std::move(result_);
  }

  const ReadRowsOptions& options_;
  TrainingRows result_;
  std::unordered_map<std::string, Growing> rows_;  // by person and item
};

std::string csv_cell(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// What there is of one item.
struct ItemRows {
  std::uint64_t own = 0;
  std::vector<std::size_t> caused;
};

// How many rows that lists caused may stay beside `own` others.
std::uint64_t most_caused_rows(std::uint64_t own, double share) {
  if (share >= 1) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(static_cast<double>(own) * share / (1 - share) + 1e-9);
}

}  // namespace

Result<TrainingRows> read_training_rows(const EventLog& log, const ReadRowsOptions& options) {
  return RowReader(options).read(log);
}

Limited limit_caused(TrainingRows& rows, const CausedLimit& limit) {
  Limited result;
  std::unordered_map<std::string_view, ItemRows> items;
  std::unordered_map<std::string_view, bool> known;
  std::vector<bool> keep(rows.rows.size(), true);
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const TrainingRow& row = rows.rows[i];
    const auto [at, fresh] = known.try_emplace(row.item, true);
    if (fresh) at->second = !limit.known || limit.known(row.item);
    if (!at->second) {
      if (fresh && result.unknown_items++ == 0) result.unknown_example = row.item;
      ++result.unknown_rows;
      keep[i] = false;
      continue;
    }
    ItemRows& item = items[row.item];
    if (row.cause == Cause::kOwn)
      ++item.own;
    else
      item.caused.push_back(i);
  }
  for (auto& [id, item] : items) {
    const std::uint64_t other = limit.other_rows ? limit.other_rows(std::string(id)) : 0;
    const std::uint64_t most = most_caused_rows(item.own + other, limit.most_caused);
    if (item.caused.size() <= most) continue;
    const auto order = [&](std::size_t i) {
      const TrainingRow& row = rows.rows[i];
      // -ln(u) / people, u uniform: the first k of this order are a weighted sample of k.
      const double u =
          (static_cast<double>(stable_hash(limit.seed, row.user, row.item) >> 11U) + 1) * 0x1p-53;
      return std::tuple(row.cause, -std::log(u) / static_cast<double>(row.people), i);
    };
    std::sort(item.caused.begin(), item.caused.end(),
              [&](std::size_t a, std::size_t b) { return order(a) < order(b); });
    for (std::size_t k = most; k < item.caused.size(); ++k) keep[item.caused[k]] = false;
    result.dropped += item.caused.size() - most;
    ++result.dropped_items;
  }
  std::vector<TrainingRow> kept;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    if (!keep[i]) continue;
    const Cause cause = rows.rows[i].cause;
    ++(cause == Cause::kOwn        ? result.own
       : cause == Cause::kExplored ? result.explored
                                   : result.by_lists);
    kept.push_back(std::move(rows.rows[i]));
  }
  rows.rows = std::move(kept);
  return result;
}

std::string training_csv(const TrainingRows& rows) {
  std::string csv = "user,item,value,time\n";
  for (const TrainingRow& row : rows.rows)
    fmt::format_to(std::back_inserter(csv), "{},{},{:.4g},{}\n", csv_cell(row.user),
                   csv_cell(row.item), row.weight, row.time_ms / 1000);
  return csv;
}

}  // namespace sparrow::events
