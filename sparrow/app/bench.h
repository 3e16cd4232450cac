// The parts of `sparrow bench`; bench_commands.cc has their table.
#pragma once

#include "sparrow/app/command.h"

namespace sparrow::app {

// Stores: bulk writes and reads beside the bare libraries; publish and load of a large model.
Command add_bench_store(CLI::App& sub);

}  // namespace sparrow::app
