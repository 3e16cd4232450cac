// Training that is spread over machines: what a partition does with its own users, and what becomes
// of the partitions' results. Arrays in, arrays out; python/src/sparrow/spark/ moves them.
#pragma once

#include "options.h"
#include <nanobind/nanobind.h>

#include "sparrow/embed/train.h"

namespace sparrow::python {

// The options of a training, as flags say them and the data's scale completes them. They travel to
// other machines as what they were made of.
struct Options {
  Flags flags;
  embed::TrainOptions train;

  embed::SkipGramOptions skip_gram() const {
    embed::SkipGramOptions s = train.skip_gram;
    s.seed = train.seed;
    if (walks()) s.min_count = 1;  // items are rare in the log, not in the walks
    return s;
  }
  bool walks() const { return train.method == "deepwalk" || train.method == "node2vec"; }
  embed::HistoryOptions histories() const {
    embed::HistoryOptions h = train.fusion.histories;
    h.min_value = train.sequences.min_value;
    return h;
  }
  embed::FusionOptions fusion() const {
    embed::FusionOptions f = train.fusion;
    f.seed = train.seed;
    f.threads = train.threads;
    f.histories = histories();
    return f;
  }
};

void add_options(nanobind::module_& module);
void add_skip_gram_parts(nanobind::module_& module);
void add_cooccurrence_parts(nanobind::module_& module);
void add_model_parts(nanobind::module_& module);

}  // namespace sparrow::python
