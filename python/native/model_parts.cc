#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrays.h"
#include "dataset.h"
#include "errors.h"
#include "histories.h"
#include "model.h"
#include "parts.h"
#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/embed/content.h"
#include "sparrow/embed/fusion.h"
#include "sparrow/embed/fusion_parts.h"
#include "sparrow/embed/text_source.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/safetensors.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

nlohmann::json json_of(const std::string& text, const char* what) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) invalid(fmt::format("{} must be a JSON object", what));
  return json;
}

void check_popularity(const DatasetHandle& dataset, const In<std::uint32_t>& popularity) {
  if (popularity.shape(0) != dataset.dataset().catalog.size())
    invalid(fmt::format("there must be a count for each of {} items",
                        dataset.dataset().catalog.size()));
}

// Texts as content, where the options name some.
embed::TrainOptions with_texts(const DatasetHandle& dataset, const Options& options,
                               const std::string& usual_texts) {
  embed::TrainOptions train = options.train;
  take(embed::load_texts(dataset.dataset(), usual_texts, train.threads, train));
  return train;
}

// A model of vectors that were trained in parts, without its neighbor table: finish_model() adds
// it.
ModelPtr vector_model(const DatasetPtr& dataset, const Options& options,
                      const In<std::uint32_t>& popularity, const Matrix<float>& vectors,
                      const std::string& metrics, const std::string& usual_texts) {
  check_popularity(*dataset, popularity);
  if (vectors.shape(0) != popularity.shape(0)) invalid("there must be a vector for each item");
  const auto found = json_of(metrics, "metrics");
  const nb::gil_scoped_release release;
  const embed::TrainOptions train = with_texts(*dataset, options, usual_texts);
  model::Model model = embed::start_model(dataset->dataset(), train,
                                          std::span(popularity.data(), popularity.size()));
  model.manifest.code_version = SPARROW_VERSION;
  model.manifest.metrics.update(found);
  model::set_vectors(model, embeddings_of(vectors));
  embed::add_content(model, embed::build_content(dataset->dataset().catalog, train.fusion.content));
  return std::make_shared<const ModelHandle>(std::move(model), dataset);
}

// A fusion of eigenvectors that were found in parts, without its neighbor table. sample: histories
// of all users, or of every n-th of them.
ModelPtr fusion_model(const DatasetPtr& dataset, const Options& options,
                      const In<std::uint32_t>& popularity, std::size_t users,
                      const Matrix<float>& cooccurrence, const Matrix<float>& pairs,
                      const Histories& sample, const std::string& usual_texts) {
  check_popularity(*dataset, popularity);
  const embed::FusionOptions fusion = options.fusion();
  embed::Behavior behavior;
  behavior.popularity = vector_of(popularity);
  behavior.chosen = embed::choose_items(behavior.popularity, fusion.histories);
  behavior.users = users;
  const std::size_t n = behavior.chosen.size();
  const auto dims = embed::behavior_dims(n, users, fusion);
  if (cooccurrence.shape(0) != n || pairs.shape(0) != n || pairs.shape(1) != dims.ridge ||
      cooccurrence.shape(1) != dims.cooccurrence || sample.histories().items != n)
    invalid(
        fmt::format("eigenvectors and histories must be of the {} items with enough positives", n));
  const nb::gil_scoped_release release;
  const embed::TrainOptions train = with_texts(*dataset, options, usual_texts);
  embed::FusionOptions with_content = fusion;
  with_content.content = train.fusion.content;
  behavior.vectors =
      embed::join_behavior(embeddings_of(cooccurrence), embeddings_of(pairs), dims, fusion);
  behavior.histories = sample.histories();
  model::Model model = embed::start_model(dataset->dataset(), train, behavior.popularity);
  model.manifest.code_version = SPARROW_VERSION;
  take(embed::fuse(embed::build_content(dataset->dataset().catalog, with_content.content), behavior,
                   with_content, RunControl{}, model));
  return std::make_shared<const ModelHandle>(std::move(model), dataset);
}

// A model on its way to another machine: what lists need, without the catalogue.
nb::bytes model_bytes(const ModelHandle& handle) {
  std::string text;
  {
    const nb::gil_scoped_release release;
    const nlohmann::json head = {{"options", handle.model().manifest.options},
                                 {"items", handle.model().items.size()}};
    const std::string json = head.dump();
    const auto size = static_cast<std::uint64_t>(json.size());
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
    text += json;
    text += model::write_safetensors(handle.model().tensors);
  }
  return nb::bytes(text.data(), text.size());
}

