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
  Walks(const In<std::uint64_t>& offsets, const In<std::uint32_t>& targets,
        const In<float>& weights, std::size_t walk_length, float p, float q, std::uint64_t seed)
      : walked_(offsets, targets, weights, walks_of(walk_length, p, q, seed)) {}

  // Offsets and items of the walks, each of which depends on seed, epoch, node and number only.
  nb::tuple walk(In<std::uint32_t> nodes, In<std::uint32_t> numbers, std::size_t epoch) const {
    if (nodes.size() != numbers.size()) invalid("as many nodes as numbers");
    std::vector<embed::WalkSampler::Start> starts;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes.data()[i] >= walked_.graph.nodes()) invalid("a walk starts at no item");
      starts.push_back({nodes.data()[i], numbers.data()[i]});
    }
    std::vector<std::int32_t> offsets{0};
    std::vector<Row> items;
    {
      const nb::gil_scoped_release released;
      std::vector<std::vector<Row>> walks(starts.size());
      walked_.sampler->walk(starts, epoch, walks);
      for (const auto& walk : walks) {
        items.insert(items.end(), walk.begin(), walk.end());
        offsets.push_back(static_cast<std::int32_t>(items.size()));
      }
    }
    return nb::make_tuple(array<std::int32_t>(std::move(offsets)), array<Row>(std::move(items)));
  }

 private:
  static embed::WalkOptions walks_of(std::size_t walk_length, float p, float q,
                                     std::uint64_t seed) {
    if (walk_length < 1 || !(p > 0) || !(q > 0))
      invalid("a walk has at least one item, and p and q are above 0");
    embed::WalkOptions options;
    options.walk_length = walk_length;
    options.p = p;
    options.q = q;
    options.seed = seed;
    return options;
  }

  WalkedGraph walked_;
};

}  // namespace

WalkedGraph::WalkedGraph(const In<std::uint64_t>& offsets, const In<std::uint32_t>& targets,
                         const In<float>& weights, const embed::WalkOptions& options) {
  check_lists(offsets, targets, offsets.size() - 1);
  if (weights.size() != targets.size()) invalid("there must be as many weights as targets");
  graph.offsets = vector_of(offsets);
  graph.targets = vector_of(targets);
  graph.weights = vector_of(weights);
  sampler = std::make_unique<embed::WalkSampler>(graph, options);
}

void add_walks(nb::module_& module) {
  nb::class_<Walks>(module, "Walks", "Random walks on a graph of items.")
      .def(nb::init<In<std::uint64_t>, In<std::uint32_t>, In<float>, std::size_t, float, float,
                    std::uint64_t>(),
           nb::arg("offsets"), nb::arg("targets"), nb::arg("weights"), nb::arg("walk_length"),
           nb::arg("p"), nb::arg("q"), nb::arg("seed"))
      .def("walk", &Walks::walk, nb::arg("nodes"), nb::arg("numbers"), nb::arg("epoch"));
}

}  // namespace sparrow::python
