// What `sparrow bench PART` runs: each part measures Sparrow beside its peers and returns a section
// of docs/benchmarks.md.
#pragma once

#include <filesystem>
#include <string>

#include "sparrow/app/command.h"
#include "sparrow/core/result.h"

namespace sparrow::app {

struct BenchOptions {
  std::filesystem::path work;               // generated logs are kept here
  std::filesystem::path scripts = "bench";  // peers in Python
  bool quick = false;                       // fewer runs, smaller logs
};

// CSV -> sequences, beside pandas. Errors: kCorrupt when the sequences differ.
Result<std::string> bench_prepare(const Context& context, const BenchOptions& options);

}  // namespace sparrow::app
