#include "store.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "errors.h"
#include "model.h"
#include "running.h"
#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "sparrow/live/publish.h"
#include "sparrow/store/model_store.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

// An open store, until close().
class StoreHandle {
 public:
  StoreHandle(const std::string& uri, bool read_only)
      : store_(take(store::open_store(
            uri, read_only ? store::OpenMode::kReadOnly : store::OpenMode::kReadWrite))),
        models_(std::make_unique<store::ModelStore>(*store_)) {}

  store::ModelStore& models() const {
    if (models_ == nullptr) invalid("the store is closed");
    return *models_;
  }
  std::string uri() const {
    models();
    return store_->uri();
  }
  void close() {
    models_.reset();
    store_.reset();
  }

 private:
  std::unique_ptr<store::EmbeddingStore> store_;
  std::unique_ptr<store::ModelStore> models_;
};

std::string versions_json(const StoreHandle& handle, const std::string& name) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& v : take(handle.models().list(name))) {
    list.push_back({{"name", name},
                    {"version", v.manifest.version},
                    {"promoted", v.promoted},
                    {"bytes", v.bytes},
                    {"encoding", v.encoding},
                    {"item_features", v.items},
                    {"users", v.users},
                    {"method", v.manifest.method},
                    {"created", v.manifest.created},
                    {"data", v.manifest.data_name},
                    {"data_hash", v.manifest.data_hash}});
  }
  return list.dump();
}

// encoding: empty: as the model has its vectors.
void publish_version(const StoreHandle& handle, const ModelPtr& model, const std::string& encoding,
                     const nb::object& progress) {
  live::PublishSource source;
  source.encoding = encoding.empty() ? live::encoding_of(model->model())
                                     : take(store::encoding_of_name(encoding));
  if (!model->bare()) source.dataset = &model->dataset().dataset();
  store::ModelStore& models = handle.models();
  run(progress, [&](const RunControl& control) {
    take(live::publish(models, model->model(), source, control));
  });
}

// The promoted version where none is named.
ModelPtr load_version(const StoreHandle& handle, const std::string& name,
                      const std::optional<std::string>& version, const DatasetPtr& dataset) {
  const auto wanted = version ? version : take(handle.models().promoted(name));
  if (!wanted)
    throw Failure({ErrorCode::kNotFound,
                   fmt::format("no version of \"{}\" is promoted in {}", name, handle.uri())});
  return std::make_shared<const ModelHandle>(take(handle.models().load(name, *wanted)), dataset);
}

}  // namespace

void add_store(nb::module_& module) {
  const auto released = nb::call_guard<nb::gil_scoped_release>();
  nb::class_<StoreHandle>(module, "Store", "Versions of models by key.")
      .def(nb::init<const std::string&, bool>(), nb::arg("uri"), nb::arg("read_only") = false,
           released)
      .def("uri", &StoreHandle::uri)
      .def("close", &StoreHandle::close, released)
      .def(
          "names", [](const StoreHandle& h) { return take(h.models().names()); }, released)
      .def("versions_json", &versions_json, nb::arg("name"), released)
      .def(
          "promoted",
          [](const StoreHandle& h, const std::string& name) {
            return take(h.models().promoted(name));
          },
          nb::arg("name"), released)
      .def("publish", &publish_version, nb::arg("model"), nb::arg("encoding") = "",
           nb::arg("progress") = nb::none())
      .def(
          "promote",
          [](const StoreHandle& h, const std::string& name, const std::string& version) {
            take(h.models().promote(name, version));
          },
          nb::arg("name"), nb::arg("version"), released)
      .def(
          "rollback",
          [](const StoreHandle& h, const std::string& name) {
            return take(h.models().rollback(name));
          },
          nb::arg("name"), released)
      .def(
          "prune",
          [](const StoreHandle& h, const std::string& name, std::size_t keep) {
            return take(h.models().prune(name, keep));
          },
          nb::arg("name"), nb::arg("keep") = 3, released)
      .def("load", &load_version, nb::arg("name"), nb::arg("version").none(),
           nb::arg("dataset").none(), released);
  module.def(
      "refuse_content_only",
      [](const ModelHandle& model) {
        const auto& manifest = model.model().manifest;
        const data::Dataset* dataset = model.bare() ? nullptr : &model.dataset().dataset();
        if (live::lacks_behavior(manifest, dataset))
          throw Failure(live::content_only_error(manifest.name, manifest.version));
      },
      nb::arg("model"), "Raises Conflict for a model that learned from no behavior.");
}

}  // namespace sparrow::python
