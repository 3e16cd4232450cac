#include "sparrow/core/sealed_lines.h"

#include <charconv>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/core/file.h"

namespace sparrow {
namespace {

constexpr std::string_view kSeal = "\"~\":\"";
constexpr std::size_t kDigits = 8;  // of the checksum

std::string checksum(std::string_view object) { return sha256_hex(object).substr(0, kDigits); }

struct Seal {
  std::size_t begin = 0;  // of the seal in the line, its comma included
  std::size_t length = 0;
  std::string_view digits;
};

// The seal at the end of a line, where there is one.
std::optional<Seal> seal_of(std::string_view line) {
  if (!line.ends_with("\"}")) return std::nullopt;
  const auto at = line.rfind(kSeal);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::string_view text = line.substr(at + kSeal.size(), line.size() - at - kSeal.size() - 2);
  const auto colon = text.find(':');
  Seal seal;
  if (colon == std::string_view::npos || text.size() != colon + 1 + kDigits) return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + colon, seal.length);
  if (read.ec != std::errc() || read.ptr != text.data() + colon) return std::nullopt;
  seal.digits = text.substr(colon + 1);
  seal.begin = line[at - 1] == ',' ? at - 1 : at;
  return seal;
}

class SealReader {
 public:
  void take(std::string_view line) {
    ++number_;
    if (line.empty()) return;
    const auto seal = seal_of(line);
    if (!seal) {
      found_.objects.emplace_back(line);
      return;
    }
    // The object is what stands before its seal, closed again; more before it is a torn entry.
    const std::size_t body = seal->length == 0 ? 0 : seal->length - 1;
    if (seal->length < 2 || body > seal->begin) return skip("its length is not the recorded one");
    std::string object(line.substr(seal->begin - body, body));
    object += '}';
    if (checksum(object) != seal->digits) return skip("its checksum is not the recorded one");
    if (body < seal->begin) skip("begins with an entry that was cut short");
    found_.objects.push_back(std::move(object));
  }
  void skip(std::string_view why) {
    if (++found_.skipped == 1) found_.first_skipped = fmt::format("line {}: {}", number_, why);
  }
  SealedLines& found() { return found_; }

 private:
  SealedLines found_;
  std::size_t number_ = 0;
};

// An end without a newline that is whole all the same.
bool is_whole(std::string_view end) {
  const auto seal = seal_of(end);
  if (!seal || seal->length != seal->begin + 1) return false;
  return checksum(std::string(end.substr(0, seal->begin)) + "}") == seal->digits;
}

Result<void> cut(const std::filesystem::path& path, std::size_t bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return file_error(path, "open", errno);
  const bool done = ::ftruncate(fd, static_cast<off_t>(bytes)) == 0 && ::fsync(fd) == 0;
  const Error error = file_error(path, "mend", errno);
  ::close(fd);
  if (!done) return error;
  return {};
}

bool ends_with_line(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;  // absent, or append_durably() will say
  const off_t size = ::lseek(fd, 0, SEEK_END);
  char last = '\n';
  const bool read = size > 0 && ::pread(fd, &last, 1, size - 1) == 1;
  ::close(fd);
  return !read || last == '\n';
}

Result<SealedLines> read(const std::filesystem::path& path, bool mend) {
  std::error_code code;
  if (!std::filesystem::exists(path, code) && !code) return SealedLines{};
  const auto text = read_file(path);
  if (!text) return text.error();
  SealReader reader;
  std::string_view rest = *text;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    reader.take(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (rest.empty()) return std::move(reader.found());
  if (is_whole(rest)) {
    reader.take(rest);
    if (mend) {
      if (auto ended = append_durably(path, "\n"); !ended) return ended.error();
    }
    return std::move(reader.found());
  }
  reader.found().torn_bytes = rest.size();
  if (mend) {
    if (auto done = cut(path, text->size() - rest.size()); !done) return done.error();
  }
  return std::move(reader.found());
}

}  // namespace

std::string sealed(std::string_view object) {
  SPARROW_CHECK(object.size() >= 2 && object.back() == '}');
  return fmt::format("{}{}{}{}:{}\"}}", object.substr(0, object.size() - 1),
                     object.size() > 2 ? "," : "", kSeal, object.size(), checksum(object));
}

Result<SealedLines> read_sealed_lines(const std::filesystem::path& path) {
  return read(path, false);
}

Result<SealedLines> mend_sealed_lines(const std::filesystem::path& path) {
  return read(path, true);
}

Result<void> append_sealed_lines(const std::filesystem::path& path,
                                 std::span<const std::string> objects) {
  // A failed append that could not be cut off again must not swallow the next one.
  if (!ends_with_line(path)) {
    if (auto mended = mend_sealed_lines(path); !mended) return mended.error();
  }
  std::string lines;
  for (const std::string& object : objects) lines += sealed(object) + "\n";
  return append_durably(path, lines);
}

}  // namespace sparrow
