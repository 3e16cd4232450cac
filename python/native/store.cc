#include "store.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arrays.h"
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

// Reads and changes pointers as the store behind it, but hands what is written to others: add(keys,
// values) of `sink` for each batch, and finish() before a manifest says that a version is whole.
class ForwardingStore final : public store::EmbeddingStore {
 public:
  ForwardingStore(store::EmbeddingStore& store, const nb::object& sink)
      : store_(store), sink_(sink) {}

  Result<void> write(std::span<const store::KeyValue> pairs) override {
    if (pairs.size() == 1 && pairs[0].key.ends_with(":draft")) return store_.write(pairs);
    const nb::gil_scoped_acquire gil;
    if (pairs.size() == 1 && pairs[0].key.ends_with(":manifest")) {
      sink_.attr("finish")();
      return store_.write(pairs);
    }
    nb::list keys;
    nb::list values;
    for (const auto& [key, value] : pairs) {
      keys.append(nb::bytes(key.data(), key.size()));
      values.append(nb::bytes(value.data(), value.size()));
    }
    sink_.attr("add")(keys, values);
    return {};
  }
  Result<std::vector<std::optional<std::string>>> read(
      std::span<const std::string> keys) const override {
    return store_.read(keys);
  }
  Result<void> remove(std::span<const std::string> keys) override { return store_.remove(keys); }
  Result<void> compare_and_set(const std::string& key, const std::optional<std::string>& expected,
                               const std::string& desired) override {
    return store_.compare_and_set(key, expected, desired);
  }
  std::string uri() const override { return store_.uri(); }

 private:
  store::EmbeddingStore& store_;
  const nb::object& sink_;
};

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
  store::EmbeddingStore& store() const {
    models();
    return *store_;
  }
  std::string uri() const { return store().uri(); }
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

// encoding: empty: as the model has its vectors. sink: who writes (ForwardingStore), or None.
void publish_version(const StoreHandle& handle, const ModelPtr& model, const std::string& encoding,
                     const nb::object& progress, const nb::object& sink) {
  live::PublishSource source;
  source.encoding = encoding.empty() ? live::encoding_of(model->model())
                                     : take(store::encoding_of_name(encoding));
  if (!model->bare()) source.dataset = &model->dataset().dataset();
  ForwardingStore forwarding(handle.store(), sink);
  store::ModelStore forwarded(forwarding);
  store::ModelStore& models = sink.is_none() ? handle.models() : forwarded;
  run(progress, [&](const RunControl& control) {
    take(live::publish(models, model->model(), source, control));
  });
}

// The pairs of two columns of Arrow, as they are.
void write_pairs(const StoreHandle& handle, In<std::int32_t> key_offsets, In<std::uint8_t> keys,
                 In<std::int32_t> value_offsets, In<std::uint8_t> values) {
  if (key_offsets.size() != value_offsets.size()) invalid("as many keys as values");
  std::vector<store::KeyValue> pairs;
  for (std::size_t i = 0; i + 1 < key_offsets.size(); ++i) {
    pairs.push_back(
        {std::string(piece(keys, key_offsets.data()[i], key_offsets.data()[i + 1])),
         std::string(piece(values, value_offsets.data()[i], value_offsets.data()[i + 1]))});
  }
  const nb::gil_scoped_release released;
  take(handle.store().write(pairs));
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
           nb::arg("progress") = nb::none(), nb::arg("sink") = nb::none())
      .def("write", &write_pairs, nb::arg("key_offsets"), nb::arg("keys"), nb::arg("value_offsets"),
           nb::arg("values"))
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
