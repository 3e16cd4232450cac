// LogSource: the text of a log in windows: a plain file as one mapped window, a .gz, .zst or .bz2
// file unpacked piece by piece in a thread of its own. Text of another encoding than UTF-8, or with
// CR as line end, is brought to UTF-8 and LF on the way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/data/dialect.h"

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

// By the file's name: .gz, .zst, .bz2, else plain. Errors as file.h has them.
Result<std::unique_ptr<LogSource>> open_log(const std::filesystem::path& path);
// In UTF-8 with LF or CRLF, whatever the dialect.
Result<std::unique_ptr<LogSource>> open_log(const std::filesystem::path& path,
                                            const Dialect& dialect);

// The whole text of a file, unpacked.
Result<std::string> read_log_text(const std::filesystem::path& path);
// The same in UTF-8 with LF or CRLF.
Result<std::string> read_log_text(const std::filesystem::path& path, const Dialect& dialect);

// The first bytes of a file, unpacked, not decoded: at most so many.
inline constexpr std::size_t kLogSampleBytes = std::size_t{1} << 18;
Result<std::string> read_log_sample(const std::filesystem::path& path);

// The file's name without what says how it is packed: "ratings.csv.gz" -> "ratings.csv".
std::string unpacked_name(const std::filesystem::path& path);

}  // namespace sparrow::data
