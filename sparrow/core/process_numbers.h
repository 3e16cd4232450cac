// What the system knows of this process, under the names that Prometheus' own clients use.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sparrow {

struct ProcessNumber {
  std::string name;
  std::string type;  // "gauge", "counter"
  double value = 0;
};

// Memory, processor time, files. What the system does not tell is left out.
std::vector<ProcessNumber> process_numbers();

// Bytes free for this user where `path` is; negative when that cannot be told.
double free_bytes(const std::filesystem::path& path);

}  // namespace sparrow
