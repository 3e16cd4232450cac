// The verdict of a report: one word and one sentence, from the deciding metric's sequential test,
// which is valid whenever one looks.
#pragma once

#include "sparrow/experiment/report.h"

namespace sparrow::experiment {

// Sets verdict and sentence from the rest of the report. In this order: no data, a mismatched
// split, too few units, a guardrail that got worse, the deciding metric.
void decide_verdict(Report& report);

}  // namespace sparrow::experiment
