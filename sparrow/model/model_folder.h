// A model as a folder: manifest.json, items.txt, model.safetensors. Written to a temporary folder
// and renamed, so a version is there whole or not at all; never changed afterwards.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

// Writes root/<name>/<version>/. The manifest gains each file's size and SHA-256.
// Errors: kConflict when the version exists, kExhausted when the disk is full.
Result<std::filesystem::path> write_model(const Model& model, const std::filesystem::path& root);

// Reads a version's folder; checks checksums and shapes. Tensors stay in their file, which is
// mapped: the system may take their memory back. Errors: kNotFound, kCorrupt (which file, what).
Result<Model> read_model(const std::filesystem::path& folder);

// content_hash() of the model in a folder, as it was written with it; the files have their own
// checksums. Empty: the folder cannot be read, or an older program wrote it.
std::string recorded_hash(const std::filesystem::path& folder);

// Every problem of a folder, one line each; empty when it is whole. Detects any flipped, missing or
// added byte.
std::vector<std::string> verify_model(const std::filesystem::path& folder);

// Versions under root/<name>/, oldest first; incomplete temporary folders are not listed.
std::vector<std::string> list_versions(const std::filesystem::path& root, const std::string& name);

}  // namespace sparrow::model
