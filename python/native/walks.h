// Walks on the item graph for the tasks of a cluster, each with the graph and some of the starts.
#pragma once

#include <nanobind/nanobind.h>

namespace sparrow::python {

void add_walks(nanobind::module_& module);

}  // namespace sparrow::python
