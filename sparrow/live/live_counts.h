// LiveCounts: what recent events say of items, kept with time decay: how much each is used, which
// are used more than before (trending), and which the same people use together (co-watch). All is
// plain arithmetic on events in any order; LiveFeed (live_feed.h) brings them and publishes.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/recall/live_signals.h"

namespace sparrow::live {

// One event that counts. 24 bytes.
struct LiveUse {
  std::uint64_t person = 0;  // hash of the user, or else of the session; not 0
  std::int64_t time_s = 0;
  Row row = kNoRow;
  float weight = 0;  // events::EventWeights
};

struct LiveCountsOptions {
  double recent_half_life_s = 6 * 3600;       // of what is compared
  double usual_half_life_s = 14 * 24 * 3600;  // of what it is compared with, and of pairs
  // One person counts once an item in this time, with the strongest of their events. Two items
  // that one person uses within it count as used together.
  std::int64_t window_s = 21'600;      // six hours
  double smoothing = 5;                // weight that every item has beside its own, then and now
  double prior_weight = 200;           // of the training log's popularity in what is usual
  double prior_people = 100;           // who used other things, in the lift of pairs
  std::size_t most_people = 100'000;   // whose last items are known; the idle go first
  std::size_t most_items_of_one = 20;  // last items of a person
  std::size_t most_partners = 64;      // of an item; the weakest goes first
  std::size_t most_pairs = 1'000'000;  // of all items, counted from both sides
  std::size_t most_trending = 300;     // published
  std::size_t most_partners_shown = 50;
};

// At most 32 bytes an item of the catalogue, 64 MB of people and 24 MB of pairs. Used by one thread
// at a time.
class LiveCounts {
 public:
  // start_s: from when on time is counted; events before it are fine.
  explicit LiveCounts(const LiveCountsOptions& options, std::int64_t start_s);

  // Room for the rows of a catalogue, and how much of the training log's use each item has. Rows
  // mean what they meant before.
  void set_items(std::vector<float> popularity);
  // O(items of the person x partners).
  void add(const LiveUse& use);
  // Forgets whose the last items were. Sums, which name nobody, stay.
  void forget(std::uint64_t person);

  struct Use {
    double recent = 0;    // decayed weight with the short half-life
    double usual = 0;     // with the long one
    double expected = 0;  // of `recent`, by the item's share before
  };
  Use use_of(Row row, std::int64_t now_s) const;
  // ln((recent + k) / (expected + k)), k the smoothing: one click on a rare item gives little.
  static double trend_of(const Use& use, double smoothing);
  // n of both, decayed, 0 where they are not known as a pair.
  double together(Row a, Row b, std::int64_t now_s) const;

  // O(items + pairs).
  recall::LiveSignals signals(std::int64_t now_s) const;

  struct Sizes {
    std::size_t people = 0;
    std::size_t pairs = 0;
  };
  Sizes sizes() const { return {people_.size(), pairs_}; }

 private:
  struct Sums {
    double recent = 0;  // weights, all as of start_s_: times 2^((t - start) / half-life)
    double usual = 0;
    double people = 0;  // how many used it, once a window, with the long half-life
  };
  struct Last {
    std::int64_t time_s;
    Row row;
    float weight;
  };
  struct Person {
    std::vector<Last> items;
    std::list<std::uint64_t>::iterator place;  // in idle_
  };
  struct Partner {
    Row row;
    float people;  // as of start_s_
  };

  double growth(double half_life_s, std::int64_t time_s) const;
  void shift_start(std::int64_t time_s);
  Person& person_of(std::uint64_t person);
  void add_weight(Row row, double weight, std::int64_t time_s);
  void add_pair(Row a, Row b, double amount);
  void add_partner(Row of, Row partner, double amount);
  void drop_weak_pairs();
  void find_trending(std::int64_t now_s, recall::LiveSignals& signals) const;
  void find_partners(std::int64_t now_s, recall::LiveSignals& signals) const;

  LiveCountsOptions options_;
  std::int64_t start_s_;
  std::vector<Sums> items_;
  Sums all_;
  double baskets_ = 0;  // windows of people, decayed as `people`
  std::vector<float> popularity_;
  double popularity_sum_ = 0;
  std::unordered_map<std::uint64_t, Person> people_;
  std::list<std::uint64_t> idle_;  // the last used last
  std::unordered_map<Row, std::vector<Partner>> partners_;
  std::size_t pairs_ = 0;
};

}  // namespace sparrow::live
