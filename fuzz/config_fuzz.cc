// Configuration files: understood, or refused with an error that CLI11 can show.
#include <cstdint>
#include <sstream>
#include <string>

#include "sparrow/app/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static CLI::App* app = [] {
    static CLI::App made;
    auto* serve = made.add_subcommand("serve");
    static int port = 0;
    static std::vector<std::string> lists;
    static bool flag = false;
    serve->add_option("--port", port)->check(CLI::Range(0, 65535));
    serve->add_option("--cors", lists);
    serve->add_flag("--log-json", flag);
    return &made;
  }();
  const sparrow::app::ConfigFile file(*app);
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  try {
    file.from_config(in);
  } catch (const CLI::Error&) {
  }
  return 0;
}
