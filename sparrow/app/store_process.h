// Changes to a RocksDB store on behalf of a server, each made by a process of its own: Debian's
// RocksDB is built with assertions and ends its process on a full disk, which must not be the one
// that answers requests. Other stores are servers themselves and are written to directly.
#pragma once

#include <string>
#include <vector>

#include "sparrow/app/command.h"

namespace sparrow::app {

// Whether changes to this store need a process of their own.
bool needs_own_process(const Context& context);

// Runs `sparrow ARGUMENTS...` on the context's home and store; waits for it. Its error, or
// kExhausted when it was ended by the store's library.
Result<void> run_sparrow(const Context& context, const std::vector<std::string>& arguments);

}  // namespace sparrow::app
