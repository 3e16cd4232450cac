// Walks on the item graph for the tasks of a cluster, each with the graph and some of the starts.
#pragma once

#include <memory>

#include "arrays.h"
#include <nanobind/nanobind.h>

#include "sparrow/data/item_graph.h"
#include "sparrow/embed/random_walk.h"

namespace sparrow::python {

// The graph as CSR (nodes + 1 offsets, targets ascending within a node), checked, with its sampler.
struct WalkedGraph {
  WalkedGraph(const In<std::uint64_t>& offsets, const In<std::uint32_t>& targets,
              const In<float>& weights, const embed::WalkOptions& options);
  WalkedGraph(const WalkedGraph&) = delete;
  WalkedGraph& operator=(const WalkedGraph&) = delete;

  data::ItemGraph graph;
  std::unique_ptr<embed::WalkSampler> sampler;  // refers to graph
};

void add_walks(nanobind::module_& module);

}  // namespace sparrow::python
