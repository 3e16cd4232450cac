// What calls about events share.
#pragma once

#include "sparrow/api/context.h"

namespace sparrow::api {

// The log; null, and a 503 that says why, when there is none.
events::EventLog* required_log(const Context& c, http::Response& response);

}  // namespace sparrow::api