// Lists of a model that came as bytes.
class ListMaker {
 public:
  explicit ListMaker(const nb::bytes& bytes) {
    const std::string_view all(bytes.c_str(), bytes.size());
    const nb::gil_scoped_release release;
    std::uint64_t size = 0;
    if (all.size() < sizeof size) invalid("these are not the bytes of a model");
    std::copy_n(all.data(), sizeof size, reinterpret_cast<char*>(&size));
    if (size > all.size() - sizeof size) invalid("these are not the bytes of a model");
    const auto head =
        json_of(std::string(all.substr(sizeof size, size)), "the head of a model's bytes");
    model_.manifest.options = head.at("options");
    for (std::size_t i = 0; i < head.at("items").get<std::size_t>(); ++i)
      model_.items.push_back(std::to_string(i));
    model_.tensors = take(model::parse_safetensors(all.substr(sizeof size + size)));
    similarity_ = take(model::Similarity::open(model_));
  }

  // The `size` nearest of the items [first, last): rows and similarities, padded as in a model.
  nb::tuple lists(std::size_t first, std::size_t last, std::size_t size) const {
    const std::size_t n = model_.items.size();
    if (first > last || last > n)
      invalid(fmt::format("there are no items {} to {} of {}", first, last, n));
    const std::size_t k = std::min(size, n == 0 ? 0 : n - 1);
    std::vector<std::uint32_t> rows((last - first) * k, kNoRow);
    std::vector<float> scores(rows.size(), 0.0F);
    {
      const nb::gil_scoped_release release;
      constexpr std::size_t kBlock = 64;
      for (std::size_t begin = first; begin < last; begin += kBlock) {
        const std::size_t count = std::min(kBlock, last - begin);
        const auto nearest = similarity_->nearest_block(static_cast<Row>(begin), count, k);
        for (std::size_t i = 0; i < count; ++i) {
          for (std::size_t r = 0; r < nearest[i].size(); ++r) {
            rows[(begin - first + i) * k + r] = nearest[i][r].row;
            scores[(begin - first + i) * k + r] = nearest[i][r].score;
          }
        }
      }
    }
    return nb::make_tuple(array(std::move(rows), {last - first, k}),
                          array(std::move(scores), {last - first, k}));
  }

 private:
  model::Model model_;
  std::unique_ptr<model::Similarity> similarity_;
};

// The model with the table of all lists, and its version.
ModelPtr finish_model(const ModelHandle& handle, const Options& options,
                      const Matrix<std::uint32_t>& rows, const Matrix<float>& scores) {
  const std::size_t n = handle.model().items.size();
  if (rows.shape(0) != n || scores.shape(0) != n || rows.shape(1) != scores.shape(1))
    invalid(fmt::format("there must be a list for each of {} items", n));
  const nb::gil_scoped_release release;
  model::Model model = handle.model();
  model::set_neighbors(model,
                       {rows.shape(1), {rows.data(), rows.size()}, {scores.data(), scores.size()}});
  take(model::validate(model));
  embed::seal_model(model, options.train);
  return std::make_shared<const ModelHandle>(std::move(model), handle.shared_dataset());
}

}  // namespace

void add_model_parts(nb::module_& module) {
  module.def("vector_model", &vector_model, nb::arg("dataset"), nb::arg("options"),
             nb::arg("popularity"), nb::arg("vectors"), nb::arg("metrics"), nb::arg("usual_texts"));
  module.def("fusion_model", &fusion_model, nb::arg("dataset"), nb::arg("options"),
             nb::arg("popularity"), nb::arg("users"), nb::arg("cooccurrence"), nb::arg("pairs"),
             nb::arg("sample"), nb::arg("usual_texts"));
  module.def("model_bytes", &model_bytes, nb::arg("model"));
  nb::class_<ListMaker>(module, "ListMaker", "Lists of a model that came as bytes.")
      .def(nb::init<const nb::bytes&>(), nb::arg("bytes"))
      .def("lists", &ListMaker::lists, nb::arg("first"), nb::arg("last"), nb::arg("size"));
  module.def("finish_model", &finish_model, nb::arg("model"), nb::arg("options"), nb::arg("rows"),
             nb::arg("scores"));
}

}  // namespace sparrow::python
