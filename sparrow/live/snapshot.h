// Snapshot: all that one request reads, swapped as a whole while others are under way.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/live/catalog_view.h"
#include "sparrow/live/served_model.h"
#include "sparrow/picture/posters.h"
#include "sparrow/rank/rules.h"
#include "sparrow/recall/live_signals.h"

namespace sparrow::live {

// Which items may be shown now.
struct CandidatePool {
  std::vector<std::uint8_t> hidden;  // one byte a catalogue row; empty: everything may be shown
  std::size_t hidden_items = 0;
  std::string source = "catalogue";  // never with a password
  std::string refreshed;             // RFC 3339, UTC; empty: never
  std::string error;                 // of the last refresh; the last good pool stays
};

struct Snapshot {
  std::uint64_t lists = 0;  // another number whenever a list could be another one
  std::shared_ptr<const CatalogView> view;
  std::map<std::string, std::shared_ptr<const ServedModel>, std::less<>> models;
  std::shared_ptr<const rank::Rules> rules;   // never null
  std::shared_ptr<const CandidatePool> pool;  // never null
  // One byte a catalogue row, or empty: what the pool or the catalogue hides. Never null.
  std::shared_ptr<const std::vector<std::uint8_t>> hidden;
  std::shared_ptr<const recall::LiveSignals> live;  // of recent events; null: there were none
  std::shared_ptr<const picture::Posters> posters;  // null: there are none
  std::string degraded;                             // the store's trouble; empty: none

  // Whether an item may stand in a list now. Whoever lists items asks this, or hands `hidden` to
  // the recommender.
  bool may_show(Row row) const { return hidden->empty() || (*hidden)[row] == 0; }
  // The model for requests that name none: the configured one, else the only one; null where there
  // is neither.
  const std::shared_ptr<const ServedModel>& default_model(std::string_view configured) const {
    static const std::shared_ptr<const ServedModel> none;
    const auto found = models.find(configured);
    if (found != models.end()) return found->second;
    return models.size() == 1 ? models.begin()->second : none;
  }
};

}  // namespace sparrow::live
