// LogSource: the text of a log in windows: a plain file as one mapped window, a .gz or .zst file
// unpacked piece by piece in a thread of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"

namespace sparrow::data {

class LogSource {
 public:
  struct Window {
    std::string_view text;  // until the next call of next()
    bool last = true;
  };

  virtual ~LogSource() = default;
  // The text from `carry` bytes before the end of the last window on; carry: what was not used.
  // Errors: kCorrupt when a compressed file is damaged or cut short.
  virtual Result<Window> next(std::size_t carry) = 0;
  // Bytes of the file read so far, and altogether: for progress.
  virtual std::uint64_t bytes_read() const = 0;
  virtual std::uint64_t bytes_total() const = 0;
  // The text before `end` is not needed any more: its pages may go.
  virtual void forget(std::size_t end) = 0;
};

// By the file's name: .gz, .zst, else plain. Errors as file.h has them.
Result<std::unique_ptr<LogSource>> open_log(const std::filesystem::path& path);

// The whole text of a file, unpacked.
Result<std::string> read_log_text(const std::filesystem::path& path);

}  // namespace sparrow::data
