#include "sparrow/data/interaction_file.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "sparrow/core/file.h"

namespace sparrow::data {
namespace {

static_assert(std::endian::native == std::endian::little, "prepared data are little-endian");

constexpr std::string_view kInteractionMagic = "SPARROWI";
constexpr std::size_t kHeaderBytes = 24;  // magic, users, events
constexpr std::size_t kEventBytes = sizeof(Row) + sizeof(float) + sizeof(std::int64_t);

std::string header_bytes(std::uint64_t users, std::uint64_t events) {
  std::string bytes(kInteractionMagic);
  bytes.append(reinterpret_cast<const char*>(&users), sizeof(users));
  bytes.append(reinterpret_cast<const char*>(&events), sizeof(events));
  return bytes;
}

template <typename T>
std::string_view text_of(const Column<T>& column) {
  return {reinterpret_cast<const char*>(column.data()), column.size() * sizeof(T)};
}

}  // namespace

std::vector<std::string_view> interaction_pieces(const Interactions& interactions,
                                                 std::string& header) {
  header = header_bytes(interactions.users(), interactions.size());
  return {header, text_of(interactions.offsets), text_of(interactions.items),
          text_of(interactions.values), text_of(interactions.times)};
}

Result<Interactions> map_interactions(const std::filesystem::path& path, std::size_t items) {
  const auto corrupt = [](std::string what) { return Error{ErrorCode::kCorrupt, std::move(what)}; };
  auto opened = MappedFile::open(path);
  if (!opened) return opened.error();
  const auto file = std::make_shared<const MappedFile>(std::move(*opened));
  const std::string_view bytes = file->bytes();
  if (!bytes.starts_with(kInteractionMagic) || bytes.size() < kHeaderBytes)
    return corrupt("does not begin as interactions do");
  std::uint64_t users = 0;
  std::uint64_t events = 0;
  std::memcpy(&users, bytes.data() + 8, sizeof(users));
  std::memcpy(&events, bytes.data() + 16, sizeof(events));
  if (users > bytes.size() / sizeof(std::uint64_t) || events > bytes.size() / kEventBytes)
    return corrupt("its sizes are out of range");
  const std::size_t expected =
      kHeaderBytes + (users + 1) * sizeof(std::uint64_t) + events * kEventBytes;
  if (bytes.size() != expected) return corrupt("is cut short or too long");
  const char* at = bytes.data() + kHeaderBytes;
  const auto column = [&]<typename T>(std::size_t count, T) {
    const std::span<const T> values(reinterpret_cast<const T*>(at), count);
    at += count * sizeof(T);
    return Column<T>(file, values);
  };
  Interactions result;
  result.offsets = column(users + 1, std::uint64_t{});
  result.items = column(events, Row{});
  result.values = column(events, float{});
  result.times = column(events, std::int64_t{});
  bool sound = result.offsets.front() == 0 && result.offsets.back() == events;
  for (std::size_t u = 0; u < users; ++u)
    sound = sound && result.offsets[u] <= result.offsets[u + 1];
  for (const Row row : result.items) sound = sound && row < items;
  if (!sound) return corrupt("has rows out of range");
  return result;
}

Result<InteractionWriter> InteractionWriter::create(const std::filesystem::path& path,
                                                    const std::vector<std::uint64_t>& offsets,
                                                    std::size_t buffer_bytes) {
  InteractionWriter writer;
  writer.path_ = path;
  writer.fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (writer.fd_ < 0) return file_error(path, "write", errno);
  const std::uint64_t events = offsets.back();
  const std::string header = header_bytes(offsets.size() - 1, events);
  std::uint64_t at = 0;
  writer.write_at(at, header.data(), header.size());
  writer.write_at(at, offsets.data(), offsets.size() * sizeof(std::uint64_t));
  writer.next_ = {at, at + events * sizeof(Row), at + events * (sizeof(Row) + sizeof(float))};
  writer.capacity_ = std::max<std::size_t>(1024, buffer_bytes / kEventBytes);
  writer.items_.reserve(writer.capacity_);
  writer.values_.reserve(writer.capacity_);
  writer.times_.reserve(writer.capacity_);
  return writer;
}

InteractionWriter::InteractionWriter(InteractionWriter&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      capacity_(other.capacity_),
      items_(std::move(other.items_)),
      values_(std::move(other.values_)),
      times_(std::move(other.times_)),
      next_(other.next_),
      failed_(other.failed_) {}

InteractionWriter::~InteractionWriter() {
  if (fd_ >= 0) ::close(fd_);
}

void InteractionWriter::write_at(std::uint64_t& position, const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size > 0 && failed_ == 0) {
    const ssize_t written = ::pwrite(fd_, from, size, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      failed_ = written == 0 ? EIO : errno;
      return;
    }
    from += written;
    size -= static_cast<std::size_t>(written);
    position += static_cast<std::uint64_t>(written);
  }
}

void InteractionWriter::flush() {
  write_at(next_[0], items_.data(), items_.size() * sizeof(Row));
  write_at(next_[1], values_.data(), values_.size() * sizeof(float));
  write_at(next_[2], times_.data(), times_.size() * sizeof(std::int64_t));
  items_.clear();
  values_.clear();
  times_.clear();
}

Result<void> InteractionWriter::close() {
  flush();
  if (failed_ == 0 && ::fsync(fd_) != 0) failed_ = errno;
  ::close(std::exchange(fd_, -1));
  if (failed_ != 0) return file_error(path_, "write", failed_);
  return {};
}

}  // namespace sparrow::data
