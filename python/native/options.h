// Keyword arguments of Python as the flags of the command line, so that both take the same options
// and say the same of a wrong one.
#pragma once

#include <string>
#include <vector>

#include "sparrow/data/dataset_reader.h"
#include "sparrow/embed/train.h"
#include "sparrow/evaluate/offline.h"

namespace sparrow::python {

using Flags = std::vector<std::string>;  // "--dim=16"

// Each throws Failure naming the flag.
data::ReadOptions read_options(const Flags& flags);
embed::TrainOptions train_options(const Flags& flags);
// The options of one method of an evaluation, by its own flags; "original" is that of `evaluate`.
embed::TrainOptions method_options(const Flags& flags);
evaluate::EvaluateOptions measure_options(const Flags& flags);

}  // namespace sparrow::python
