#include "model.h"

#include <filesystem>
#include <limits>
#include <utility>

#include "arrays.h"
#include "controls.h"
#include "errors.h"
#include "options.h"
#include "running.h"
#include <fmt/format.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/embed/text_source.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/model/schema.h"
#include "sparrow/rank/reasons.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

DatasetPtr bare_dataset(const model::Model& model) {
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items(model.items.size());
  for (std::size_t i = 0; i < items.size(); ++i)
    items[i].id = items[i].title = items[i].raw_title = model.items[i];
  dataset->catalog = data::Catalog(std::move(items));
  dataset->info.name = model.manifest.data_name;
  dataset->info.items = model.items.size();
  return std::make_shared<const DatasetHandle>(std::move(dataset));
}

using Blocks = std::vector<std::pair<ModelPtr, float>>;

// What `sparrow train` does. usual_texts: the folder of the table of texts where flags name none.
ModelPtr train_model(const DatasetPtr& handle, const Flags& flags, const std::string& usual_texts,
                     const Blocks& blocks, const nb::object& progress) {
  embed::TrainOptions options = train_options(flags);
  if (const std::string& wrong = simd::forced_target_error(); !wrong.empty()) invalid(wrong);
  return run(progress, [&](const RunControl& control) {
    const data::Dataset& dataset = handle->dataset();
    for (const auto& [other, weight] : blocks)
      options.fusion.content.imported.push_back(
          embed::block_of(dataset.catalog, other->model(), weight));
    take(embed::load_texts(dataset, usual_texts, options.threads, options));
    const std::string key = embed::options_key(options, dataset);
    model::Model trained = take(embed::train_model(dataset, options, control));
    trained.manifest.code_version = SPARROW_VERSION;
    trained.manifest.options["requested"] = key;
    return std::make_shared<const ModelHandle>(std::move(trained), handle);
  });
}

ModelPtr load_folder(const std::string& folder, const DatasetPtr& dataset) {
  return std::make_shared<const ModelHandle>(take(model::read_model(folder)), dataset);
}

std::string save_folder(const ModelHandle& handle, const std::string& root) {
  return take(model::write_model(handle.model(), root)).string();
}

nb::dlpack::dtype type_of(model::TensorType type) {
  using nb::dlpack::dtype_code;
  const auto code = [](dtype_code c) { return static_cast<std::uint8_t>(c); };
  switch (type) {
    case model::TensorType::kFloat32:
      return {code(dtype_code::Float), 32, 1};
    case model::TensorType::kFloat16:
      return {code(dtype_code::Float), 16, 1};
    case model::TensorType::kUint32:
      return {code(dtype_code::UInt), 32, 1};
    case model::TensorType::kInt64:
      return {code(dtype_code::Int), 64, 1};
    case model::TensorType::kUint8:
      return {code(dtype_code::UInt), 8, 1};
  }
  return {};
}

// A tensor in place: read-only, and keeping the model.
nb::object tensor(const ModelPtr& handle, const std::string& name) {
  const model::Tensor* found = handle->model().find(name);
  if (found == nullptr)
    throw Failure({ErrorCode::kNotFound, fmt::format("the model has no tensor \"{}\"", name)});
  auto* owner = new ModelPtr(handle);
  const nb::capsule keeper(owner, [](void* p) noexcept { delete static_cast<ModelPtr*>(p); });
  const std::vector<std::size_t> shape(found->shape.begin(), found->shape.end());
  return nb::cast(nb::ndarray<nb::numpy, nb::ro>(found->bytes.data(), shape.size(), shape.data(),
                                                 keeper, nullptr, type_of(found->type)));
}

std::vector<std::string> tensor_names(const ModelHandle& handle) {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : handle.model().tensors) names.push_back(name);
  return names;
}

nb::dict entry(const data::Catalog& catalog, const rank::ScoredItem& scored) {
  const data::Item& item = catalog[scored.row];
  nb::dict d;
  d["id"] = item.id;
  d["title"] = item.title;
  d["year"] = item.year;
  d["score"] = scored.match;
  d["similarity"] = scored.similarity;
  d["source"] = model::source_name(scored.source);
  if (scored.pinned) d["pinned"] = true;
  if (!scored.channels.empty()) {
    nb::list channels;
    for (const auto& p : scored.channels) {
      nb::dict channel;
      channel["name"] = recall::channel_name(p.channel).data();
      channel["rank"] = p.rank;
      channel["score"] = p.score;
      channels.append(channel);
    }
    d["channels"] = channels;
  }
  return d;
}

