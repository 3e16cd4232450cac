// interactions.bin: the bytes of Interactions, whole or written column by column as they come.
// docs/formats.md has the format.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"

namespace sparrow::data {

// What the file consists of, in order; the views live as long as both arguments.
std::vector<std::string_view> interaction_pieces(const Interactions& interactions,
                                                 std::string& header);

// Interactions whose columns are the mapped file: memory that the system may take back. The file
// may be renamed or removed, but must not be changed in place. `items`: rows must be below it.
// Errors: those of the file; kCorrupt says what is wrong, without naming the file.
Result<Interactions> map_interactions(const std::filesystem::path& file, std::size_t items);

// Writes the file when sizes are known but the columns come bit by bit.
class InteractionWriter {
 public:
  // offsets: users + 1. Errors: those of the file.
  static Result<InteractionWriter> create(const std::filesystem::path& file,
                                          const std::vector<std::uint64_t>& offsets,
                                          std::size_t buffer_bytes);
  InteractionWriter(InteractionWriter&& other) noexcept;
  InteractionWriter& operator=(InteractionWriter&& other) = delete;
  InteractionWriter(const InteractionWriter&) = delete;
  InteractionWriter& operator=(const InteractionWriter&) = delete;
  ~InteractionWriter();

  // The next event in order of user and time.
  void add(Row item, float value, std::int64_t time) {
    items_.push_back(item);
    values_.push_back(value);
    times_.push_back(time);
    if (items_.size() == capacity_) flush();
  }
  // Syncs. Errors: kExhausted when the disk is full, kUnavailable otherwise, of any write so far.
  Result<void> close();

 private:
  InteractionWriter() = default;
  void flush();
  void write_at(std::uint64_t& position, const void* bytes, std::size_t size);

  int fd_ = -1;
  std::filesystem::path path_;
  std::size_t capacity_ = 0;
  std::vector<Row> items_;
  std::vector<float> values_;
  std::vector<std::int64_t> times_;
  std::array<std::uint64_t, 3> next_{};  // where the columns go on in the file
  int failed_ = 0;                       // errno of the first write that failed
};

}  // namespace sparrow::data
