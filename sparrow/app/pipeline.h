// The offline steps as functions, so that `build` is their sum and none does work twice.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sparrow/app/command.h"
#include "sparrow/app/ingest.h"
#include "sparrow/embed/train.h"
#include "sparrow/flags/data_flags.h"

namespace sparrow::app {

using flags::DataOptions;

// --min-value of commands that read prepared data: what is liked is changed there, for everybody.
void add_liked_option(CLI::App& sub, std::optional<float>& liked);
Result<void> change_liked(const Context& context, std::optional<float> liked);

// --block MODEL=WEIGHT: reads them into options.fusion.content.imported.
CLI::Option* add_block_option(CLI::App& sub, std::vector<std::string>& blocks);
Result<void> load_blocks(const Context& context, const data::Dataset& dataset,
                         const std::vector<std::string>& blocks, embed::TrainOptions& options);

// Reads and saves the data set unless the prepared one was made from the same
// files with the same options. With `ingest` (may be null) the home's events are joined to it, and
// it is always read; `found` (may be null) gets what was found in them.
Result<std::shared_ptr<const data::Dataset>> prepare(const Context& context,
                                                     const DataOptions& options,
                                                     const IngestOptions* ingest = nullptr,
                                                     nlohmann::json* found = nullptr);

// Trains unless a version of the same data, options and program is there; returns it, written to
// the home.
Result<model::Model> train(const Context& context, const data::Dataset& dataset,
                           const embed::TrainOptions& options, bool force);

// Continues `reference` (NAME or NAME@VERSION) with what is in the folder `events`: the catalogue
// as it is now and the new events only. Written to the home as a new version.
Result<model::Model> continue_model(const Context& context, const std::string& reference,
                                    const std::string& events, const embed::TrainOptions& options);

// Publishes to the store, with features when `dataset` (may be null) is what the model was trained
// on.
Result<void> publish(const Context& context, const model::Model& model,
                     const data::Dataset* dataset, store::VectorEncoding encoding);
// A model that learned from no behavior although there is a log is promoted only when that is
// allowed.
enum class ContentOnly { kRefuse, kAllow };
Result<void> promote(const Context& context, const std::string& name, const std::string& version,
                     ContentOnly content_only = ContentOnly::kRefuse);

// All steps, for each of `runs`: what `build` does. `ingest`: see prepare().
Result<void> build_live(const Context& context, const DataOptions& data,
                        std::span<const embed::TrainOptions> runs,
                        ContentOnly content_only = ContentOnly::kRefuse,
                        const IngestOptions* ingest = nullptr);

}  // namespace sparrow::app
