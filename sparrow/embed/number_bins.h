// Numbers and dates as content: soft bins as wide as half a deviation, so that 19.90 and 21.50
// share most and 20 and 400 nothing; of logarithms where a few values are far above the others, as
// prices are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/data/item.h"

namespace sparrow::embed {

struct NumberScale {
  bool logarithmic = false;
  double low = 0;    // of the first bin, after taking logarithms
  double width = 1;  // of a bin
  std::size_t bins = 0;

  // Bins and their shares of length 1, ascending; nothing for a number that the scale cannot take.
  std::vector<std::pair<std::uint32_t, float>> bins_of(double number) const;
};

// Nothing where the numbers say nothing: fewer than two different ones, or whole numbers that are
// all different, which are names of items rather than properties.
std::optional<NumberScale> scale_of(std::vector<double> numbers);

// The number of an attribute of kind number or date: a date is a year and its part.
std::optional<double> number_of(const data::Item& item, data::AttributePosition attribute,
                                data::AttributeKind kind);

nlohmann::json to_json(const NumberScale& scale);
NumberScale number_scale_of_json(const nlohmann::json& json);

}  // namespace sparrow::embed
