// Threads scan pieces of a window ahead; their results are appended in the order of the file. A
// piece is scanned as if a record began at its first line; where a quoted field runs over that
// line, the piece before says so and the piece is scanned again from the right place.
#include "sparrow/data/interaction_log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/data/event_columns.h"
#include "sparrow/data/log_source.h"

namespace sparrow::data {
namespace {

class LogReading {
 public:
  LogReading(const LogFile& file, const IdTable& items, const RunControl& control)
      : file_(file),
        items_(items),
        control_(control),
        threads_(thread_count(file.threads)),
        events_(file.memory_bytes, file.scratch) {}
  Result<LogContent> run();

 private:
  Result<void> read_part(const LogPart& part);
  void read_header(LogSource::Window window);
  void scan_window(LogSource& source, LogSource::Window window);
  void take(LogSource& source, LogScanner& scanner, LogScanner::Piece piece, LogChunk& chunk);
  std::size_t piece_begin(std::string_view text, std::size_t piece) const;

  const LogFile& file_;
  std::string name_;  // of the part that is read
  const IdTable& items_;
  const RunControl& control_;
  const std::size_t threads_;
  LogLayout layout_;
  LogContent content_;
  Result<void> stored_;  // false once events could not be put into a file
  EventColumns events_;
  std::size_t first_ = 0;     // where the first piece of the window begins
  std::size_t expected_ = 0;  // where the next record begins
  std::uint64_t lines_ = 0;   // before it
  bool unfinished_ = false;   // the window ends inside a record
  std::mutex mutex_;
  std::condition_variable turn_;
  std::size_t next_piece_ = 0;
};

// Where the first record begins.
void LogReading::read_header(LogSource::Window window) {
  if (!layout_.dialect.header) {
    expected_ = window.text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    return;
  }
  RecordReader reader(window.text, layout_.dialect);
  reader.next();
  expected_ = reader.position();
  const auto head = window.text.substr(0, expected_);
  lines_ = static_cast<std::uint64_t>(std::count(head.begin(), head.end(), '\n'));
}

// Pieces begin after the first line end at or behind a multiple of their size.
std::size_t LogReading::piece_begin(std::string_view text, std::size_t piece) const {
  if (piece == 0) return first_;
  const std::size_t nominal = first_ + piece * file_.piece_bytes;
  if (nominal >= text.size()) return text.size();
  const auto newline = text.find('\n', nominal - 1);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

// Appends what a piece holds; called in the order of the file.
void LogReading::take(LogSource& source, LogScanner& scanner, LogScanner::Piece piece,
                      LogChunk& chunk) {
  if (unfinished_ || !stored_ || expected_ >= piece.end) return;
  if (piece.begin != expected_) {
    piece.begin = expected_;
    scanner.scan(piece, chunk);
  }
  if (events_.empty() && chunk.size > 0) {
    const double bytes_a_row =
        static_cast<double>(chunk.end - piece.begin) / static_cast<double>(chunk.size);
    const double grows = source.bytes_total() > piece.text.size() ? 4.0 : 1.03;
    events_.reserve(static_cast<std::size_t>(
        grows * static_cast<double>(file_.parts.size()) *
        static_cast<double>(std::max<std::uint64_t>(source.bytes_total(), piece.text.size())) /
        bytes_a_row));
  }
  stored_ = events_.append(chunk);
  content_.rows += chunk.rows;
  content_.unknown_items += chunk.unknown_items;
  for (Reject& r : chunk.rejects)
    content_.reject({name_, lines_ + r.line + 1, std::move(r.reason)});
  lines_ += chunk.newlines;
  expected_ = chunk.end;
  unfinished_ = chunk.unfinished;
}

void LogReading::scan_window(LogSource& source, LogSource::Window window) {
  first_ = expected_;
  next_piece_ = 0;
  unfinished_ = false;
  const std::size_t usable = window.last ? window.text.size() : window.text.rfind('\n') + 1;
  const std::size_t pieces =
      usable > first_ ? (usable - first_ + file_.piece_bytes - 1) / file_.piece_bytes : 0;
  parallel_for(threads_, 1, threads_, [&](std::size_t thread, std::size_t, std::size_t) {
    LogScanner scanner(layout_, items_);
    LogChunk chunk;
    for (std::size_t p = thread; p < pieces; p += threads_) {
      const LogScanner::Piece piece{window.text, piece_begin(window.text.substr(0, usable), p),
                                    piece_begin(window.text.substr(0, usable), p + 1), window.last};
      if (!control_.is_cancelled()) scanner.scan(piece, chunk);
      std::unique_lock lock(mutex_);
      turn_.wait(lock, [&] { return next_piece_ == p; });
      if (!control_.is_cancelled()) {
        take(source, scanner, piece, chunk);
        source.forget(expected_);
        control_.report(
            {"read " + name_, source.bytes_read() >> 20, source.bytes_total() >> 20, "MB", 0});
      }
      ++next_piece_;
      turn_.notify_all();
    }
  });
}

Result<void> LogReading::read_part(const LogPart& part) {
  layout_ = part.layout;
  name_ = part.path.filename().string();
  lines_ = 0;
  auto source = open_log(part.path, layout_.dialect);
  if (!source) return source.error();
  bool begun = false;
  std::size_t carry = 0;
  while (true) {
    auto window = (*source)->next(carry);
    if (!window) return window.error();
    expected_ = 0;
    if (!begun) read_header(*window);
    begun = true;
    scan_window(**source, *window);
    if (control_.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
    if (!stored_) return stored_;
    if (window->last) break;
    carry = window->text.size() - expected_;
  }
  content_.lines += lines_;
  return {};
}

Result<LogContent> LogReading::run() {
  for (const LogPart& part : file_.parts) {
    if (auto read = read_part(part); !read) return read.error();
  }
  auto built = events_.build(content_.users, content_.duplicates, items_.size(), threads_);
  if (!built) return built.error();
  content_.interactions = std::move(*built);
  if (events_.merged()) content_.file = events_.merged_file();
  return std::move(content_);
}

}  // namespace

Result<LogContent> read_log(const LogFile& file, const IdTable& items, const RunControl& control) {
  const bool json = std::any_of(file.parts.begin(), file.parts.end(), [](const LogPart& part) {
    return part.layout.dialect.form != TextForm::kDelimited;
  });
  return json ? read_log_reference(file, items) : LogReading(file, items, control).run();
}

}  // namespace sparrow::data
