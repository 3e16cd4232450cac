// What `sparrow doctor` looks at. Every check answers with findings and never fails itself.
#pragma once

#include <string>
#include <vector>

#include "sparrow/app/command.h"
#include "sparrow/app/serve_options.h"

namespace sparrow::app {

enum class Health { kGood, kNotice, kFault };

struct Finding {
  Health health = Health::kGood;
  std::string topic;   // "memory"
  std::string text;    // what is
  std::string advice;  // what to do; empty when good
};

using Findings = std::vector<Finding>;

void check_machine(const Context& context, const ServeArguments& serve, Findings& findings);
void check_clock(const Context& context, Findings& findings);
void check_home_folder(const Context& context, Findings& findings);
void check_data(const Context& context, Findings& findings);
void check_models(const Context& context, Findings& findings);
void check_memory(const Context& context, Findings& findings);
void check_journals(const Context& context, Findings& findings);
void check_network(const Context& context, const ServeArguments& serve, Findings& findings);

}  // namespace sparrow::app
