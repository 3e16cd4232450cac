// TrainingRows: the event log as rows of user, item, weight and time that models learn from.
// read_training_rows() reads the log, limit_caused() keeps lists from feeding on themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/events/event_log.h"
#include "sparrow/events/event_weights.h"

namespace sparrow::events {

// Why somebody came to an item.
enum class Cause : std::uint8_t {
  kOwn,       // by themselves: no list of ours is named by the first event that counts
  kExplored,  // it stood at a place of a list that was drawn at random (propensity below 1)
  kList,      // a list put it there
};

// What one person did with one item, all their events together.
struct TrainingRow {
  std::string user;  // or "session:" and the session, where no user is known
  std::string item;
  float weight = 0;          // sum over events, at most kMostRowWeight
  std::int64_t time_ms = 0;  // of the first event that counts
  Cause cause = Cause::kOwn;
  // How many people one who took it from its place stands for: 1 / the share that looks there.
  float people = 1;
};
inline constexpr float kMostRowWeight = 5;
inline constexpr float kMostPeople = 10;

struct TrainingRows {
  std::vector<TrainingRow> rows;  // by time, then user, then item
  std::uint64_t events = 0;       // read
  std::uint64_t weightless = 0;   // of them: impressions, searches, and what else does not count
  std::uint64_t nobodys = 0;      // of them: count, but name neither user nor session
  std::uint64_t corrected = 0;    // rows whose weight grew by the place that they were taken from
  std::uint64_t taken_back = 0;   // rows that a later "dislike" or "hide" took back
};

struct ReadRowsOptions {
  TimeSpan span;
  EventWeights weights;
  // By place of a list, how likely people look there, against the first; further down as at the
  // last. Weights of rows from there are divided by it (inverse propensity; Joachims, Swaminathan &
  // Schnabel 2017, "Unbiased Learning-to-Rank with Biased Feedback"), at most by 1 / kMostPeople.
  // Empty: all places alike.
  std::vector<double> examination;
  std::size_t most_rows = 20'000'000;  // about 150 bytes each while they are read
};

// Errors: those of the log; kExhausted when there are more rows than may be, saying what to do.
// cost: one pass over events, one over lists where any event names one.
Result<TrainingRows> read_training_rows(const EventLog& log, const ReadRowsOptions& options);

// The guard against feeding on oneself. What people did because a list showed it tells what the
// list showed before what people want; a model that learns from it alone learns its own lists.
struct CausedLimit {
  double most_caused =
      0.5;                 // share of an item's rows that lists may have caused, 0..1; 1: no guard
  std::uint64_t seed = 1;  // of the sample
  // Whether the catalogue has the item; rows of others are left out. Empty: all are known.
  std::function<bool(const std::string&)> known;
  // Rows of the item that are learned beside these, from another log. Empty: none.
  std::function<std::uint64_t(const std::string&)> other_rows;
};

struct Limited {
  std::uint64_t own = 0;  // rows that are left, by cause
  std::uint64_t explored = 0;
  std::uint64_t by_lists = 0;
  std::uint64_t dropped = 0;        // rows above the share
  std::uint64_t dropped_items = 0;  // items that lost a row to it
  std::uint64_t unknown_rows = 0;   // rows of items that the catalogue lacks, left out
  std::uint64_t unknown_items = 0;
  std::string unknown_example;  // one of them
};

// Of an item with n rows that no list caused (others included), at most n x / (1 - x) that lists
// caused stay, with x = most_caused: explored ones first, then a sample by a hash of seed, user and
// item, in which a row counts as `people` (Efraimidis & Spirakis 2006). Equal rows and options,
// equal result. O(rows log rows).
Limited limit_caused(TrainingRows& rows, const CausedLimit& limit);

// "user,item,value,time" (RFC 4180, seconds since 1970), as `sparrow prepare --interactions` reads
// it.
std::string training_csv(const TrainingRows& rows);

}  // namespace sparrow::events
