// Plots of the HTML report as inline SVG, each a <figure>.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sparrow/evaluate/offline.h"

namespace sparrow::evaluate {

// Text that is safe inside HTML and attributes.
std::string escaped(std::string_view text);

// Horizontal bars with intervals (or none), one a method.
std::string bars(const std::string& title,
                 const std::vector<std::pair<std::string, double>>& values,
                 const std::vector<Interval>& intervals);

// Accuracy against popularity lift: where popular filler would sit.
std::string scatter(const Report& report);

// Precision-recall and reliability of the ground truth (where there is one), match against
// popularity, and hits by popularity of the target.
std::string quality_plots(const Report& report);

}  // namespace sparrow::evaluate
