// LogSplit: one split of a log as a task of a cluster reads it, in windows, with the layout that
// was told from the whole log; and PackedHistories, the form in which interactions go from task to
// task.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/interaction_log.h"
#include "sparrow/data/log_scanner.h"
#include "sparrow/data/time_order.h"

namespace sparrow::data {

// Users with interactions, one after the other. The interactions of a user are bytes: n rows of
// items (u32), then n values (f32), then n times (i64).
struct PackedHistories {
  static constexpr std::size_t kEventBytes = sizeof(Row) + sizeof(float) + sizeof(std::int64_t);

  std::vector<std::int32_t> user_offsets{0};  // size() + 1, into `users`
  std::string users;
  std::vector<std::int64_t> splits;  // where each user's first interaction stands in the log
  std::vector<std::int64_t> firsts;
  std::vector<std::int64_t> duplicates;        // items that the user has again; by HistoryMerger
  std::vector<std::int32_t> event_offsets{0};  // size() + 1, into `events`
  std::string events;

  std::size_t size() const { return splits.size(); }
};

// Items in order of first appearance, for logs without a catalogue.
struct SplitItems {
  std::vector<std::string> ids;
  std::vector<std::string> titles;
  std::vector<std::int64_t> firsts;  // number of the record in the split
};

// Not thread-safe. `log` and `items` outlive it.
class LogSplit {
 public:
  // part: of the log. begins: the split begins where its file begins.
  LogSplit(const LogPart& part, const IdTable& items, std::int64_t split, bool begins);

  // More text of the split: whole lines, the last with its line end.
  void add(std::string_view lines);
  std::size_t buffered() const { return text_.size(); }

  enum class Behind { kWindow, kSplit, kNothing };  // what follows the text that was added so far
  // Takes apart what was added. Before kWindow, a record that may go on stays for the next call.
  PackedHistories read(Behind behind);
  // The same of the items alone; an id comes once a call. title: its column, or none.
  SplitItems read_items(Behind behind, std::optional<std::size_t> title);

  // Of all that was read so far; lines of rejects count from the split's first as 1, and only the
  // first LogContent::kMostKept are kept.
  const std::vector<Reject>& rejects() const { return content_.rejects; }
  std::uint64_t reject_count() const { return content_.reject_count; }
  std::uint64_t rows() const { return content_.rows; }
  std::uint64_t unknown_items() const { return content_.unknown_items; }
  std::uint64_t lines() const { return content_.lines; }
  // The split ends inside a record, or so it seems: its file has to be read as one.
  bool unfinished() const { return unfinished_; }

 private:
  std::size_t window_begin();
  void end_window(std::size_t end, Behind behind);
  void read_delimited(Behind behind, PackedHistories& out);
  void read_json(PackedHistories& out);
  void pack(const LogChunk& chunk, PackedHistories& out);

  const LogPart& part_;
  const IdTable& items_;
  const std::int64_t split_;
  bool at_begin_;
  std::string text_;
  LogScanner scanner_;
  LogChunk chunk_;
  LogContent content_;
  std::int64_t taken_ = 0;  // interactions so far
  bool unfinished_ = false;
};

// Joins what the splits have of each user into one history, ordered by time as EventColumns orders.
class HistoryMerger {
 public:
  // The next piece, in order of user, split and first; all pieces of a user follow each other.
  void add(std::string_view user, std::int64_t split, std::int64_t first, std::string_view events);
  std::size_t buffered() const { return out_.events.size(); }
  // The histories that are whole by now; at the end (`all`) the last one too. Errors: kExhausted
  // for a history that is too long for one row.
  Result<PackedHistories> take(bool all);

 private:
  void close();

  std::string user_;
  std::int64_t split_ = 0;
  std::int64_t first_ = 0;
  bool open_ = false;
  std::vector<Event> events_;
  TimeOrder order_;
  Repeats repeats_;
  std::uint32_t mark_ = 0;
  PackedHistories out_;
  bool too_long_ = false;
};

// The layouts of a log as text, for the tasks that read its splits; paths are left out.
std::string log_file_text(const LogFile& log);
// Errors: kInvalidInput for a text that log_file_text() did not write.
Result<LogFile> parse_log_file(std::string_view text);

}  // namespace sparrow::data
