#include "sparrow/app/rules_files.h"

#include "sparrow/core/file.h"

namespace sparrow::app {

Result<RulesPtr> read_rules(const std::filesystem::path& file, const recall::ItemFacts& facts,
                            rank::Rules::Faulty faulty) {
  const auto text = read_file(file);
  if (!text) return text.error();
  const auto parsed = nlohmann::json::parse(*text, nullptr, false);
  if (parsed.is_discarded())
    return Error{ErrorCode::kInvalidInput, file.string() + ": this is not JSON"};
  auto rules = rank::Rules::parse(parsed, facts, faulty);
  if (!rules) return Error{rules.error().code, file.string() + ": " + rules.error().message};
  return rules;
}

Result<RulesPtr> present_rules(const Context& context, const recall::ItemFacts& facts) {
  const auto file = context.paths().root / "rules.json";
  if (!std::filesystem::exists(file))
    return rank::Rules::parse({{"version", 0}, {"rules", nlohmann::json::array()}}, facts);
  return read_rules(file, facts, rank::Rules::Faulty::kRests);
}

}  // namespace sparrow::app