// What a list by `request` needs, made without the GIL so that other threads go on.
const rank::Recommender& opened(const ModelHandle& handle) {
  const nb::gil_scoped_release release;
  return handle.recommender();
}

nb::dict similar(const ModelHandle& handle, const std::vector<std::pair<std::string, float>>& seeds,
                 const nb::dict& controls) {
  const rank::Recommender& recommender = opened(handle);
  const rank::Request request = read_request(handle, seeds, controls);
  rank::Answer answer;
  {
    const nb::gil_scoped_release release;
    answer = recommender.recommend(request);
  }
  nb::list items;
  for (const auto& item : answer.items) items.append(entry(handle.catalog(), item));
  nb::dict result;
  result["items"] = items;
  result["seed_source"] = model::source_name(answer.seed_source);
  result["degraded"] = answer.degraded;
  return result;
}

using Rows = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Plain lists of many items. rows: of model.items. Returns rows of model.items and scores (0..100),
// both seeds x size, best first; -1 and NaN where a list ends earlier.
nb::tuple similar_batch(const ModelHandle& handle, const Rows& seeds, std::size_t size,
                        std::size_t threads) {
  if (size < 1 || size > 1000) invalid("\"size\" must be a number from 1 to 1000");
  const rank::Recommender& recommender = opened(handle);
  const std::size_t count = seeds.shape(0);
  const std::uint32_t* given = seeds.data();
  const auto& [to_model, to_catalog, shared] = handle.alignment();
  for (std::size_t i = 0; i < count; ++i) {
    if (given[i] >= to_catalog.size() || to_catalog[given[i]] == kNoRow)
      throw nb::index_error("a row is not one of model.items");
  }
  std::vector<std::int32_t> rows;
  std::vector<float> scores;
  {
    const nb::gil_scoped_release release;
    rows.assign(count * size, -1);
    scores.assign(count * size, std::numeric_limits<float>::quiet_NaN());
    constexpr std::size_t kBlock = 256;
    parallel_for(count, kBlock, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t i = begin; i < end; ++i) {
        if (i + 1 < end) recommender.prefetch(handle.alignment().to_catalog[given[i + 1]]);
        const Row seed = handle.alignment().to_catalog[given[i]];
        const rank::Answer answer = recommender.similar({seed, size, 0, {}, {}});
        for (std::size_t r = 0; r < answer.items.size(); ++r) {
          const Row row = handle.alignment().to_model[answer.items[r].row];
          rows[i * size + r] = row == kNoRow ? -1 : static_cast<std::int32_t>(row);
          scores[i * size + r] = answer.items[r].match;
        }
      }
    });
  }
  return nb::make_tuple(array(std::move(rows), {count, size}),
                        array(std::move(scores), {count, size}));
}

// Rows of model.items; -1 for an id that the model lacks.
nb::object rows(const ModelHandle& handle, const std::vector<std::string>& ids) {
  auto* found = new std::vector<std::int32_t>(ids.size(), -1);
  const nb::capsule owner(
      found, [](void* p) noexcept { delete static_cast<std::vector<std::int32_t>*>(p); });
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto row = handle.catalog().find(ids[i]);
    const Row m = row ? handle.alignment().to_model[*row] : kNoRow;
    if (m != kNoRow) (*found)[i] = static_cast<std::int32_t>(m);
  }
  return nb::cast(
      nb::ndarray<nb::numpy, std::int32_t, nb::ndim<1>>(found->data(), {found->size()}, owner));
}

nb::dict relation_of(const recall::ItemFacts& facts, const rank::Relation& relation) {
  nb::dict shared;
  shared["genres"] = relation.genres;
  shared["tags"] = relation.tags;
  shared["directors"] = relation.directors;
  shared["actors"] = relation.actors;
  shared["keywords"] = relation.keywords;
  shared["series"] =
      relation.series == 0 ? nb::object(nb::none()) : nb::cast(facts.series_name(relation.series));
  shared["years_apart"] =
      relation.years_apart < 0 ? nb::object(nb::none()) : nb::cast(relation.years_apart);
  return shared;
}

