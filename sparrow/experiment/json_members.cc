#include "sparrow/experiment/json_members.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/core/text.h"
#include "sparrow/experiment/iso_time.h"

namespace sparrow::experiment {

using nlohmann::json;

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

Members::Members(const json& object, std::string place)
    : object_(object), place_(std::move(place)) {
  if (!object_.is_object()) trouble_ = place_ + ": must be an object";
}

void Members::fail(std::string_view member, std::string_view message) {
  if (trouble_.empty()) trouble_ = fmt::format("{}: \"{}\" {}", place_, member, message);
}

void Members::only(std::initializer_list<std::string_view> known) {
  if (!object_.is_object()) return;
  for (const auto& [name, value] : object_.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail(is_utf8(name) ? name.substr(0, 64) : "?",
           fmt::format("is not known; there are {}", fmt::join(known, ", ")));
  }
}

const json* Members::find(const char* name) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Members::text(const char* name, std::size_t most, std::string otherwise) {
  const json* found = find(name);
  if (found == nullptr) return otherwise;
  if (!found->is_string()) {
    fail(name, "must be a text");
    return otherwise;
  }
  const auto& text = found->get_ref<const std::string&>();
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (text.size() > most || control || !is_utf8(text))
    fail(name, fmt::format("must be a text of at most {} bytes without control characters", most));
  return text;
}

std::string Members::name(const char* name) {
  std::string text = this->text(name, 64);
  if (!is_plain_name(text))
    fail(name, "must be 1 to 64 of letters, digits, \"-\", \"_\" and \".\"");
  return text;
}

double Members::number(const char* name, double low, double high, double otherwise) {
  const json* found = find(name);
  if (found == nullptr) return otherwise;
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (!(value >= low && value <= high)) {
    fail(name, fmt::format("must be a number from {} to {}", low, high));
    return otherwise;
  }
  return value;
}

std::int64_t Members::time(const char* name) {
  if (find(name) == nullptr) return 0;
  const auto ms = parse_iso(text(name, 40));
  if (!ms) fail(name, "must be a time such as 2026-11-30T10:00:00Z");
  return ms.value_or(0);
}

std::size_t Members::word(const char* name, std::initializer_list<std::string_view> words) {
  if (find(name) == nullptr) return 0;
  const std::string text = this->text(name, 64);
  const auto* found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    fail(name, fmt::format("must be one of {}", fmt::join(words, ", ")));
    return 0;
  }
  return static_cast<std::size_t>(found - words.begin());
}

const json* Members::list(const char* name, std::size_t least, std::size_t most) {
  const json* found = find(name);
  if (found == nullptr) {
    if (least > 0) fail(name, "is missing");
    return nullptr;
  }
  if (!found->is_array() || found->size() < least || found->size() > most) {
    fail(name, fmt::format("must be a list of {} to {} entries", least, most));
    return nullptr;
  }
  return found;
}

}  // namespace sparrow::experiment
