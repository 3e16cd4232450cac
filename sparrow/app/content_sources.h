// What the home has about content beside the catalogue: texts as vectors, how pictures look.
#pragma once

#include <string>

#include "sparrow/app/command.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/train.h"

namespace sparrow::app {

struct ContentFound {
  std::string words;   // what was found, for a line of progress
  std::string choice;  // a sentence on pictures for the manifest's choices; empty: there are none
};

// embed::load_texts(), then the descriptors of HOME/posters.db as a block of content, where twenty
// items or more have one. Errors: those of load_texts() and of the file of posters, with what to
// do; kInvalidInput when a weight for pictures is given and there are too few.
Result<ContentFound> load_content(const Context& context, const data::Dataset& dataset,
                                  embed::TrainOptions& options);

}  // namespace sparrow::app
