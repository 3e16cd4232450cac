#include "sparrow/data/log_source.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include <bzlib.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "sparrow/core/file.h"

namespace sparrow::data {
namespace {

class PlainSource : public LogSource {
 public:
  explicit PlainSource(MappedFile file) : file_(std::move(file)) {}
  Result<Window> next(std::size_t) override { return Window{file_.bytes(), true}; }
  std::uint64_t bytes_read() const override { return forgotten_; }
  std::uint64_t bytes_total() const override { return file_.bytes().size(); }
  void forget(std::size_t end) override {
    file_.forget(forgotten_, end);
    forgotten_ = std::max(forgotten_, end);
  }

 private:
  MappedFile file_;
  std::size_t forgotten_ = 0;
};

// What unpacks: fills `out` from `in`, moving both; says what is wrong, or nothing.
class Unpacker {
 public:
  virtual ~Unpacker() = default;
  virtual std::string unpack(std::string_view& in, char*& out, const char* out_end) = 0;
  // True between two frames, where a file may end.
  virtual bool may_end() const = 0;
};

class GzipUnpacker : public Unpacker {
 public:
  GzipUnpacker() { good_ = ::inflateInit2(&stream_, 15 + 16) == Z_OK; }
  GzipUnpacker(const GzipUnpacker&) = delete;
  GzipUnpacker& operator=(const GzipUnpacker&) = delete;
  ~GzipUnpacker() override { ::inflateEnd(&stream_); }
  std::string unpack(std::string_view& in, char*& out, const char* out_end) override {
    if (!good_) return "zlib does not start";
    if (ended_) {  // another member follows
      ::inflateReset(&stream_);
      ended_ = false;
    }
    constexpr std::size_t kAtOnce = 1U << 20;
    const std::size_t given = std::min(in.size(), kAtOnce);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(given);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(out_end - out);
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(given - stream_.avail_in);
    out = reinterpret_cast<char*>(stream_.next_out);
    ended_ = status == Z_STREAM_END;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR) return {};
    return stream_.msg != nullptr ? stream_.msg : "is not gzip data";
  }
  bool may_end() const override { return ended_; }

 private:
  z_stream stream_{};
  bool good_ = false;
  bool ended_ = false;
};

class ZstdUnpacker : public Unpacker {
 public:
  ~ZstdUnpacker() override { ::ZSTD_freeDStream(stream_); }
  ZstdUnpacker() = default;
  ZstdUnpacker(const ZstdUnpacker&) = delete;
  ZstdUnpacker& operator=(const ZstdUnpacker&) = delete;
  std::string unpack(std::string_view& in, char*& out, const char* out_end) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, static_cast<std::size_t>(out_end - out), 0};
    const std::size_t status = ::ZSTD_decompressStream(stream_, &output, &input);
    in.remove_prefix(input.pos);
    out += output.pos;
    if (::ZSTD_isError(status) != 0) return ::ZSTD_getErrorName(status);
    ended_ = status == 0;
    return {};
  }
  bool may_end() const override { return ended_; }

 private:
  ZSTD_DStream* stream_ = ::ZSTD_createDStream();
  bool ended_ = false;
};

class Bzip2Unpacker : public Unpacker {
 public:
  Bzip2Unpacker() { good_ = ::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK; }
  Bzip2Unpacker(const Bzip2Unpacker&) = delete;
  Bzip2Unpacker& operator=(const Bzip2Unpacker&) = delete;
  ~Bzip2Unpacker() override { ::BZ2_bzDecompressEnd(&stream_); }
  std::string unpack(std::string_view& in, char*& out, const char* out_end) override {
    if (ended_) {  // another stream follows
      ::BZ2_bzDecompressEnd(&stream_);
      stream_ = {};
      good_ = ::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
      ended_ = false;
    }
    if (!good_) return "bzip2 does not start";
    constexpr std::size_t kAtOnce = 1U << 20;
    const std::size_t given = std::min(in.size(), kAtOnce);
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = static_cast<unsigned>(given);
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(out_end - out);
    const int status = ::BZ2_bzDecompress(&stream_);
    in.remove_prefix(given - stream_.avail_in);
    out = stream_.next_out;
    ended_ = status == BZ_STREAM_END;
    return status == BZ_OK || ended_ ? std::string() : "is not sound bzip2 data";
  }
  bool may_end() const override { return ended_; }

 private:
  bz_stream stream_{};
  bool good_ = false;
  bool ended_ = false;
};

class PackedSource : public LogSource {
 public:
  PackedSource(std::filesystem::path path, MappedFile file, std::unique_ptr<Unpacker> unpacker)
      : path_(std::move(path)), file_(std::move(file)), unpacker_(std::move(unpacker)) {
    rest_ = file_.bytes();
    start();
  }
  PackedSource(const PackedSource&) = delete;
  PackedSource& operator=(const PackedSource&) = delete;
  ~PackedSource() override {
    if (worker_.joinable()) worker_.join();
  }
  Result<Window> next(std::size_t carry) override {
    worker_.join();
    if (!problem_.empty()) return Error{ErrorCode::kCorrupt, path_.string() + ": " + problem_};
    // The unused end of the last window goes in front of what the worker has unpacked.
    std::vector<char> window;
    window.reserve(carry + ahead_.size());
    window.insert(window.end(), window_.end() - static_cast<std::ptrdiff_t>(carry), window_.end());
    window.insert(window.end(), ahead_.begin(), ahead_.end());
    window_.swap(window);
    read_ = file_.bytes().size() - rest_.size();
    const bool last = rest_.empty() && done_;
    if (!last) start();
    return Window{{window_.data(), window_.size()}, last};
  }
  std::uint64_t bytes_read() const override { return read_; }
  std::uint64_t bytes_total() const override { return file_.bytes().size(); }
  void forget(std::size_t) override {}

