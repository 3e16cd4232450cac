// Logs of interactions: whatever the bytes, the fast reader gives what the reference gives. The
// first byte chooses the dialect, and plain or packed (the rest is then taken as .gz or .zst).
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/data/interaction_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sparrow;
  if (size < 1) return -1;
  static const data::IdTable items = [] {
    data::IdTable table;
    for (const auto* id : {"1", "2", "31", "1029", "a b", "007"}) table.add(id);
    return table;
  }();
  static const std::string base =
      (std::filesystem::temp_directory_path() / fmt::format("log_fuzz.{}", ::getpid())).string();
  const auto choice = data[0];
  data::LogFile file;
  data::LogPart& part = file.parts.emplace_back();
  part.path = base + (choice & 2 ? ".gz" : choice & 4 ? ".zst" : ".csv");
  part.layout.dialect.fields = 4;
  if (choice & 1) {
    part.layout.dialect.separator = "::";
    part.layout.dialect.quoting = data::Quoting::kNone;
    part.layout.dialect.header = false;
  } else if (choice & 8) {
    part.layout.dialect.separator = choice & 16 ? ";" : "\t";
    part.layout.time_form.unit =
        choice & 32 ? data::TimeUnit::kDates : data::TimeUnit::kMilliseconds;
  }
  file.piece_bytes = 64;
  file.threads = 1;
  std::ofstream(part.path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data) + 1, static_cast<std::streamsize>(size - 1));
  const auto fast = data::read_log(file, items, {});
  const auto slow = data::read_log_reference(file, items);
  std::filesystem::remove(part.path);
  if (fast.ok() != slow.ok()) std::abort();
  if (!fast) return 0;
  const bool same =
      fast->rows == slow->rows && fast->users == slow->users &&
      fast->interactions == slow->interactions && fast->duplicates == slow->duplicates &&
      fast->unknown_items == slow->unknown_items && fast->rejects.size() == slow->rejects.size();
  if (!same) std::abort();
  return 0;
}
