#include "sparrow/api/routes.h"

#include <algorithm>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sparrow/api/handlers.h"

namespace sparrow::api {
namespace {

// "GET /api/v1/items/{}": with the parameter's name taken out.
std::string key_of(std::string_view method, std::string_view path) {
  std::string key(method);
  key += ' ';
  bool inside = false;
  for (const char c : path) {
    if (c == '}') inside = false;
    if (!inside) key += c;
    if (c == '{') inside = true;
  }
  return key;
}

TEST(Routes, AreThoseOfOpenApiInBothDirections) {
  std::ifstream file("docs/api/openapi.json");
  ASSERT_TRUE(file) << "run from the root of the repository";
  const auto document = nlohmann::json::parse(file);
  std::set<std::string> described;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      described.insert(key_of(upper, path));
    }
  }
  std::set<std::string> answered;
  for (const Route& route : routes()) answered.insert(key_of(route.method, route.pattern));
  answered.erase("GET /metrics");  // Prometheus text, not part of the contract
  EXPECT_EQ(answered, described);
}

TEST(Routes, FindTheHandlerAndTheParameter) {
  const RouteMatch list = find_route("GET", "/api/v1/items/a%2Fb/similar");
  ASSERT_NE(list.route, nullptr);
  EXPECT_EQ(list.route->handle, &get_similar);
  EXPECT_EQ(list.parameter, "a%2Fb");
  EXPECT_EQ(find_route("HEAD", "/api/v1/items/1").route->handle, &get_item);
  EXPECT_EQ(find_route("PUT", "/api/v1/items/1").route->handle, &put_item);
  EXPECT_EQ(find_route("GET", "/api/v1/items").route->handle, &get_items);
  for (const char* path :
       {"/api/v1/items/", "/api/v1/items/1/2/similar", "/api/v1/items/1/similar/",
        "/api/v1/ITEMS/1", "/api/v1/models//map", "/", "/movie.html"})
    EXPECT_FALSE(find_route("GET", path).path_known) << path;
}

TEST(Routes, TellWhichMethodsAPathAnswers) {
  EXPECT_EQ(allowed_methods("/api/v1/items/1"), "GET, HEAD, OPTIONS, PUT, PATCH, DELETE");
  EXPECT_EQ(allowed_methods("/api/v1/batch"), "OPTIONS, POST");
  EXPECT_EQ(allowed_methods("/movie.html"), "GET, HEAD, OPTIONS");
  const RouteMatch batch = find_route("GET", "/api/v1/batch");
  EXPECT_EQ(batch.route, nullptr);
  EXPECT_TRUE(batch.path_known);
}

TEST(Routes, EveryWritingEndpointIsOffTheThreadsThatRead) {
  for (const Route& route : routes()) {
    if (route.method == "GET") continue;
    EXPECT_NE(route.cost, Cost::kQuick) << route.method << ' ' << route.pattern;
    EXPECT_NE(route.cost, Cost::kList) << route.method << ' ' << route.pattern;
  }
}

// An id may end in anything: only the health endpoints themselves are free of the rate limit.
TEST(Routes, OnlyWhatMachinesWatchIsFreeOfTheRateLimit) {
  for (const Route& route : routes()) {
    const bool watched = route.pattern == "/metrics" || route.pattern == "/api/v1/healthz" ||
                         route.pattern == "/api/v1/readyz";
    EXPECT_EQ(route.limited == Route::Limited::kNo, watched) << route.pattern;
  }
  EXPECT_EQ(find_route("GET", "/api/v1/items/readyz").route->limited, Route::Limited::kYes);
  EXPECT_EQ(find_route("GET", "/api/v1/thz").route, nullptr);
}

TEST(Routes, PathsForLinks) {
  EXPECT_EQ(path_of(get_similar, "589"), "/api/v1/items/589/similar");
  EXPECT_EQ(path_of(get_config), "/api/v1/config");
}

}  // namespace
}  // namespace sparrow::api
