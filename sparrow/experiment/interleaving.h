// Interleaving: which of two rankings people prefer, from lists that are made of both
// (rank/explore.h): a click counts for the team whose item it was. Needs fewer units than a split,
// since each unit compares the two itself (Chapelle, Joachims, Radlinski & Yue 2012, "Large-Scale
// Validation and Analysis of Interleaved Search Evaluation"); says who is preferred, not by how
// much a metric would change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/records.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

struct Interleaving {
  std::string experiment;
  std::string a;  // names of the variants
  std::string b;
  std::vector<std::string> types;  // of the events that count
  std::size_t lists = 0;
  std::size_t units = 0;    // that saw such a list
  std::size_t decided = 0;  // units with more for one team than for the other
  std::size_t prefer_b = 0;
  double credits_a = 0;
  double credits_b = 0;
  // (credits of b - credits of a) / all, by the delta method at the unit: -1 all for a, 1 all for
  // b.
  double preference = 0;
  Interval interval;
  double p = 1;             // two-sided, fixed horizon
  double p_sequential = 1;  // least of one look a day; may be looked at every day
  std::string sentence;     // what it says, in words
};

// `experiment.method` is kInterleave. Lists and events in [start, stop or `now_ms`); events that
// name a list and an item of it count once for the item. The types are those of the first metric
// where it counts events, else clicks. Reads lists once, events once; about 200 bytes a list.
Result<Interleaving> interleaving(const Records& records, const Experiment& experiment,
                                  std::int64_t now_ms);

nlohmann::json interleaving_json(const Interleaving& found);
std::string interleaving_text(const Interleaving& found);

}  // namespace sparrow::experiment
