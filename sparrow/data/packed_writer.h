// PackedWriter: writes a file front to back, plain or compressed, in bounded memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/data/synth.h"

namespace sparrow::data {

class PackedWriter {
 public:
  virtual ~PackedWriter() = default;
  // Errors: kExhausted or kUnavailable, naming the file. A file that is not closed is incomplete.
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual Result<void> close() = 0;
};

Result<std::unique_ptr<PackedWriter>> create_packed(const std::filesystem::path& path,
                                                    SynthPacking packing);

}  // namespace sparrow::data
