// Files of experiments: read or refused with a reason; what was read is written so that it is read
// again as the same, and units can be assigned.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/experiment/experiment_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sparrow::experiment;
  const auto file = parse_experiment_file({reinterpret_cast<const char*>(data), size});
  if (!file) {
    if (file.error().message.empty()) std::abort();
    return 0;
  }
  const std::string text = to_json(*file).dump();
  const auto again = parse_experiment_file(text);
  if (!again || to_json(*again).dump() != text) std::abort();
  for (const Experiment& experiment : file->experiments) {
    const Variant* variant = assign(experiment, "user");
    if (variant == nullptr && experiment.layer.empty()) std::abort();
  }
  return 0;
}
