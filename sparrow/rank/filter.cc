// Parser is a recursive descent over the text; Filter::Node is the tree; evaluate() walks it.
#include "sparrow/rank/filter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "sparrow/core/text.h"

namespace sparrow::rank {

namespace {

enum class Kind { kAnd, kOr, kNot, kCompare, kRange, kIn };
enum class Compare { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// A constant, or a field of the seed with something added.
struct Operand {
  std::string text;
  std::optional<double> number;
  bool of_seed = false;
  double plus = 0;
};

constexpr std::size_t kMaxText = 4096;
constexpr int kMaxDepth = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// Without regard to case, and to accents and width where there are any.
bool same_text(std::string_view a, std::string_view b) {
  if (!is_ascii(a) || !is_ascii(b)) return fold_name(a) == fold_name(b);
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

bool is_number_field(const recall::ItemFacts& facts, std::string_view field) {
  if (field == "year" || field == "rating" || field == "ratings" || field == "popularity")
    return true;
  const auto attribute = facts.catalog().schema().find(field);
  return attribute && facts.catalog().schema()[*attribute].kind == data::AttributeKind::kNumber;
}

bool compare(Compare op, double a, double b) {
  switch (op) {
    case Compare::kEqual:
      return a == b;
    case Compare::kNotEqual:
      return a != b;
    case Compare::kLess:
      return a < b;
    case Compare::kLessEqual:
      return a <= b;
    case Compare::kGreater:
      return a > b;
    case Compare::kGreaterEqual:
      return a >= b;
  }
  return false;
}

}  // namespace

struct Filter::Node {
  Kind kind = Kind::kCompare;
  std::vector<std::unique_ptr<Node>> children;
  std::string field;
  Compare op = Compare::kEqual;
  std::vector<Operand> operands;
};

namespace {

std::optional<double> number_field(const recall::ItemFacts& facts, std::string_view field,
                                   Row row) {
  if (field == "year") {
    const int year = facts.catalog()[row].year;
    return year == 0 ? std::nullopt : std::optional<double>(year);
  }
  if (field == "rating")
    return facts.quality(row) > 0 ? std::optional<double>(facts.quality(row)) : std::nullopt;
  if (field == "ratings") return static_cast<double>(facts.liked_by(row).size());
  if (field == "popularity") return static_cast<double>(facts.percentile(row));
  const auto attribute = facts.catalog().schema().find(field);
  if (!attribute) return std::nullopt;
  const data::Item& item = facts.catalog()[row];
  const auto number = item.number(*attribute);
  return number ? number : number_of(item.text(*attribute));
}

// Calls visit(value) for each text value of a field until it returns true.
template <typename Visit>
bool any_value(const recall::ItemFacts& facts, std::string_view field, Row row,
               const Visit& visit) {
  const data::Item& item = facts.catalog()[row];
  const auto any = [&](const std::vector<std::string>& values) {
    return std::any_of(values.begin(), values.end(), visit);
  };
  if (field == "genre") return any(item.list(data::kGenres));
  if (field == "director") return any(item.list(data::kDirectors));
  if (field == "actor") return any(item.list(data::kActors));
  if (field == "person") return any(item.list(data::kDirectors)) || any(item.list(data::kActors));
  if (field == "keyword") return any(item.list(data::kKeywords));
  if (field == "country") return any(item.list(data::kCountries));
  if (field == "id") return visit(item.id);
  if (field == "title") return visit(item.title);
  if (field == "series")
    return facts.series(row) != 0 && visit(facts.series_name(facts.series(row)));
  if (field == "tag")
    return std::any_of(item.tags.begin(), item.tags.end(),
                       [&](const data::TagCount& t) { return visit(t.tag); });
  const auto attribute = facts.catalog().schema().find(field);
  const data::AttributeValue* value = attribute ? item.find(*attribute) : nullptr;
  return value != nullptr && data::any_text(*value, visit);
}

struct Evaluation {
  const recall::ItemFacts& facts;
  Row item;
  Row seed;
};

std::optional<double> value_of(const Operand& operand, const Evaluation& e) {
  if (!operand.of_seed) return operand.number;
  if (e.seed == kNoRow) return std::nullopt;
  const auto value = number_field(e.facts, operand.text, e.seed);
  return value ? std::optional<double>(*value + operand.plus) : std::nullopt;
}

bool equals(const std::string& field, const Operand& operand, const Evaluation& e) {
  if (is_number_field(e.facts, field) ||
      (operand.of_seed && is_number_field(e.facts, operand.text))) {
    const auto a = number_field(e.facts, field, e.item);
    const auto b = value_of(operand, e);
    return a && b && *a == *b;
  }
  if (!operand.of_seed)
    return any_value(e.facts, field, e.item,
                     [&](const std::string& v) { return same_text(v, operand.text); });
  if (e.seed == kNoRow) return false;
  return any_value(e.facts, field, e.item, [&](const std::string& v) {
    return any_value(e.facts, operand.text, e.seed,
                     [&](const std::string& s) { return same_text(v, s); });
  });
}

bool evaluate(const Filter::Node& node, const Evaluation& e) {
  switch (node.kind) {
    case Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(),
                         [&](const auto& c) { return evaluate(*c, e); });
    case Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(),
                         [&](const auto& c) { return evaluate(*c, e); });
    case Kind::kNot:
      return !evaluate(*node.children[0], e);
    case Kind::kIn:
      return std::any_of(node.operands.begin(), node.operands.end(),
                         [&](const Operand& o) { return equals(node.field, o, e); });
    case Kind::kRange: {
      const auto value = number_field(e.facts, node.field, e.item);
      const auto low = value_of(node.operands[0], e);
      const auto high = value_of(node.operands[1], e);
      return value && low && high && *value >= *low && *value <= *high;
    }
    case Kind::kCompare:
      break;
  }
  if (node.op == Compare::kEqual) return equals(node.field, node.operands[0], e);
  if (node.op == Compare::kNotEqual) return !equals(node.field, node.operands[0], e);
  const auto a = number_field(e.facts, node.field, e.item);
  const auto b = value_of(node.operands[0], e);
  return a && b && compare(node.op, *a, *b);
}

bool looks_at_seed(const Filter::Node& node) {
  return std::any_of(node.operands.begin(), node.operands.end(),
                     [](const Operand& o) { return o.of_seed; }) ||
         std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& c) { return looks_at_seed(*c); });
}

