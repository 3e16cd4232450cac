#include "sparrow/data/packed_writer.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "sparrow/core/file.h"

namespace sparrow::data {
namespace {

Error write_error(const std::filesystem::path& path) { return file_error(path, "write", errno); }

class PlainWriter : public PackedWriter {
 public:
  explicit PlainWriter(std::filesystem::path path)
      : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {}
  PlainWriter(const PlainWriter&) = delete;
  PlainWriter& operator=(const PlainWriter&) = delete;
  ~PlainWriter() override {
    if (file_ != nullptr) std::fclose(file_);
  }
  Result<void> write(std::string_view bytes) override {
    if (file_ == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      return write_error(path_);
    return {};
  }
  Result<void> close() override {
    std::FILE* file = std::exchange(file_, nullptr);
    if (file == nullptr || std::fclose(file) != 0) return write_error(path_);
    return {};
  }

 private:
  std::filesystem::path path_;
  std::FILE* file_;
};

class GzipWriter : public PackedWriter {
 public:
  explicit GzipWriter(std::filesystem::path path)
      : path_(std::move(path)), file_(::gzopen(path_.c_str(), "wb1")) {}
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;
  ~GzipWriter() override {
    if (file_ != nullptr) ::gzclose(file_);
  }
  Result<void> write(std::string_view bytes) override {
    if (file_ == nullptr || ::gzfwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      return write_error(path_);
    return {};
  }
  Result<void> close() override {
    gzFile file = std::exchange(file_, nullptr);
    if (file == nullptr || ::gzclose(file) != Z_OK) return write_error(path_);
    return {};
  }

 private:
  std::filesystem::path path_;
  gzFile file_;
};

class ZstdWriter : public PackedWriter {
 public:
  explicit ZstdWriter(std::filesystem::path path)
      : plain_(std::move(path)), buffer_(::ZSTD_CStreamOutSize()) {}
  ZstdWriter(const ZstdWriter&) = delete;
  ZstdWriter& operator=(const ZstdWriter&) = delete;
  ~ZstdWriter() override { ::ZSTD_freeCCtx(context_); }
  Result<void> write(std::string_view bytes) override { return push(bytes, ZSTD_e_continue); }
  Result<void> close() override {
    if (auto ended = push({}, ZSTD_e_end); !ended) return ended;
    return plain_.close();
  }

 private:
  Result<void> push(std::string_view bytes, ZSTD_EndDirective mode) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
      left = ::ZSTD_compressStream2(context_, &output, &input, mode);
      if (::ZSTD_isError(left) != 0)
        return Error{ErrorCode::kUnavailable, std::string("zstd: ") + ::ZSTD_getErrorName(left)};
      if (auto done = plain_.write({buffer_.data(), output.pos}); !done) return done;
    } while (input.pos < input.size || (mode == ZSTD_e_end && left > 0));
    return {};
  }
  PlainWriter plain_;
  ZSTD_CCtx* context_ = ::ZSTD_createCCtx();
  std::vector<char> buffer_;
};

}  // namespace

Result<std::unique_ptr<PackedWriter>> create_packed(const std::filesystem::path& path,
                                                    SynthPacking packing) {
  std::unique_ptr<PackedWriter> writer;
  if (packing == SynthPacking::kGzip) {
    writer = std::make_unique<GzipWriter>(path);
  } else if (packing == SynthPacking::kZstd) {
    writer = std::make_unique<ZstdWriter>(path);
  } else {
    writer = std::make_unique<PlainWriter>(path);
  }
  if (auto opened = writer->write(""); !opened) return opened.error();
  return writer;
}

}  // namespace sparrow::data
