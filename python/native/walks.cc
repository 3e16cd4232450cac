#include "walks.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "arrays.h"

#include "sparrow/embed/random_walk.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

class Walks {
 public:
  // The graph as CSR: nodes + 1 offsets, targets ascending within a node.
  Walks(In<std::uint64_t> offsets, In<std::uint32_t> targets, In<float> weights,
        std::size_t walk_length, float p, float q, std::uint64_t seed) {
    if (walk_length < 1 || !(p > 0) || !(q > 0))
      invalid("a walk has at least one item, and p and q are above 0");
    graph_.offsets.assign(offsets.data(), offsets.data() + offsets.size());
    graph_.targets.assign(targets.data(), targets.data() + targets.size());
    graph_.weights.assign(weights.data(), weights.data() + weights.size());
    const bool sound = !graph_.offsets.empty() && graph_.offsets.front() == 0 &&
                       graph_.offsets.back() == graph_.targets.size() &&
                       graph_.weights.size() == graph_.targets.size() &&
                       std::is_sorted(graph_.offsets.begin(), graph_.offsets.end()) &&
                       std::all_of(graph_.targets.begin(), graph_.targets.end(),
                                   [&](Row target) { return target < graph_.nodes(); });
    if (!sound) invalid("no graph: offsets or targets are out of range");
    embed::WalkOptions options;
    options.walk_length = walk_length;
    options.p = p;
    options.q = q;
    options.seed = seed;
    sampler_ = std::make_unique<embed::WalkSampler>(graph_, options);
  }

  // Offsets and items of the walks, each of which depends on seed, epoch, node and number only.
  nb::tuple walk(In<std::uint32_t> nodes, In<std::uint32_t> numbers, std::size_t epoch) const {
    if (nodes.size() != numbers.size()) invalid("as many nodes as numbers");
    std::vector<embed::WalkSampler::Start> starts;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes.data()[i] >= graph_.nodes()) invalid("a walk starts at no item");
      starts.push_back({nodes.data()[i], numbers.data()[i]});
    }
    std::vector<std::int32_t> offsets{0};
    std::vector<Row> items;
    {
      const nb::gil_scoped_release released;
      std::vector<std::vector<Row>> walks(starts.size());
      sampler_->walk(starts, epoch, walks);
      for (const auto& walk : walks) {
        items.insert(items.end(), walk.begin(), walk.end());
        offsets.push_back(static_cast<std::int32_t>(items.size()));
      }
    }
    return nb::make_tuple(array<std::int32_t>(std::move(offsets)), array<Row>(std::move(items)));
  }

 private:
  data::ItemGraph graph_;
  std::unique_ptr<embed::WalkSampler> sampler_;  // refers to graph_
};

}  // namespace

void add_walks(nb::module_& module) {
  nb::class_<Walks>(module, "Walks", "Random walks on a graph of items.")
      .def(nb::init<In<std::uint64_t>, In<std::uint32_t>, In<float>, std::size_t, float, float,
                    std::uint64_t>(),
           nb::arg("offsets"), nb::arg("targets"), nb::arg("weights"), nb::arg("walk_length"),
           nb::arg("p"), nb::arg("q"), nb::arg("seed"))
      .def("walk", &Walks::walk, nb::arg("nodes"), nb::arg("numbers"), nb::arg("epoch"));
}

}  // namespace sparrow::python
