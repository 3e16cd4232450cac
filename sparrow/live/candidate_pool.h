// PoolSource: where the list of items that may be shown now comes from. Asked on a schedule by a
// thread of its own, never by a request.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/catalog.h"
#include "sparrow/live/snapshot.h"

namespace sparrow::live {

struct PoolOptions {
  // sqlite:FILE | postgresql://... | http://HOST[:PORT]/PATH | filter: | empty: everything
  std::string uri;
  // SQL that gives item ids in its first column (SQLite, PostgreSQL), or a filter (rank/filter.h)
  // over the catalogue (filter:).
  std::string query = "SELECT id FROM items WHERE available";
  std::chrono::milliseconds timeout{10'000};
};

class PoolSource {
 public:
  virtual ~PoolSource() = default;
  // Ids that may be shown. Bounded by the timeout and by 10 million ids. Errors: kUnavailable, and
  // kInvalidInput for a query that is wrong. SQLite is opened read-only; PostgreSQL runs the query
  // in a read-only transaction.
  virtual Result<std::vector<std::string>> ids() = 0;
  virtual std::string name() const = 0;  // for pages and logs: without user and password
};

// Errors: kInvalidInput for a URI that is not understood.
Result<std::unique_ptr<PoolSource>> open_pool_source(const PoolOptions& options);

// What is not among `ids` is hidden. Errors: kInvalidInput when no id is known, which would hide
// everything: the old pool then stays.
Result<CandidatePool> make_pool(const data::Catalog& catalog, const std::vector<std::string>& ids,
                                const std::string& source);

}  // namespace sparrow::live
