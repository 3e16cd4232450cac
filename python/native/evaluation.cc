#include "evaluation.h"

#include <string>
#include <vector>

#include "dataset.h"
#include "errors.h"
#include "options.h"
#include "running.h"
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/core/file.h"
#include "sparrow/embed/text_source.h"
#include "sparrow/evaluate/offline.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

using Report = std::tuple<std::string, std::string, std::string>;  // JSON, Markdown, HTML

evaluate::GroundTruth read_truth(const std::string& file, const data::Dataset& dataset,
                                 bool groups) {
  const std::string text = take(read_file(file));
  auto truth = groups ? evaluate::parse_groups(text, dataset.catalog)
                      : evaluate::parse_ground_truth(text, dataset.catalog);
  if (!truth) throw Failure({truth.error().code, file + ": " + truth.error().message});
  return std::move(*truth);
}

// What `sparrow evaluate` does. methods: the flags of each; truths: files of groups and of judged
// pairs, or empty.
Report measure(const DatasetPtr& handle, const std::vector<Flags>& methods, const Flags& flags,
               const std::pair<std::string, std::string>& truths, const std::string& usual_texts,
               std::size_t threads, const nb::object& progress) {
  evaluate::EvaluateOptions options = measure_options(flags);
  options.threads = threads;
  for (const auto& method : methods) options.methods.push_back(method_options(method));
  return run(progress, [&](const RunControl& control) -> Report {
    const data::Dataset& dataset = handle->dataset();
    for (auto& method : options.methods)
      take(embed::load_texts(dataset, usual_texts, threads, method));
    if (!truths.first.empty()) {
      auto truth = read_truth(truths.first, dataset, true);
      evaluate::add_random_negatives(truth, dataset, options.min_positives, options.seed);
      options.groups = std::move(truth);
    }
    if (!truths.second.empty()) options.ground_truth = read_truth(truths.second, dataset, false);
    const auto report = take(evaluate::evaluate_offline(dataset, options, control));
    return {evaluate::to_json(report).dump(), evaluate::to_markdown(report),
            evaluate::to_html(report)};
  });
}

}  // namespace

void add_evaluation(nb::module_& module) {
  module.def("evaluate", &measure, nb::arg("dataset"), nb::arg("methods"), nb::arg("flags"),
             nb::arg("truths"), nb::arg("usual_texts"), nb::arg("threads") = 0,
             nb::arg("progress") = nb::none(), "The report as JSON, Markdown and HTML.");
}

}  // namespace sparrow::python
