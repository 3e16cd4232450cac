#include "sparrow/data/attribute_kinds.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

constexpr double kNearlyAll = 0.95;       // of the values must have the form of a kind
constexpr std::size_t kMaxCategory = 64;  // bytes
constexpr std::size_t kMaxDigits = 15;    // a longer number is an id: a double would not keep it

// "12", "12.50", "-3e4"; not "007", nor what a double does not keep.
bool is_number(std::string_view text) {
  double value = 0;
  if (!parse_number(text, value) || !std::isfinite(value)) return false;
  text = trim(text);
  const bool padded = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  return !padded && text.size() <= kMaxDigits + 4;
}

bool is_link(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

// "2020-05-01", with or without a time behind it.
bool is_date(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() < kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return false;
  }
  return text.size() == kForm.size() || text[kForm.size()] == 'T' || text[kForm.size()] == ' ';
}

}  // namespace

AttributeKind kind_of_values(std::span<const std::string_view> values) {
  if (values.empty()) return AttributeKind::kText;
  const auto nearly_all = [&](auto&& holds) {
    const auto n = std::count_if(values.begin(), values.end(), holds);
    return static_cast<double>(n) >= kNearlyAll * static_cast<double>(values.size());
  };
  if (nearly_all(is_number)) return AttributeKind::kNumber;
  if (nearly_all(is_date)) return AttributeKind::kDate;
  if (nearly_all(is_link)) return AttributeKind::kLink;
  const std::unordered_set<std::string_view> distinct(values.begin(), values.end());
  const bool repeats = distinct.size() * 2 <= values.size();
  const bool brief = nearly_all([](std::string_view v) { return v.size() <= kMaxCategory; });
  return repeats && brief ? AttributeKind::kCategory : AttributeKind::kText;
}

std::size_t settle_attributes(std::vector<Item>& items, Schema& schema) {
  std::size_t dropped = 0;
  for (auto a = kWellKnownAttributes; a < schema.size(); ++a) {
    if (schema[a].kind != AttributeKind::kText) continue;
    std::vector<std::string_view> values;
    for (const Item& item : items) {
      if (const auto& text = item.text(a); !text.empty()) values.push_back(text);
    }
    schema.set_kind(a, kind_of_values(values));
    if (schema[a].kind != AttributeKind::kNumber) continue;
    for (Item& item : items) {
      const auto& text = item.text(a);
      if (text.empty()) continue;
      double number = 0;
      const bool sound = is_number(text) && parse_number(text, number);
      item.set(a, sound ? AttributeValue(number) : AttributeValue(std::string()));
      dropped += sound ? 0U : 1U;
    }
  }
  return dropped;
}

}  // namespace sparrow::data
