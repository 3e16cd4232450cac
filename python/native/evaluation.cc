#include "evaluation.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataset.h"
#include "errors.h"
#include "model.h"
#include "options.h"
#include "parts.h"
#include "running.h"
#include <fmt/format.h>
#include <nanobind/stl/map.h>
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

// Methods that Python trains: name -> callable(dataset, options) -> Model.
using Trainers = std::map<std::string, nb::callable>;

// A data set that Python may keep.
DatasetPtr shared_copy(const data::Dataset& dataset) {
  auto copy = std::make_shared<data::Dataset>();
  copy->catalog = data::Catalog(dataset.catalog.items(), dataset.catalog.schema());
  copy->catalog.genome = dataset.catalog.genome;
  copy->users = dataset.users;
  copy->info = dataset.info;
  copy->interactions = dataset.interactions;
  return std::make_shared<const DatasetHandle>(std::move(copy));
}

// Each method by its trainer, or else by the engine. The options arrive as they are at each step of
// the evaluation: without titles, for instance, where series are measured.
embed::TrainFunction train_by(const Trainers& trainers, const std::map<std::string, Flags>& flags) {
  return [&trainers, &flags](const data::Dataset& dataset, const embed::TrainOptions& options,
                             const RunControl& control) -> Result<model::Model> {
    const auto found = trainers.find(options.name);
    if (found == trainers.end()) return embed::train_model(dataset, options, control);
    const DatasetPtr copy = shared_copy(dataset);
    const nb::gil_scoped_acquire acquire;
    const nb::object trained =
        found->second(copy, Options{flags.at(options.name), embed::with_liked(options, dataset)});
    const auto model = nb::cast<ModelPtr>(trained);
    if (model->model().items.size() != dataset.catalog.size())
      invalid(fmt::format("the trainer of {} gave a model of {} items, not of {}", options.name,
                          model->model().items.size(), dataset.catalog.size()));
    return model->model();
  };
}

// What `sparrow evaluate` does. methods: the flags of each; truths: files of groups and of judged
// pairs, or empty.
Report measure(const DatasetPtr& handle, const std::vector<Flags>& methods, const Flags& flags,
               const std::pair<std::string, std::string>& truths, const Trainers& trainers,
               const std::string& usual_texts, std::size_t threads, const nb::object& progress) {
  evaluate::EvaluateOptions options = measure_options(flags);
  options.threads = threads;
  std::map<std::string, Flags> flags_by_name;
  options.train = train_by(trainers, flags_by_name);
  for (const auto& method : methods) {
    options.methods.push_back(method_options(method));
    flags_by_name[options.methods.back().name] = method;
  }
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
             nb::arg("truths"), nb::arg("trainers"), nb::arg("usual_texts"), nb::arg("threads") = 0,
             nb::arg("progress") = nb::none(), "The report as JSON, Markdown and HTML.");
}

}  // namespace sparrow::python
