#include "sparrow/app/build_info.h"

#include <nlohmann/json.hpp>

#include "sparrow/core/simd/kernels.h"

namespace sparrow::app {

std::string version_text() { return std::string("sparrow ") + build_info().version; }

std::string version_json() {
  const BuildInfo info = build_info();
  nlohmann::json libraries = nlohmann::json::object();
  for (const Library& library : info.libraries) libraries[library.name] = library.version;
  const nlohmann::json body = {
      {"name", "sparrow"},         {"version", info.version},       {"commit", info.commit},
      {"compiler", info.compiler}, {"build_type", info.build_type}, {"simd", simd::active_target()},
      {"licence", "Apache-2.0"},   {"libraries", libraries}};
  return body.dump(2);
}

}  // namespace sparrow::app
