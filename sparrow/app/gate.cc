#include "sparrow/app/gate.h"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "sparrow/core/file.h"

namespace sparrow::app {

Result<std::vector<std::string>> check_gate(const nlohmann::json& report, const std::string& file,
                                            double tolerance) {
  auto text = read_file(file);
  if (!text) return text.error();
  const auto floors = nlohmann::json::parse(*text, nullptr, false);
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorCode::kInvalidInput, file + ": " + what};
  };
  if (!floors.is_object()) return wrong("is not a JSON object of metric: value");
  const auto& method = report["methods"][0];
  std::vector<std::string> said;
  for (const auto& [path, recorded] : floors.items()) {
    if (!recorded.is_number() || !path.starts_with('/'))
      return wrong(
          fmt::format("\"{}\" must be a pointer such as /held_out_users/hit, with a number",
                      path.substr(0, 64)));
    const nlohmann::json::json_pointer pointer(path);
    if (!method.contains(pointer) || !method.at(pointer).is_number())
      return wrong(fmt::format("the evaluation has no number \"{}\"", path.substr(0, 64)));
    const auto value = method.at(pointer).get<double>();
    const double limit = recorded.get<double>() * (1 - tolerance);
    said.push_back(
        fmt::format("{:<28} {:.4f}, recorded {:.4f}", path, value, recorded.get<double>()));
    if (value < limit)
      return Error{ErrorCode::kConflict,
                   fmt::format("{} fell to {:.4f}, below {:.4f} (recorded {:.4f} less {:.0f} %)",
                               path, value, limit, recorded.get<double>(), 100 * tolerance)};
  }
  return said;
}

Result<std::filesystem::path> keep_report(const Home& home, const std::string& text) {
  std::error_code ignored;
  std::filesystem::create_directories(home.evaluations(), ignored);
  const auto file =
      home.evaluations() / fmt::format("{:%Y%m%dT%H%M%SZ}-{}.json", fmt::gmtime(std::time(nullptr)),
                                       sha256_hex(text).substr(0, 8));
  if (auto written = write_file_atomically(file, text); !written) return written.error();
  return file;
}

}  // namespace sparrow::app
