// Files of rules, as subcommands read them.
#pragma once

#include <filesystem>
#include <memory>

#include "sparrow/app/command.h"
#include "sparrow/rank/rules.h"

namespace sparrow::app {

using RulesPtr = std::shared_ptr<const rank::Rules>;

// Errors: those of reading; kInvalidInput naming the file and the rule.
Result<RulesPtr> read_rules(const std::filesystem::path& file, const recall::ItemFacts& facts,
                            rank::Rules::Faulty faulty = rank::Rules::Faulty::kRefused);
// The rules of the home; none where there is no file.
Result<RulesPtr> present_rules(const Context& context, const recall::ItemFacts& facts);

}  // namespace sparrow::app
