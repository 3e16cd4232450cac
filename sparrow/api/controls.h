// What a request may ask of a list, from query parameters or JSON, validated.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sparrow/http/query.h"
#include "sparrow/live/snapshot.h"
#include "sparrow/rank/recommender.h"

namespace sparrow::api {

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

// Fills size, offset and controls; errors go to the query. A named `row` restricts the channels.
void read_controls(http::Query& query, const live::Snapshot& now, FilterCache& filters,
                   rank::Request& request);

// "1,589:0.5": ids, each with an optional weight, times `sign`.
void read_seeds(http::Query& query, std::string_view name, const live::Snapshot& now, float sign,
                std::vector<rank::Seed>& seeds);

// Restricts a request to one of the named rows of a movie page: watched-together, similar-story,
// same-people-or-series, hidden-gems. False when the name is not known.
bool apply_row(std::string_view row, const live::Snapshot& now, FilterCache& filters,
               rank::Controls& controls);

}  // namespace sparrow::api