 private:
  static constexpr std::size_t kWindow = std::size_t{16} << 20;
  void start() {
    worker_ = std::thread([this] { fill(); });
  }
  void fill() {
    ahead_.resize(kWindow);
    char* out = ahead_.data();
    const char* const end = out + ahead_.size();
    while (out < end) {
      const char* const before = out;
      const std::size_t left = rest_.size();
      if (rest_.empty() && unpacker_->may_end()) break;
      problem_ = unpacker_->unpack(rest_, out, end);
      if (!problem_.empty()) {
        problem_ += fmt::format(" at byte {}; fetch it again", file_.bytes().size() - rest_.size());
        break;
      }
      if (out == before && rest_.size() == left && rest_.empty()) {
        problem_ = "is cut short; fetch it again";
        break;
      }
    }
    ahead_.resize(static_cast<std::size_t>(out - ahead_.data()));
    done_ = rest_.empty() && unpacker_->may_end();
  }

  std::filesystem::path path_;
  MappedFile file_;
  std::unique_ptr<Unpacker> unpacker_;
  std::string_view rest_;
  std::vector<char> window_;
  std::vector<char> ahead_;
  std::string problem_;
  std::uint64_t read_ = 0;
  bool done_ = false;
  std::thread worker_;
};

// Brings the windows of another source to UTF-8 and LF.
class DecodedSource : public LogSource {
 public:
  DecodedSource(std::unique_ptr<LogSource> source, const Dialect& dialect)
      : source_(std::move(source)), dialect_(dialect), decoder_(dialect.encoding) {}
  Result<Window> next(std::size_t carry) override {
    auto window = source_->next(0);
    if (!window) return window.error();
    text_.erase(0, text_.size() - carry);
    const std::size_t before = text_.size();
    decoder_.decode(window->text, text_);
    if (window->last) decoder_.finish(text_);
    if (dialect_.line_end == LineEnd::kCr)
      std::replace(text_.begin() + static_cast<std::ptrdiff_t>(before), text_.end(), '\r', '\n');
    return Window{text_, window->last};
  }
  std::uint64_t bytes_read() const override { return source_->bytes_read(); }
  std::uint64_t bytes_total() const override { return source_->bytes_total(); }
  void forget(std::size_t) override {}

 private:
  std::unique_ptr<LogSource> source_;
  Dialect dialect_;
  Decoder decoder_;
  std::string text_;
};

Result<std::string> text_of(Result<std::unique_ptr<LogSource>> source) {
  if (!source) return source.error();
  std::string text;
  while (true) {
    auto window = (*source)->next(0);
    if (!window) return window.error();
    text += window->text;
    if (window->last) return text;
  }
}

}  // namespace

Result<std::unique_ptr<LogSource>> open_log(const std::filesystem::path& path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) return mapped.error();
  std::unique_ptr<Unpacker> unpacker;
  if (path.extension() == ".gz") unpacker = std::make_unique<GzipUnpacker>();
  if (path.extension() == ".zst") unpacker = std::make_unique<ZstdUnpacker>();
  if (path.extension() == ".bz2") unpacker = std::make_unique<Bzip2Unpacker>();
  if (!unpacker)
    return std::unique_ptr<LogSource>(std::make_unique<PlainSource>(std::move(*mapped)));
  return std::unique_ptr<LogSource>(
      std::make_unique<PackedSource>(path, std::move(*mapped), std::move(unpacker)));
}

Result<std::unique_ptr<LogSource>> open_log(const std::filesystem::path& path,
                                            const Dialect& dialect) {
  auto source = open_log(path);
  const bool as_is = dialect.encoding == Encoding::kUtf8 && dialect.line_end != LineEnd::kCr;
  if (!source || as_is) return source;
  return std::unique_ptr<LogSource>(std::make_unique<DecodedSource>(std::move(*source), dialect));
}

Result<std::string> read_log_text(const std::filesystem::path& path) {
  return text_of(open_log(path));
}

Result<std::string> read_log_text(const std::filesystem::path& path, const Dialect& dialect) {
  return text_of(open_log(path, dialect));
}

Result<std::string> read_log_sample(const std::filesystem::path& path) {
  auto source = open_log(path);
  if (!source) return source.error();
  auto window = (*source)->next(0);
  if (!window) return window.error();
  return std::string(window->text.substr(0, kLogSampleBytes));
}

std::string unpacked_name(const std::filesystem::path& path) {
  const auto ending = path.extension();
  const bool packed = ending == ".gz" || ending == ".zst" || ending == ".bz2";
  return (packed ? path.stem() : path.filename()).string();
}

}  // namespace sparrow::data
