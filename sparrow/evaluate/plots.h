// The figures of the evaluation report, each with one sentence on what it means for who reads it.
#pragma once

#include <string>

#include "sparrow/evaluate/offline.h"

namespace sparrow::evaluate {

// All of them, as <figure>s: hits with intervals, the same weighted by rarity, hubness, accuracy
// against popularity lift, precision and recall and reliability of the ground truth (where there is
// one), match against popularity, hits by popularity of the target.
std::string quality_figures(const Report& report);

}  // namespace sparrow::evaluate
