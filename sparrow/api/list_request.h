// From a request to what the Recommender is asked: the one way to a rank::Request. What may not be
// shown, the rules and the ranking come from the snapshot; everything else is read from query
// parameters or JSON and validated here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/http/query.h"
#include "sparrow/live/snapshot.h"
#include "sparrow/rank/recommender.h"

namespace sparrow::api {

struct Context;

// Parsed filters by text, so that a filter in use is evaluated over the catalogue once.
class FilterCache {
 public:
  Result<rank::FilterPtr> get(std::string_view text, const live::CatalogView& view);

 private:
  static constexpr std::size_t kMaxFilters = 256;
  std::mutex mutex_;
  std::map<std::string, rank::FilterPtr, std::less<>> filters_;
  std::uint64_t generation_ = 0;  // of the view that the filters belong to
};

// Names of all parameters that read_controls() and the list endpoints know.
const std::vector<std::string_view>& control_parameters();

// What the server says of every list: hidden items, rules, ranking. Views into the context's
// snapshot and services.
rank::Request start_request(const Context& c);

// Whether what the user liked is asked for: as seeds, or only to leave out what they know.
enum class UserSeeds { kNo, kYes };

// Fills size, offset and controls from the query, and leaves out what the query's user rated, hid,
// has seen or, with fatigue, was shown too often. Errors go to the query.
void read_controls(Context& c, rank::Request& request, UserSeeds user_seeds = UserSeeds::kNo);

// Adds what this user liked, newest last, as seeds, and leaves out everything they rated.
void add_history(const Context& c, std::uint32_t user, rank::Request& request);

// "1,589:0.5": ids, each with an optional weight, times `sign`.
void read_seeds(Context& c, std::string_view name, float sign, std::vector<rank::Seed>& seeds);

// The named shelves of an item's page.
inline constexpr std::string_view kShelves[] = {"watched-together", "similar-story",
                                                "same-people-or-series", "hidden-gems"};

// Restricts a request to one of the shelves. False when the name is not known.
bool apply_shelf(const Context& c, std::string_view shelf, rank::Controls& controls);

}  // namespace sparrow::api
