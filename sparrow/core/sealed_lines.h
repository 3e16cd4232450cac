// Files of JSON lines that are only appended to, where every line carries its length and checksum:
// `{"grade":3}` is written `{"grade":3,"~":"11:5f2c9a01"}`. A program that does not know of it
// reads one member more. read_sealed_lines() tells whole lines from torn ones, mend_sealed_lines()
// puts a file in order, append_sealed_lines() adds to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"

namespace sparrow {

// The line with its seal, without a newline. `object` is a JSON object on one line.
std::string sealed(std::string_view object);

struct SealedLines {
  std::vector<std::string> objects;  // without seals; lines of older files have none
  std::size_t skipped = 0;           // lines, or parts of lines, whose seal does not fit
  std::string first_skipped;         // "line 12: its checksum is not the recorded one"
  std::uint64_t torn_bytes = 0;      // at the end, without a newline: never acknowledged
};

// What is in the file; an absent one is empty. An entry that was glued to a torn one is found by
// its seal. Errors: kUnavailable where the file cannot be read, kExhausted.
Result<SealedLines> read_sealed_lines(const std::filesystem::path& path);

// The same, and afterwards the file ends with a whole line, so that the next one stands alone. A
// torn end is cut off; an end that lacks only its newline gets it.
Result<SealedLines> mend_sealed_lines(const std::filesystem::path& path);

// All of them or none; durable on return. Errors as append_durably().
Result<void> append_sealed_lines(const std::filesystem::path& path,
                                 std::span<const std::string> objects);

}  // namespace sparrow
