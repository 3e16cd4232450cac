// State: what a running server holds. It owns the one Snapshot that requests read and is the only
// way to put another in its place; it knows nothing of HTTP.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/live/snapshot.h"

namespace sparrow::live {

// Safe for use by several threads.
class State {
 public:
  // Hears of each new trouble, in words. May be empty.
  using OnTrouble = std::function<void(const std::string&)>;

  explicit State(std::shared_ptr<const CatalogView> view, OnTrouble on_trouble = {});

  std::shared_ptr<const Snapshot> snapshot() const {
    const std::shared_lock lock(mutex_);
    return snapshot_;
  }

  // Serves this model from now on under its name; requests under way keep the one they have.
  void set_model(std::shared_ptr<const ServedModel> model);
  // What readyz tells, besides that no model is there; empty: nothing.
  void set_degraded(std::string reason);
  void set_pool(CandidatePool pool);
  void set_posters(std::shared_ptr<const picture::Posters> posters);
  // Does not count as another state of lists: answers that use them are not kept.
  void set_live(std::shared_ptr<const recall::LiveSignals> live);
  // Another state of the catalogue with models of it, swapped as a whole. Rows that the present one
  // has must mean the same items; rules are read anew. Errors: kInvalidInput when a rule does not
  // fit; nothing is then swapped.
  Result<void> set_catalog(std::shared_ptr<const CatalogView> view,
                           std::vector<std::shared_ptr<const ServedModel>> models);
  // Errors: kInvalidInput naming the rule; the old rules then stay.
  Result<void> set_rules(const nlohmann::json& rules);
  // Judged, written to HOME/rules.json (an empty home: not written) and put in force, in this
  // order; all or nothing. Errors: kInvalidInput naming the rule, those of the file.
  Result<void> replace_rules(const std::filesystem::path& home, const nlohmann::json& rules);
  // Reads HOME/rules.json, if it is there. A file that is no list of rules is set aside, a rule
  // that names what is gone rests; notices() says both.
  void load_rules(const std::filesystem::path& home);
  // What could not be read at the start, and which rules rest, in words.
  std::vector<std::string> notices() const;
  // One more of them. Before requests are answered.
  void add_notice(std::string notice) { start_notices_.push_back(std::move(notice)); }

 private:
  enum class Lists { kSame, kChanged };
  template <typename Change>
  void change(const Change& change, Lists lists = Lists::kChanged) {
    std::shared_ptr<const Snapshot> before;  // what only it holds goes after the lock
    const std::unique_lock lock(mutex_);
    auto next = std::make_shared<Snapshot>(*snapshot_);
    if (lists == Lists::kChanged) ++next->lists;
    change(*next);
    before = std::move(snapshot_);
    snapshot_ = std::move(next);
  }

  OnTrouble on_trouble_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<std::string> start_notices_;  // not changed while requests are answered
  std::mutex rules_mutex_;                  // rules and catalogue change one after the other
};

}  // namespace sparrow::live
