#include "sparrow/core/process_numbers.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <sys/resource.h>
#include <unistd.h>

namespace sparrow {

std::vector<ProcessNumber> process_numbers() {
  std::vector<ProcessNumber> numbers;
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  if (statm >> pages >> resident) {
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    numbers.push_back({"process_resident_memory_bytes", "gauge", resident * page});
    numbers.push_back({"process_virtual_memory_bytes", "gauge", pages * page});
  }
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    numbers.push_back({"process_cpu_seconds_total", "counter",
                       seconds(usage.ru_utime) + seconds(usage.ru_stime)});
  }
  std::error_code code;
  const std::filesystem::directory_iterator open("/proc/self/fd", code);
  if (!code)
    numbers.push_back({"process_open_fds", "gauge",
                       static_cast<double>(std::distance(begin(open), end(open)) - 1)});
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0)
    numbers.push_back({"process_max_fds", "gauge", static_cast<double>(files.rlim_cur)});
  return numbers;
}

double free_bytes(const std::filesystem::path& path) {
  std::error_code code;
  const auto space = std::filesystem::space(path, code);
  return code ? -1 : static_cast<double>(space.available);
}

}  // namespace sparrow
