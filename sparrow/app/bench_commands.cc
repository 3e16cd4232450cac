// bench: the table of what can be measured.

#include <map>
#include <memory>

#include "sparrow/app/bench.h"

namespace sparrow::app {
namespace {

constexpr Subcommand kParts[] = {
    {"store", "Stores beside bare hiredis and RocksDB", add_bench_store},
};

}  // namespace

Command add_bench(CLI::App& sub) {
  sub.require_subcommand(1);
  auto commands = std::make_shared<std::map<const CLI::App*, Command>>();
  for (const Subcommand& part : kParts) {
    CLI::App* child = sub.add_subcommand(part.name, part.summary);
    (*commands)[child] = part.add(*child);
  }
  return [commands, &sub](const Context& context) {
    return commands->at(sub.get_subcommands().front())(context);
  };
}

}  // namespace sparrow::app
