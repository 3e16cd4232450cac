// Rules: what the owner of the lists wants whatever the model says: filters, boosts, pins, caps and
// blocked pairs. Kept as JSON (docs/formats.md), validated as a whole, immutable.
//
//   {"version": 3, "rules": [
//     {"type": "filter", "when": "genre = Children", "show": "not genre in (Horror, Crime)"},
//     {"type": "boost", "when": "country = Japan", "items": "country = Japan", "factor": 1.2},
//     {"type": "pin", "seed": "1", "items": ["3114"]},
//     {"type": "cap", "by": "series", "max": 3},
//     {"type": "block_pair", "a": "1", "b": "380"},
//     {"type": "boost", "items": "genre = Horror", "factor": 1.5, "set": "halloween"}]}
//
// A rule with a "set" holds only for lists that ask for that set (rules=halloween), beside the
// rules without one, which hold for all lists but those with rules=none.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/rank/filter.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::rank {

using FilterPtr = std::shared_ptr<const Filter>;

// How many of one kind a list may hold; 0: any number.
struct Caps {
  std::size_t genre = 0;
  std::size_t series = 0;
  std::size_t person = 0;
  bool any() const { return genre + series + person > 0; }
};

struct Boost {
  FilterPtr when;  // on the seed; may be null
  FilterPtr items;
  float factor = 1;
};

class Rules {
 public:
  // What becomes of a rule that does not fit the catalogue: rules that people give are refused as a
  // whole; of those that were accepted before, such a rule rests until it fits again.
  enum class Faulty { kRefused, kRests };
  // At most 10,000 rules; "id" and "note" are texts. Errors: kInvalidInput naming the rule (from 1)
  // and what is wrong with it.
  static Result<std::shared_ptr<const Rules>> parse(const nlohmann::json& json,
                                                    const recall::ItemFacts& facts,
                                                    Faulty faulty = Faulty::kRefused);
  // Which rules rest, and why: "rule 3: there is no item \"7\"".
  const std::vector<std::string>& resting() const { return resting_; }
  // The rules without a set and those of this one; null: no rule names it.
  const Rules* in_set(std::string_view name) const;
  std::vector<std::string_view> sets() const;

  // Whether `item` may stand in a list of `seed`. `why` (may be null) gets the reason if not.
  bool allows(Row item, Row seed, std::string* why) const;
  float factor(Row item, Row seed) const;  // product of the boosts
  std::vector<Row> pins(Row seed) const;
  const Caps& caps() const { return caps_; }
  bool empty() const { return count_ == 0; }  // without those of sets
  // Whether any rule looks at this seed: the precomputed answer is then not enough.
  bool touches(Row seed) const;
  const nlohmann::json& source() const { return json_; }
  std::uint64_t version() const { return json_.value("version", std::uint64_t{0}); }

 private:
  struct Show {
    FilterPtr when;
    FilterPtr show;
  };
  struct Pin {
    Row seed = kNoRow;
    FilterPtr when;
    std::vector<Row> items;
  };
  Result<void> add_where_it_holds(const nlohmann::json& rule, const recall::ItemFacts& facts);
  Result<void> add(const nlohmann::json& rule, const recall::ItemFacts& facts);
  Result<void> add_filter(const nlohmann::json& rule, const FilterPtr& when,
                          const recall::ItemFacts& facts);
  Result<void> add_boost(const nlohmann::json& rule, const FilterPtr& when,
                         const recall::ItemFacts& facts);
  Result<void> add_pin(const nlohmann::json& rule, const FilterPtr& when,
                       const recall::ItemFacts& facts);
  Result<void> add_cap(const nlohmann::json& rule);
  Result<void> add_block(const nlohmann::json& rule, const recall::ItemFacts& facts);

  nlohmann::json json_;
  std::size_t count_ = 0;
  std::map<std::string, std::shared_ptr<Rules>, std::less<>> sets_;
  std::vector<std::string> resting_;
  std::vector<Show> filters_;
  std::vector<Boost> boosts_;
  std::vector<Pin> pins_;
  std::unordered_set<std::uint64_t> blocked_;
  std::unordered_set<Row> blocked_rows_;
  Caps caps_;
};

}  // namespace sparrow::rank
