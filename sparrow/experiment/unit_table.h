// The table of units behind a report, for notebooks: one row a unit.
#pragma once

#include <string>

#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/observations.h"

namespace sparrow::experiment {

// CSV (RFC 4180) with a head: unit, variant, joined (UTC day), known_before (0 or 1), and for each
// metric NAME.numerator and NAME.denominator, with NAME.before_numerator and
// NAME.before_denominator where there are covariates. Numbers keep all their digits; numerators are
// cut where the report's are.
std::string unit_table(const Experiment& experiment, const Observations& observations);

}  // namespace sparrow::experiment
