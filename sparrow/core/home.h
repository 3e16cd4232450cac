// Home: the one folder that the program writes to (SPARROW_HOME), and what lies where in it.
#pragma once

#include <filesystem>

namespace sparrow {

struct Home {
  std::filesystem::path root;
  std::filesystem::path prepared() const { return root / "prepared"; }
  std::filesystem::path models() const { return root / "models"; }
  std::filesystem::path text() const { return root / "text"; }  // table of token vectors
  std::filesystem::path evaluations() const { return root / "evaluations"; }
  std::filesystem::path default_store() const { return root / "store"; }
  std::filesystem::path served() const { return root / "served"; }  // what to serve with no store
  std::filesystem::path posters() const { return root / "posters.db"; }
  std::filesystem::path rules() const { return root / "rules.json"; }
  std::filesystem::path changed_items() const { return root / "items.jsonl"; }
};

}  // namespace sparrow
