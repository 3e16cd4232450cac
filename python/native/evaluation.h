// Offline evaluation for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace sparrow::python {

void add_evaluation(nanobind::module_& module);

}  // namespace sparrow::python
