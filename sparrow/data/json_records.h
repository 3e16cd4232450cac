// Records of JSON: one object a line, or an array of objects. Objects inside objects become columns
// "a.b", lists and what is deeper stay JSON text. Exports of Gorse (Labels, Comment) and of
// Metarank (events whose "fields" are name and value) are taken apart as they mean it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sparrow/data/dialect.h"

namespace sparrow::data {

class JsonRecords {
 public:
  // columns: those that are wanted, in the order of fields().
  JsonRecords(std::string_view text, TextForm form, std::vector<std::string> columns);

  bool next();
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::uint64_t line() const { return line_; }
  std::string_view problem() const { return problem_; }
  std::size_t position() const { return position_; }

 private:
  bool next_text(std::string_view& object);
  void fill(const nlohmann::json& object);

  std::string_view text_;
  TextForm form_;
  std::vector<std::string> columns_;
  std::vector<std::string> values_;
  std::vector<std::string_view> fields_;
  std::size_t position_ = 0;
  std::uint64_t line_ = 0;
  std::uint64_t next_line_ = 1;
  std::string problem_;
};

// The columns of the first objects, in order of first appearance.
std::vector<std::string> json_columns(std::string_view text, TextForm form);

}  // namespace sparrow::data
