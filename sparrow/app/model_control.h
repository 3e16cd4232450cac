// What the API may do with the store. The server itself only reads.
#pragma once

#include <functional>
#include <vector>

#include "sparrow/api/api.h"
#include "sparrow/app/command.h"

namespace sparrow::app {

using ChangeItems =
    std::function<Result<live::ItemsChanged>(const std::vector<live::ItemChange>& changes)>;

api::ModelControl model_control(const Context& context, ChangeItems change_items);

}  // namespace sparrow::app
