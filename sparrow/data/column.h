// Column: values in memory of its own, or in a mapped file that the columns of one table share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sparrow/core/file.h"

namespace sparrow::data {

// Read like a std::vector. A mapped column can be read only; appending to one copies it first.
template <typename T>
class Column {
 public:
  using value_type = T;
  using const_iterator = typename std::span<const T>::iterator;

  Column() = default;
  Column(std::initializer_list<T> values) : owned_(values), values_(owned_) {}
  Column(std::vector<T> values) : owned_(std::move(values)), values_(owned_) {}
  Column(std::shared_ptr<const MappedFile> file, std::span<const T> values)
      : file_(std::move(file)), values_(values) {}
  Column(const Column& other) : owned_(other.owned_), file_(other.file_) { view(other); }
  Column(Column&& other) noexcept : owned_(std::move(other.owned_)), file_(std::move(other.file_)) {
    view(other);
    other.values_ = {};
  }
  Column& operator=(Column other) noexcept {
    owned_ = std::move(other.owned_);
    file_ = std::move(other.file_);
    view(other);
    return *this;
  }
  ~Column() = default;

  const T& operator[](std::size_t i) const { return values_[i]; }
  std::size_t size() const { return values_.size(); }
  bool empty() const { return values_.empty(); }
  const T* data() const { return values_.data(); }
  const T& front() const { return values_.front(); }
  const T& back() const { return values_.back(); }
  const_iterator begin() const { return values_.begin(); }
  const_iterator end() const { return values_.end(); }

  void push_back(T value) {
    if (file_ != nullptr) {
      owned_.assign(values_.begin(), values_.end());
      file_.reset();
    }
    owned_.push_back(value);
    values_ = owned_;
  }
  // Gives the memory of a mapped column's file back, which is read again where it is touched.
  void forget() const {
    if (file_ != nullptr) file_->forget(0, file_->bytes().size());
  }
  // The values as they stand in memory or file.
  std::span<const std::byte> bytes() const { return std::as_bytes(values_); }

  friend bool operator==(const Column& a, const Column& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void view(const Column& other) { values_ = file_ != nullptr ? other.values_ : owned_; }

  std::vector<T> owned_;
  std::shared_ptr<const MappedFile> file_;  // null: owned
  std::span<const T> values_;
};

}  // namespace sparrow::data
