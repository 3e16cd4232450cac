// EventSpill: events that do not fit the memory, in temporary files, each ordered by user; and the
// merge of those files (external sorting, Knuth vol. 3, 5.4).
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/data/time_order.h"

namespace sparrow::data {

class EventSpill {
 public:
  // scratch: a folder for the files; created when it is needed. buffer_bytes: of all open files.
  EventSpill(std::filesystem::path scratch, std::size_t buffer_bytes)
      : scratch_(std::move(scratch)), buffer_bytes_(buffer_bytes) {}

  bool empty() const { return files_ == 0; }
  // One more file. offsets: users so far + 1; user u owns events [offsets[u], offsets[u + 1]), in
  // the order of the log. Errors: kExhausted when the disk is full, kUnavailable otherwise.
  Result<void> write(std::span<const std::uint64_t> offsets, std::span<const Event> events);

  // All files -> interactions ordered by user and time, as a mapped file in `scratch`. counts:
  // events of each user. Memory: the events of one user, and the buffers. The files are removed.
  Result<Interactions> merge(const std::vector<std::uint64_t>& counts, std::uint64_t& duplicates,
                             std::size_t items);
  std::filesystem::path merged_file() const { return scratch_ / "interactions.bin"; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;
  struct Head {
    std::uint32_t user;
    std::uint32_t count;
  };
  struct Source {
    File file;
    Head head{};
    bool more = true;
  };
  std::filesystem::path path(std::size_t file) const;
  Result<File> open(std::size_t file, const char* mode, std::size_t buffer_bytes) const;

  std::filesystem::path scratch_;
  std::size_t buffer_bytes_;
  std::size_t files_ = 0;
};

}  // namespace sparrow::data
