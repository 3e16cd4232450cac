// sparrow._sparrow: the engine as Python sees it. python/src/sparrow/ is what people call; here
// only what needs C++ is.
#include "dataset.h"
#include "errors.h"
#include "evaluation.h"
#include "model.h"
#include "parts.h"
#include "splits.h"
#include "store.h"
#include "walks.h"
#include <nanobind/nanobind.h>

#include "sparrow/embed/train.h"

NB_MODULE(_sparrow, module) {
  namespace python = sparrow::python;
  module.doc() = "The engine of Sparrow.";
  module.attr("__version__") = SPARROW_VERSION;
  nanobind::dict methods;
  for (const auto& method : sparrow::embed::methods())
    methods[nanobind::str(method.name.data(), method.name.size())] = method.summary;
  module.attr("METHODS") = methods;
  python::add_errors(module);
  python::add_dataset(module);
  python::add_model(module);
  python::add_evaluation(module);
  python::add_store(module);
  python::add_splits(module);
  python::add_walks(module);
  python::add_options(module);
  python::add_skip_gram_parts(module);
  python::add_cooccurrence_parts(module);
  python::add_model_parts(module);
}
