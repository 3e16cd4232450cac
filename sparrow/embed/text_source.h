// load_texts(): what the options name as the source of text vectors, read into them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/train.h"

namespace sparrow::embed {

// Reads options.text_table or options.text_vectors into options.fusion.content; without them the
// table in the folder `usual`, where there is one. Returns what it found, for people. Errors: those
// of the files; kInvalidInput when vectors are of no item of the catalogue.
Result<std::string> load_texts(const data::Dataset& dataset, const std::filesystem::path& usual,
                               std::size_t threads, TrainOptions& options);

}  // namespace sparrow::embed
