// TensorBytes: the bytes of a tensor, its own or a part of a mapped file. What is mapped is shared
// by all copies, and the system may take its memory back.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sparrow/core/file.h"

namespace sparrow::model {

class TensorBytes {
 public:
  TensorBytes() = default;
  TensorBytes(std::string own) : own_(std::move(own)) {}  // NOLINT: as a string is taken
  TensorBytes(std::string_view copied) : own_(copied) {}  // NOLINT
  // `part` lies in the file, which stays mapped as long as somebody has these bytes.
  TensorBytes(std::shared_ptr<const MappedFile> file, std::string_view part)
      : file_(std::move(file)), part_(part) {}

  std::string_view view() const { return file_ != nullptr ? part_ : std::string_view(own_); }
  operator std::string_view() const { return view(); }  // NOLINT
  const char* data() const { return view().data(); }
  std::size_t size() const { return view().size(); }
  // For writing; what is mapped is copied first.
  std::string& own() {
    if (file_ != nullptr) {
      own_ = part_;
      file_ = nullptr;
    }
    return own_;
  }
  bool operator==(const TensorBytes& other) const { return view() == other.view(); }

 private:
  std::string own_;
  std::shared_ptr<const MappedFile> file_;  // null: own_ has them
  std::string_view part_;
};

}  // namespace sparrow::model
