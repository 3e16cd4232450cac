#include "sparrow/data/archive.h"

#include <memory>
#include <string>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "sparrow/core/file.h"

namespace sparrow::data {
namespace {

struct Close {
  void operator()(::archive* a) const { ::archive_read_free(a); }
};

Error damaged(const std::filesystem::path& path, ::archive* from) {
  const char* why = ::archive_error_string(from);
  return {ErrorCode::kCorrupt, fmt::format("{}: cannot be unpacked: {}; fetch it again",
                                           path.string(), why == nullptr ? "no reason" : why)};
}

bool leaves_folder(const std::filesystem::path& name) {
  if (name.is_absolute()) return true;
  for (const auto& part : name) {
    if (part == "..") return true;
  }
  return false;
}

Result<void> write_entry(::archive* from, const std::filesystem::path& archive,
                         const std::filesystem::path& to) {
  std::error_code code;
  std::filesystem::create_directories(to.parent_path(), code);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(to.c_str(), "wb"), std::fclose);
  if (file == nullptr) return file_error(to, "write", errno);
  std::vector<char> buffer(std::size_t{1} << 20);
  while (true) {
    const auto bytes = ::archive_read_data(from, buffer.data(), buffer.size());
    if (bytes < 0) return damaged(archive, from);
    if (bytes == 0) return {};
    const auto size = static_cast<std::size_t>(bytes);
    if (std::fwrite(buffer.data(), 1, size, file.get()) != size)
      return file_error(to, "write", errno);
  }
}

}  // namespace

Result<void> unpack_zip(const std::filesystem::path& archive, const std::filesystem::path& folder) {
  const std::unique_ptr<::archive, Close> from(::archive_read_new());
  ::archive_read_support_format_zip(from.get());
  constexpr std::size_t kBlock = 1U << 16;
  if (::archive_read_open_filename(from.get(), archive.c_str(), kBlock) != ARCHIVE_OK)
    return damaged(archive, from.get());
  ::archive_entry* entry = nullptr;
  while (true) {
    const int status = ::archive_read_next_header(from.get(), &entry);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return damaged(archive, from.get());
    if (::archive_entry_filetype(entry) != AE_IFREG) continue;
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr || leaves_folder(name))
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("{}: holds a file whose name leaves its folder", archive.string())};
    if (auto written = write_entry(from.get(), archive, folder / name); !written) return written;
  }
}

}  // namespace sparrow::data
