// What this binary was made of; the definition is generated (cmake/write_build_info.cmake).
#pragma once

#include <span>
#include <string>

namespace sparrow::app {

struct Library {
  const char* name;
  const char* version;  // of the headers it was compiled with
};

struct BuildInfo {
  const char* version;
  const char* commit;  // git's; "+" behind it: files differed from it; "unknown": no clone
  const char* compiler;
  const char* build_type;
  std::span<const Library> libraries;
};

BuildInfo build_info();

// "sparrow 0.3.0", or all of it as JSON, with the instruction set that is in use.
std::string version_text();
std::string version_json();

}  // namespace sparrow::app
