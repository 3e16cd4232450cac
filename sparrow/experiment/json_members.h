// Reading of JSON objects member by member: the first thing wrong is kept, with the place where it
// stands, and the rest is read on without effect.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"

namespace sparrow::experiment {

class Members {
 public:
  // `place` names the object in messages: "experiment \"a\": variant 2". Both are borrowed.
  Members(const nlohmann::json& object, std::string place);

  bool sound() const { return trouble_.empty(); }
  // kInvalidInput. Only where it is not sound.
  Error error() const { return {ErrorCode::kInvalidInput, trouble_}; }
  void fail(std::string_view member, std::string_view message);
  const std::string& place() const { return place_; }

  // Refuses what is not in `known`.
  void only(std::initializer_list<std::string_view> known);
  const nlohmann::json* find(const char* name) const;  // null: not there, or null

  // Absent: `otherwise`. At most `most` bytes of well-formed UTF-8 without control characters.
  std::string text(const char* name, std::size_t most, std::string otherwise = "");
  // 1 to 64 of letters, digits, "-", "_" and ".": what may stand in logs and addresses.
  std::string name(const char* name);
  double number(const char* name, double low, double high, double otherwise);
  std::int64_t time(const char* name);  // ISO 8601; absent: 0
  // One of these words; its place in the list. Absent: 0.
  std::size_t word(const char* name, std::initializer_list<std::string_view> words);
  // The list of that name; null where it is absent or has more than `most` entries.
  const nlohmann::json* list(const char* name, std::size_t least, std::size_t most);

 private:
  const nlohmann::json& object_;
  std::string place_;
  std::string trouble_;
};

bool is_plain_name(std::string_view text);

}  // namespace sparrow::experiment
