// Routes: every endpoint is one row of one table. Methods, authorization, rate limits, the thread
// that answers, kept answers and the labels of metrics all follow from it, and a test compares it
// with docs/api/openapi.json. A new endpoint is one row here and one function in handlers.h.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/api/context.h"

namespace sparrow::api {

using Handle = void (*)(Context& c, http::Response& response);

// What a request costs at most, and so which thread answers it.
enum class Cost {
  kQuick,  // microseconds; by the thread that read the request
  kList,   // one list or a few; quick, unless a remote ranker is asked
  kSlow,   // waits for a disk or a peer, or takes milliseconds: by a pool of its own
  kHeavy,  // up to seconds: by another pool, and a few a minute for those who have no token
};

struct Route {
  enum class Limited { kNo, kYes };
  enum class Kept { kNo, kYes };
  enum class Lists { kNo, kYes };

  std::string_view method;   // GET answers HEAD as well
  std::string_view pattern;  // {item}: the id of an item that is there; {id}, {name}: any text
  Handle handle = nullptr;
  Endpoint endpoint = Endpoint::kOther;  // the label of metrics
  Role role = Role::kNone;               // that the request's token must have
  Cost cost = Cost::kQuick;
  Limited limited = Limited::kYes;  // by --requests-per-second
  Kept kept = Kept::kNo;     // whether equal questions get the same answer until lists change
  Lists lists = Lists::kNo;  // whether scenarios and experiments have a say; by query
};

std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  // null: see `methods`
  std::string_view parameter;    // of the path, not decoded
  bool path_known = false;       // an endpoint has this path, perhaps with another method
};
// O(routes); no allocation.
RouteMatch find_route(std::string_view method, std::string_view path);

// "GET, HEAD, OPTIONS, POST": what is answered at this path; pages for one that no endpoint has.
std::string allowed_methods(std::string_view path);

// The path of an endpoint, for links: path_of(get_item, "589").
std::string path_of(Handle handle, std::string_view parameter = {});

}  // namespace sparrow::api
