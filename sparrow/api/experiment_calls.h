// What calls about experiments share.
#pragma once

#include "sparrow/api/context.h"

namespace sparrow::api {

// The experiment of the path; null and a 404 when there is none. Valid while `plan` is.
const experiment::Experiment* named_experiment(const Context& c, const Plan& plan,
                                               http::Response& response);

}  // namespace sparrow::api
