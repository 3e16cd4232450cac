// Unpacks .zip archives.
#pragma once

#include <filesystem>

#include "sparrow/core/result.h"

namespace sparrow::data {

// Writes the archive's files into `folder` (created), with their folders. Errors: kCorrupt,
// kUnavailable; kInvalidInput for a name that would leave the folder.
Result<void> unpack_zip(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace sparrow::data
