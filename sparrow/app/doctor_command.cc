// doctor: what is wrong with machine, home, data, models and network, and what to do about it.
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/doctor_checks.h"

namespace sparrow::app {
namespace {

const char* word_of(Health health) {
  return health == Health::kGood ? "ok" : health == Health::kNotice ? "note" : "FAULT";
}

void print_findings(const Context& context, const Findings& findings) {
  if (!context.json) {
    for (const Finding& f : findings) {
      fmt::print("{:<6}{:<10}{}\n", word_of(f.health), f.topic, f.text);
      if (!f.advice.empty()) fmt::print("                -> {}\n", f.advice);
    }
    return;
  }
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& f : findings)
    list.push_back(
        {{"state", word_of(f.health)}, {"topic", f.topic}, {"text", f.text}, {"advice", f.advice}});
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<void> examine(const Context& context, ServeArguments& serve) {
  Findings findings;
  if (auto read = read_serve_arguments(serve); !read)
    findings.push_back({Health::kFault, "settings", read.error().message,
                        "`sparrow config explain` shows where each setting comes from"});
  check_machine(context, serve, findings);
  check_memory(context, findings);
  check_clock(context, findings);
  check_home_folder(context, findings);
  check_data(context, findings);
  check_models(context, findings);
  check_journals(context, findings);
  check_network(context, serve, findings);
  print_findings(context, findings);
  const auto faults = std::count_if(findings.begin(), findings.end(),
                                    [](const Finding& f) { return f.health == Health::kFault; });
  if (faults == 0) return {};
  return Error{ErrorCode::kUnavailable, fmt::format("{} fault{}; the arrows say what to do", faults,
                                                    faults == 1 ? "" : "s")};
}

}  // namespace

Command add_doctor(CLI::App& sub) {
  auto o = std::make_shared<ServeArguments>();
  add_serve_options(sub, *o);
  return [o](const Context& context) { return examine(context, *o); };
}

}  // namespace sparrow::app
