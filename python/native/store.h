// Stores of models for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace sparrow::python {

void add_store(nanobind::module_& module);

}  // namespace sparrow::python
