#include "dataset.h"

#include <filesystem>

#include "errors.h"
#include "options.h"
#include "running.h"
#include "splits.h"
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/core/random.h"
#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/item_json.h"
#include "sparrow/evaluate/data_card.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

std::string text_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

DatasetPtr read_source(const Flags& flags, const std::string& scratch, std::size_t threads,
                       const std::string& name, const nb::object& progress,
                       const std::string& source, const nb::object& log_reader) {
  data::ReadOptions options = read_options(flags);
  options.threads = threads;
  options.scratch = std::filesystem::path(scratch);
  options.rejects_file = std::filesystem::path(scratch) / "rejects.tsv";
  if (!log_reader.is_none()) options.log_reader = log_reader_of(log_reader);
  return run(progress, [&](const RunControl& control) {
    auto dataset = std::make_shared<data::Dataset>(take(data::read_dataset(options, control)));
    if (!name.empty()) dataset->info.name = name;
    if (!source.empty()) dataset->info.source = source;
    take(data::seal_dataset(*dataset));
    return std::make_shared<const DatasetHandle>(std::move(dataset));
  });
}

DatasetPtr load_prepared(const std::string& folder) {
  return std::make_shared<const DatasetHandle>(
      std::make_shared<const data::Dataset>(take(data::load_dataset(folder))));
}

DatasetPtr load_catalog(const std::string& folder) {
  return std::make_shared<const DatasetHandle>(
      std::make_shared<const data::Dataset>(take(data::load_catalog(folder))));
}

void save_prepared(const DatasetHandle& handle, const std::string& folder) {
  const std::filesystem::path path(folder);
  std::error_code ignored;  // saving says it
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  take(data::save_dataset(handle.dataset(), path));
}

// As `sparrow prepare --json` prints it.
std::string card_json(const DatasetHandle& handle, std::size_t threads) {
  nlohmann::json card = evaluate::describe(handle.dataset().info);
  card.update(evaluate::card_json(evaluate::data_card(handle.dataset(), threads)));
  return text_of(card);
}

std::string card_html(const DatasetHandle& handle, std::size_t threads) {
  return evaluate::card_html(evaluate::data_card(handle.dataset(), threads));
}

std::string card_text(const DatasetHandle& handle, std::size_t threads) {
  return evaluate::card_text(evaluate::data_card(handle.dataset(), threads));
}

std::string item_json(const DatasetHandle& handle, Row row) {
  const data::Catalog& catalog = handle.dataset().catalog;
  if (row >= catalog.size()) throw nb::index_error("no such row");
  return text_of(data::item_to_json(catalog[row], catalog.schema()));
}

// One text a catalogue row: which of its texts, `member` says.
std::vector<std::string> texts_of(const DatasetHandle& handle, std::string data::Item::*member) {
  std::vector<std::string> texts;
  texts.reserve(handle.dataset().catalog.size());
  for (const auto& item : handle.dataset().catalog.items()) texts.push_back(item.*member);
  return texts;
}

// A column of the log, in place: read-only, and keeping the data set.
template <typename T>
nb::object column(const DatasetPtr& handle, const data::Column<T>& values) {
  auto* owner = new DatasetPtr(handle);
  const nb::capsule keeper(owner, [](void* p) noexcept { delete static_cast<DatasetPtr*>(p); });
  return nb::cast(
      nb::ndarray<nb::numpy, const T, nb::ndim<1>>(values.data(), {values.size()}, keeper));
}

nb::dict interactions(const DatasetPtr& handle) {
  const data::Interactions& log = handle->dataset().interactions;
  nb::dict columns;
  columns["offsets"] = column(handle, log.offsets);
  columns["items"] = column(handle, log.items);
  columns["values"] = column(handle, log.values);
  columns["times"] = column(handle, log.times);
  return columns;
}

// As `sparrow spotcheck --sample` draws them.
std::vector<Row> sample_rows(const DatasetHandle& handle, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<Row> rows(count);
  for (Row& row : rows)
    row = random.below(static_cast<std::uint32_t>(handle.dataset().catalog.size()));
  return rows;
}

}  // namespace

void add_dataset(nb::module_& module) {
  const auto released = nb::call_guard<nb::gil_scoped_release>();
  nb::class_<DatasetHandle>(module, "Dataset", "Items and the interactions with them.")
      .def_static("read", &read_source, nb::arg("flags"), nb::arg("scratch"),
                  nb::arg("threads") = 0, nb::arg("name") = "", nb::arg("progress") = nb::none(),
                  nb::arg("source") = "", nb::arg("log_reader") = nb::none())
      .def_static("load", &load_prepared, nb::arg("folder"), released)
      .def_static("load_catalog", &load_catalog, nb::arg("folder"), released,
                  "Without users and interactions.")
      .def_prop_ro("liked", [](const DatasetHandle& h) { return h.dataset().info.scale.liked; })
      .def("save", &save_prepared, nb::arg("folder"), released)
      .def("info_json",
           [](const DatasetHandle& h) { return text_of(evaluate::describe(h.dataset().info)); })
      .def("card_json", &card_json, nb::arg("threads") = 0, released)
      .def("card_html", &card_html, nb::arg("threads") = 0, released)
      .def("card_text", &card_text, nb::arg("threads") = 0, released)
      .def(
          "find",
          [](const DatasetHandle& h, const std::string& id) {
            return h.dataset().catalog.find(id);
          },
          nb::arg("id"), "The row of an item, or None.")
      .def("item_json", &item_json, nb::arg("row"))
      .def("ids", [](const DatasetHandle& h) { return texts_of(h, &data::Item::id); })
      .def("titles", [](const DatasetHandle& h) { return texts_of(h, &data::Item::title); })
      .def("years",
           [](const DatasetHandle& h) {
             std::vector<int> years;
             for (const auto& item : h.dataset().catalog.items()) years.push_back(item.year);
             return years;
           })
      .def("users", [](const DatasetHandle& h) { return h.dataset().users; })
      .def("interactions", &interactions)
      .def("sample_rows", &sample_rows, nb::arg("count"), nb::arg("seed"))
      .def("__len__", [](const DatasetHandle& h) { return h.dataset().catalog.size(); });
}

}  // namespace sparrow::python