class Parser {
 public:
  Parser(std::string_view text, const recall::ItemFacts& facts) : text_(text), facts_(facts) {}

  Result<std::unique_ptr<Filter::Node>> parse() {
    auto node = either(0);
    skip();
    if (error_.empty() && at_ < text_.size()) fail("\"and\", \"or\" or the end");
    if (!error_.empty()) return Error{ErrorCode::kInvalidInput, error_};
    return node;
  }

 private:
  using NodePtr = std::unique_ptr<Filter::Node>;

  void fail(std::string_view expected) {
    if (!error_.empty()) return;
    const std::string near(text_.substr(std::min(at_, text_.size()), 20));
    error_ = near.empty()
                 ? fmt::format("expected {} at the end", expected)
                 : fmt::format("expected {} at \"{}\" (character {})", expected, near, at_ + 1);
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80;
  }
  bool take(std::string_view symbol) {
    skip();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    if (!same_text(text_.substr(at_, word.size()), word)) return false;
    if (at_ + word.size() < text_.size() && is_word(text_[at_ + word.size()])) return false;
    at_ += word.size();
    return true;
  }
  std::string word(bool dashes) {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (is_word(text_[at_]) || (dashes && (text_[at_] == '-' || text_[at_] == '+'))))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  NodePtr join(Kind kind, std::vector<NodePtr> children) {
    if (children.size() == 1) return std::move(children[0]);
    auto node = std::make_unique<Filter::Node>();
    node->kind = kind;
    node->children = std::move(children);
    return node;
  }
  NodePtr either(int depth) {
    std::vector<NodePtr> children;
    children.push_back(both(depth));
    while (error_.empty() && take_word("or")) children.push_back(both(depth));
    return join(Kind::kOr, std::move(children));
  }
  NodePtr both(int depth) {
    std::vector<NodePtr> children;
    children.push_back(single(depth));
    while (error_.empty() && take_word("and")) children.push_back(single(depth));
    return join(Kind::kAnd, std::move(children));
  }
  NodePtr single(int depth) {
    if (depth > kMaxDepth) {
      fail("fewer parentheses");
      return nullptr;
    }
    if (take_word("not")) {
      auto node = std::make_unique<Filter::Node>();
      node->kind = Kind::kNot;
      node->children.push_back(single(depth + 1));
      return node;
    }
    if (take("(")) {
      auto node = either(depth + 1);
      if (!take(")")) fail("\")\"");
      return node;
    }
    return condition();
  }

  NodePtr condition() {
    auto node = std::make_unique<Filter::Node>();
    node->field = word(false);
    std::transform(node->field.begin(), node->field.end(), node->field.begin(), lower);
    if (node->field.empty()) {
      fail("a field such as year or genre");
      return node;
    }
    resolve(node->field);
    if (take_word("in"))
      among(*node);
    else
      comparison(*node);
    return node;
  }

  void among(Filter::Node& node) {
    const bool range = take("[");
    node.kind = range ? Kind::kRange : Kind::kIn;
    if (!range && !take("(")) return fail("\"(\" or \"[\"");
    do {
      node.operands.push_back(operand());
    } while (error_.empty() && take(","));
    if (!take(range ? "]" : ")")) fail(range ? "\"]\"" : "\")\"");
    if (range && node.operands.size() != 2) fail("two bounds, [low, high],");
  }

