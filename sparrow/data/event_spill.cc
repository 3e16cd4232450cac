#include "sparrow/data/event_spill.h"

#include <algorithm>
#include <cerrno>
#include <numeric>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/data/interaction_file.h"

namespace sparrow::data {
namespace {

Error spill_error(const std::filesystem::path& path, const char* action) {
  return file_error(path, action, errno);
}

}  // namespace

std::filesystem::path EventSpill::path(std::size_t file) const {
  return scratch_ / fmt::format("events-{}", file);
}

Result<EventSpill::File> EventSpill::open(std::size_t file, const char* mode,
                                          std::size_t buffer_bytes) const {
  File opened(std::fopen(path(file).c_str(), mode));
  if (opened == nullptr) return spill_error(path(file), "open");
  constexpr std::size_t kLeast = 1U << 14;
  std::setvbuf(opened.get(), nullptr, _IOFBF, std::max(kLeast, buffer_bytes));
  return opened;
}

Result<void> EventSpill::write(std::span<const std::uint64_t> offsets,
                               std::span<const Event> events) {
  std::error_code code;
  std::filesystem::create_directories(scratch_, code);
  if (code) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: cannot create: {}", scratch_.string(), code.message())};
  }
  auto file = open(files_, "wb", buffer_bytes_);
  if (!file) return file.error();
  bool good = true;
  for (std::size_t u = 0; u + 1 < offsets.size() && good; ++u) {
    const Head head{static_cast<std::uint32_t>(u),
                    static_cast<std::uint32_t>(offsets[u + 1] - offsets[u])};
    if (head.count == 0) continue;
    good = std::fwrite(&head, sizeof(head), 1, file->get()) == 1 &&
           std::fwrite(&events[offsets[u]], sizeof(Event), head.count, file->get()) == head.count;
  }
  if (!good || std::fflush(file->get()) != 0) return spill_error(path(files_), "write");
  ++files_;
  return {};
}

Result<Interactions> EventSpill::merge(const std::vector<std::uint64_t>& counts,
                                       std::uint64_t& duplicates, std::size_t items) {
  std::vector<std::uint64_t> offsets(counts.size() + 1, 0);
  std::partial_sum(counts.begin(), counts.end(), offsets.begin() + 1);
  std::vector<Source> sources(files_);
  const auto advance = [](Source& source) {
    source.more = std::fread(&source.head, sizeof(Head), 1, source.file.get()) == 1;
  };
  for (std::size_t f = 0; f < files_; ++f) {
    auto file = open(f, "rb", buffer_bytes_ / 2 / files_);
    if (!file) return file.error();
    sources[f].file = std::move(*file);
    advance(sources[f]);
  }
  auto writer = InteractionWriter::create(merged_file(), offsets, buffer_bytes_ / 2);
  if (!writer) return writer.error();
  std::vector<Event> events;
  std::vector<Row> rows;
  TimeOrder order;
  Repeats repeats;
  for (std::uint32_t u = 0; u < counts.size(); ++u) {
    events.resize(counts[u]);
    std::size_t read = 0;
    for (Source& source : sources) {
      if (!source.more || source.head.user != u) continue;
      if (read + source.head.count > events.size() ||
          std::fread(&events[read], sizeof(Event), source.head.count, source.file.get()) !=
              source.head.count)
        return spill_error(scratch_, "read back the events");
      read += source.head.count;
      advance(source);
    }
    if (read != events.size()) return spill_error(scratch_, "read back the events");
    rows.clear();
    for (const Event& e : events) rows.push_back(e.item);
    repeats.count(rows.data(), rows.size(), u + 1);
    const bool sorted = !order.find(events.size(), [&](std::size_t i) { return events[i].time; });
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& e = events[sorted ? i : order.order()[i]];
      writer->add(e.item, e.value, e.time);
    }
  }
  if (auto closed = writer->close(); !closed) return closed.error();
  duplicates = repeats.found();
  sources.clear();
  std::error_code ignored;
  for (std::size_t f = 0; f < files_; ++f) std::filesystem::remove(path(f), ignored);
  return map_interactions(merged_file(), items);
}

}  // namespace sparrow::data