// What GET /api/v1/explain answers, unrounded.
nb::dict explain(const ModelHandle& handle, const std::string& seed, const std::string& item,
                 const nb::dict& controls) {
  const rank::Recommender& recommender = opened(handle);
  const rank::Request request = read_request(handle, {{seed, 1.0F}}, controls);
  const Row row = row_of(handle.catalog(), item);
  rank::Explanation e;
  rank::Relation relation;
  {
    const nb::gil_scoped_release release;
    e = recommender.explain(request, row);
    relation = rank::relate(handle.dataset().facts(), request.seeds[0].row, row);
  }
  nb::dict d;
  d["score"] = e.item.match;
  d["similarity"] = e.item.similarity;
  d["rank"] = e.rank == 0 ? nb::object(nb::none()) : nb::cast(e.rank);
  d["ranked"] = e.ranked;
  d["in_list"] = e.rank > 0 && e.rank <= request.size && e.why_not.empty();
  d["reason"] = rank::reason_of(handle.dataset().facts(), relation);
  nb::dict parts;
  for (const auto& part : e.parts) parts[part.name.c_str()] = part.value;
  d["parts"] = parts;
  nb::dict together;
  together["users"] = relation.together.users;
  together["expected"] = relation.together.expected;
  together["lift"] = relation.together.lift();
  d["together"] = together;
  d["shared"] = relation_of(handle.dataset().facts(), relation);
  d["why_not"] = e.why_not;
  return d;
}

// The similarity that `sparrow score` appends; NaN where an id is unknown.
std::vector<float> score(const ModelHandle& handle,
                         const std::vector<std::pair<std::string, std::string>>& pairs) {
  const rank::Recommender& recommender = handle.recommender();
  std::vector<float> scores;
  scores.reserve(pairs.size());
  for (const auto& [first, second] : pairs) {
    const auto a = handle.catalog().find(first);
    const auto b = handle.catalog().find(second);
    scores.push_back(a && b ? recommender.similarity(*a, *b)
                            : std::numeric_limits<float>::quiet_NaN());
  }
  return scores;
}

}  // namespace

ModelHandle::ModelHandle(model::Model model, DatasetPtr dataset)
    : model_(std::move(model)),
      bare_(dataset == nullptr),
      dataset_(bare_ ? bare_dataset(model_) : std::move(dataset)),
      alignment_(catalog(), model_) {}

const rank::Recommender& ModelHandle::recommender() const {
  std::call_once(made_, [this] {
    recommender_ = take(rank::Recommender::open(catalog(), model_, &dataset_->facts()));
  });
  return *recommender_;
}

void add_model(nb::module_& module) {
  const auto released = nb::call_guard<nb::gil_scoped_release>();
  nb::class_<ModelHandle>(module, "Model", "One immutable version of item vectors.")
      .def_static("train", &train_model, nb::arg("dataset"), nb::arg("flags"),
                  nb::arg("usual_texts"), nb::arg("blocks"), nb::arg("progress") = nb::none())
      .def_static("load", &load_folder, nb::arg("folder"), nb::arg("dataset").none(), released)
      .def("save", &save_folder, nb::arg("root"), released)
      .def("manifest_json",
           [](const ModelHandle& h) { return model::to_json(h.model().manifest).dump(); })
      .def("items", [](const ModelHandle& h) { return h.model().items; })
      .def("has_data", [](const ModelHandle& h) { return !h.bare(); })
      .def("dataset", [](const ModelHandle& h) { return h.shared_dataset(); })
      .def("tensor", &tensor, nb::arg("name"), "The tensor in place, read-only.")
      .def("tensor_names", &tensor_names)
      .def("similar", &similar, nb::arg("seeds"), nb::arg("controls"))
      .def("similar_batch", &similar_batch, nb::arg("rows"), nb::arg("size"),
           nb::arg("threads") = 0)
      .def("rows", &rows, nb::arg("ids"))
      .def("explain", &explain, nb::arg("seed"), nb::arg("item"), nb::arg("controls"))
      .def("score", &score, nb::arg("pairs"), released)
      .def("dim", [](const ModelHandle& h) { return h.model().dim(); })
      .def("__len__", [](const ModelHandle& h) { return h.model().items.size(); });
}

}  // namespace sparrow::python