  void comparison(Filter::Node& node) {
    static constexpr std::pair<std::string_view, Compare> kOperators[] = {
        {"!=", Compare::kNotEqual}, {"<=", Compare::kLessEqual}, {">=", Compare::kGreaterEqual},
        {"==", Compare::kEqual},    {"=", Compare::kEqual},      {"<", Compare::kLess},
        {">", Compare::kGreater},
    };
    for (const auto& [symbol, op] : kOperators) {
      if (!take(symbol)) continue;
      node.op = op;
      node.operands.push_back(operand());
      const Operand& o = node.operands[0];
      const bool orders = op != Compare::kEqual && op != Compare::kNotEqual;
      if (error_.empty() && (orders || is_number_field(facts_, node.field)) && !o.of_seed &&
          !o.number)
        fail(fmt::format("a number to compare {} with before", node.field));
      return;
    }
    fail("one of = != < <= > >= in");
  }

  Operand operand() {
    Operand o;
    skip();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      const char quote = text_[at_++];
      const auto end = text_.find(quote, at_);
      if (end == std::string_view::npos) {
        fail("a closing quote");
        return o;
      }
      o.text = std::string(text_.substr(at_, end - at_));
      at_ = end + 1;
      return o;
    }
    o.text = word(true);
    if (o.text.empty()) {
      fail("a value");
      return o;
    }
    if (o.text.starts_with("seed.")) {
      o.of_seed = true;
      o.text.erase(0, 5);
      std::transform(o.text.begin(), o.text.end(), o.text.begin(), lower);
      split_sum(o);
      resolve(o.text);
      return o;
    }
    o.number = number_of(o.text);
    return o;
  }

  // "seed.year - 5" or "seed.year-5".
  void split_sum(Operand& o) {
    const auto sign = o.text.find_first_of("+-");
    std::string rest;
    if (sign != std::string::npos) {
      rest = o.text.substr(sign);
      o.text.resize(sign);
    } else if (skip(); at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) {
      rest = text_[at_++];
      rest += word(false);
    }
    if (rest.empty()) return;
    const auto amount = number_of(std::string_view(rest).substr(1));
    if (!amount) return fail("a number after + or -");
    o.plus = rest[0] == '-' ? -*amount : *amount;
  }

  // Plural forms mean the same; anything else must be a column that some item has.
  void resolve(std::string& field) {
    static constexpr std::string_view kKnown[] = {
        "genre", "tag",    "director", "actor",  "person",  "keyword",    "id",
        "title", "series", "year",     "rating", "ratings", "popularity", "country"};
    // "ratings" is a field of its own and not several of "rating".
    if (std::find(std::begin(kKnown), std::end(kKnown), field) != std::end(kKnown)) return;
    for (const std::string_view known : kKnown) {
      if (field == std::string(known) + "s") {
        field = known;
        return;
      }
    }
    if (field == "countries") field = "country";
    if (field == "people") field = "person";
    if (field == "country" || field == "person") return;
    const data::Schema& schema = facts_.catalog().schema();
    for (auto a = data::kWellKnownAttributes; a < schema.size(); ++a) {
      if (same_text(schema[a].name, field)) {
        field = schema[a].name;
        return;
      }
    }
    if (error_.empty())
      error_ = fmt::format(
          "there is no field \"{}\"; there are id, title, year, genre, tag, director, actor, "
          "person, "
          "keyword, country, series, rating, ratings, popularity and further columns of items.csv",
          field.substr(0, 64));
  }

  std::string_view text_;
  const recall::ItemFacts& facts_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace

Filter::Filter() = default;
Filter::~Filter() = default;

Result<std::shared_ptr<const Filter>> Filter::parse(std::string_view text,
                                                    const recall::ItemFacts& facts) {
  if (text.size() > kMaxText)
    return Error{ErrorCode::kInvalidInput, "a filter has at most 4,096 characters"};
  auto root = Parser(text, facts).parse();
  if (!root) return root.error();
  std::shared_ptr<Filter> filter(new Filter());
  filter->text_ = std::string(text);
  filter->facts_ = &facts;
  filter->root_ = std::move(*root);
  if (!looks_at_seed(*filter->root_)) {
    filter->mask_.resize(facts.size());
    for (Row row = 0; row < facts.size(); ++row)
      filter->mask_[row] = evaluate(*filter->root_, {facts, row, kNoRow}) ? 1 : 0;
  }
  return std::shared_ptr<const Filter>(std::move(filter));
}

bool Filter::holds(Row item, Row seed) const {
  return mask_.empty() ? evaluate(*root_, {*facts_, item, seed}) : mask_[item] != 0;
}

}  // namespace sparrow::rank
