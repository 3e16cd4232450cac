// What the home has about content beside the catalogue: texts as vectors, how pictures look.
#pragma once

#include <string>

#include "sparrow/app/command.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/train.h"

namespace sparrow::app {

// embed::load_texts(), then the descriptors of HOME/posters.db as a block of content, where twenty
// items or more have one. Returns what was found, for people. Errors: those of load_texts() and of
// the file of posters; kInvalidInput when a weight for pictures is given and there are too few.
Result<std::string> load_content(const Context& context, const data::Dataset& dataset,
                                 embed::TrainOptions& options);

}  // namespace sparrow::app
