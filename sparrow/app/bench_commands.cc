// bench: one table of parts.

#include <fmt/format.h>

#include "sparrow/app/bench.h"

namespace sparrow::app {
namespace {

struct BenchPart {
  const char* name;
  const char* summary;
  Result<std::string> (*run)(const Context& context, const BenchOptions& options);
};

constexpr BenchPart kParts[] = {
    {"prepare", "CSV -> sequences, beside pandas", bench_prepare},
};

}  // namespace

Command add_bench(CLI::App& sub) {
  struct Options {
    BenchOptions bench;
    std::string part;
  };
  auto o = std::make_shared<Options>();
  std::vector<std::string> names;
  std::string help = "What to measure:";
  for (const BenchPart& part : kParts) {
    names.emplace_back(part.name);
    help += fmt::format(" {} ({})", part.name, part.summary);
  }
  sub.add_option("part", o->part, help)->required()->check(CLI::IsMember(names));
  sub.add_option("--work", o->bench.work, "Folder of generated logs; default: bench in the home");
  sub.add_option("--scripts", o->bench.scripts, "Folder of the peers' scripts")
      ->capture_default_str();
  sub.add_flag("--quick", o->bench.quick, "Fewer runs, smaller logs");
  return [o](const Context& context) -> Result<void> {
    BenchOptions options = o->bench;
    if (options.work.empty()) options.work = context.paths().root / "bench";
    for (const BenchPart& part : kParts) {
      if (o->part != part.name) continue;
      auto section = part.run(context, options);
      if (!section) return section.error();
      fmt::print("{}", *section);
    }
    return {};
  };
}

}  // namespace sparrow::app
