// What the tasks of a cluster need of the reader: splits of a log, histories joined and ordered,
// and the file of interactions made of them. sparrow.spark moves the data.
#pragma once

#include <nanobind/nanobind.h>

#include "sparrow/data/dataset_reader.h"

namespace sparrow::python {

// A reader of logs that asks a Python object: read(layouts, ids) and read_items(layouts, title).
// `object` outlives it; it is called on any thread, and takes the GIL.
data::LogReader log_reader_of(const nanobind::object& object);

void add_splits(nanobind::module_& module);

}  // namespace sparrow::python
