#include "sparrow/data/attribute_kinds.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "sparrow/core/text.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/list_cells.h"

namespace sparrow::data {
namespace {

constexpr double kNearlyAll = 0.95;     // of the values must have the form of a kind
constexpr std::size_t kMaxDigits = 15;  // a longer number is an id: a double would not keep it

// "$1,299.00", "12 €" -> without the sign of a currency and the commas between thousands.
std::string without_currency(std::string_view text) {
  text = trim(text);
  for (const std::string_view sign :
       {"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"}) {  // euro, pound, yen
    if (text.starts_with(sign)) text = trim(text.substr(sign.size()));
    if (text.ends_with(sign)) text = trim(text.substr(0, text.size() - sign.size()));
  }
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    const bool thousands = text[i] == ',' && i > 0 && digit(i - 1) && digit(i + 1) &&
                           digit(i + 2) && digit(i + 3) && !digit(i + 4);
    if (!thousands) plain += text[i];
  }
  return plain;
}

// "12", "12.50", "-3e4", "$1,299"; not "007", nor what a double does not keep.
bool read_attribute_number(std::string_view cell, double& value) {
  const std::string text = without_currency(cell);
  if (!parse_number(text, value) || !std::isfinite(value)) return false;
  const bool padded = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  return !padded && text.size() <= kMaxDigits + 4;
}

bool is_link(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

bool is_number(std::string_view text) {
  double value = 0;
  return read_attribute_number(text, value);
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

// The most frequent spelling of names that are equal (fold_name()); of equally frequent ones the
// least.
class Spellings {
 public:
  void add(const std::string& name) { ++counts_[name]; }
  void settle() {
    std::unordered_map<std::string, std::pair<std::size_t, std::string>> best;
    for (const auto& [name, count] : counts_) {
      auto& [most, spelling] = best[fold_name(name)];
      if (count < most || (count == most && name > spelling)) continue;
      most = count;
      spelling = name;
    }
    for (const auto& [name, count] : counts_) {
      const auto& spelling = best[fold_name(name)].second;
      if (spelling != name) other_[name] = spelling;
    }
  }
  // Whether any name is written in several ways.
  bool differ() const { return !other_.empty(); }
  const std::string& of(const std::string& name) const {
    const auto found = other_.find(name);
    return found == other_.end() ? name : found->second;
  }

 private:
  std::unordered_map<std::string, std::size_t> counts_;
  std::unordered_map<std::string, std::string> other_;  // how a name is to be written
};

// Cells of a column that holds lists, as lists of names.
void settle_names(std::vector<Item>& items, AttributePosition attribute, ListForm form) {
  for (Item& item : items) {
    const std::string& cell = item.text(attribute);
    if (cell.empty()) continue;
    Names names = split_cell(cell, form);
    std::erase(names, "(no genres listed)");  // as MovieLens writes an empty list
    item.set(attribute, std::move(names));
  }
}

void settle_spelling(std::vector<Item>& items, AttributePosition attribute) {
  Spellings spellings;
  for (const Item& item : items) {
    const AttributeValue* value = item.find(attribute);
    if (value == nullptr) continue;
    any_text(*value, [&](const std::string& name) {
      spellings.add(name);
      return false;
    });
  }
  spellings.settle();
  if (!spellings.differ()) return;
  for (Item& item : items) {
    const AttributeValue* value = item.find(attribute);
    if (value == nullptr) continue;
    if (const auto* text = std::get_if<std::string>(value)) {
      item.set(attribute, spellings.of(*text));
    } else if (const auto* names = std::get_if<Names>(value)) {
      Names alike;
      for (const auto& name : *names) {
        const std::string& spelled = spellings.of(name);
        if (std::find(alike.begin(), alike.end(), spelled) == alike.end()) alike.push_back(spelled);
      }
      item.set(attribute, std::move(alike));
    }
  }
}

// Paragraphs that were kept as a list, one after the other.
void join_texts(std::vector<Item>& items) {
  for (Item& item : items) {
    std::string whole;
    for (const auto& part : split_cell(item.text(kText), ListForm::kBrackets))
      whole += (whole.empty() ? "" : " ") + part;
    item.set(kText, std::move(whole));
  }
}

std::size_t settle_numbers(std::vector<Item>& items, AttributePosition attribute) {
  std::size_t dropped = 0;
  for (Item& item : items) {
    const std::string& text = item.text(attribute);
    if (text.empty()) continue;
    double number = 0;
    const bool sound = read_attribute_number(text, number);
    item.set(attribute, sound ? AttributeValue(number) : AttributeValue(std::string()));
    dropped += sound ? 0U : 1U;
  }
  return dropped;
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
  for (AttributePosition a = 0; a < schema.size(); ++a) {
    std::vector<std::string_view> cells;
    for (const Item& item : items) {
      if (const auto& text = item.text(a); !text.empty()) cells.push_back(text);
    }
    const bool well_known = a < kWellKnownAttributes;
    if (a == kText && find_list_form(cells, ListExpected::kNo) == ListForm::kBrackets) {
      join_texts(items);
    } else if (keeps_names(schema[a].kind)) {
      settle_names(items, a, find_list_form(cells, ListExpected::kYes));
    } else if (!well_known && schema[a].kind == AttributeKind::kText) {
      const ListForm form = find_list_form(cells, ListExpected::kNo);
      schema.set_kind(
          a, form == ListForm::kSingle ? kind_of_values(cells) : AttributeKind::kCategories);
      if (form != ListForm::kSingle) settle_names(items, a, form);
      if (schema[a].kind == AttributeKind::kNumber) dropped += settle_numbers(items, a);
    }
    if (keeps_names(schema[a].kind) || schema[a].kind == AttributeKind::kCategory)
      settle_spelling(items, a);
  }
  return dropped;
}

}  // namespace sparrow::data
