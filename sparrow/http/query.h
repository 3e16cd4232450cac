// Query strings: percent-decoded, validated, typed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace sparrow::http {

// What is wrong with one parameter of a request.
struct ParameterError {
  std::string parameter;
  std::string message;
};

// "%41+b" -> "A b" (plus is a space in queries only). nullopt for a bad escape, a NUL, or what is
// no UTF-8.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

// As one segment of a path or one value of a query: all but letters, digits and "-._~" as "%41".
std::string percent_encode(std::string_view text);

// The value of a cookie in a Cookie header, as it was sent; empty when it is not there.
std::string_view cookie_of(std::string_view header, std::string_view name);

class Query {
 public:
  // Parses "a=1&b=2"; at most 64 parameters. The first error is kept.
  explicit Query(std::string_view text);

  const std::optional<ParameterError>& error() const { return error_; }
  // The members of a JSON object as parameters: texts, numbers, truth values, and lists of them.
  // Members named in `keep` are left to the caller.
  static Query of_json(const nlohmann::json& object, std::span<const std::string_view> keep);
  // Sets error() when a parameter is not among these, or is given twice.
  void allow_only(std::initializer_list<std::string_view> names) {
    allow_only(std::span<const std::string_view>(names.begin(), names.size()));
  }
  void allow_only(std::span<const std::string_view> names);

  std::optional<std::string> text(std::string_view name) const {
    const auto found = view(name);
    return found ? std::optional<std::string>(*found) : std::nullopt;
  }
  // The same without a copy; valid while this query is.
  std::optional<std::string_view> view(std::string_view name) const;
  bool empty() const { return pairs_.empty(); }
  bool has(std::string_view name) const { return view(name).has_value(); }
  // Sets error() when it is missing or empty.
  std::string required(std::string_view name);
  // Sets error() when it is no whole number in [low, high].
  std::uint64_t number(std::string_view name, std::uint64_t fallback, std::uint64_t low,
                       std::uint64_t high);
  // Sets error() when it is no number in [low, high].
  double decimal(std::string_view name, double fallback, double low, double high);
  // "true", "1", "false", "0".
  bool flag(std::string_view name, bool fallback);
  // "a,b,c"; empty when absent. Valid while this query is. An encoded comma belongs to its entry
  // where plain ones stand between entries: "a%2Cb,c" has two.
  std::vector<std::string_view> list(std::string_view name) const;
  void fail(std::string_view name, std::string message);
  // The value of a parameter that the request does not have.
  void set_default(std::string_view name, std::string_view value) {
    if (!has(name)) add(name, value);
  }

 private:
  static constexpr char kSeparator = 0x1f;  // in lists that came as JSON

  // Where a name begins in text_, where its value does, and where that ends; where its entries
  // begin and end, kSeparator between them, when the value has commas that are encoded beside those
  // that are not.
  struct Pair {
    std::size_t name;
    std::size_t value;
    std::size_t end;
    std::size_t entries = 0;
    std::size_t entries_end = 0;
  };
  std::string_view name_of(const Pair& pair) const {
    return std::string_view(text_).substr(pair.name, pair.value - pair.name);
  }
  void add(std::string_view name, std::string_view value);
  void add_entries(Pair& pair, std::string_view encoded);

  std::string text_;  // names and values, decoded, one after the other
  std::vector<Pair> pairs_;
  std::optional<ParameterError> error_;
};

}  // namespace sparrow::http
