#include "sparrow/api/routes.h"

#include <algorithm>
#include <array>

#include "sparrow/api/handlers.h"

namespace sparrow::api {
namespace {

using enum Cost;
using enum Role;
constexpr auto kOften = Route::Limited::kNo;  // asked by machines that watch
constexpr auto kLimited = Route::Limited::kYes;
constexpr auto kAgain = Route::Kept::kYes;
constexpr auto kNew = Route::Kept::kNo;
constexpr auto kLists = Route::Lists::kYes;

// Most asked first: the table is searched from the top.
// clang-format off
constexpr Route kRoutes[] = {
    {"GET",    "/api/v1/items/{item}/similar",   get_similar,       Endpoint::kSimilar,    kNone,   kList,  kLimited, kAgain, kLists},
    {"GET",    "/api/v1/items/{item}",           get_item,          Endpoint::kItem},
    {"GET",    "/api/v1/items/{item}/rows",      get_shelves,       Endpoint::kRows,       kNone,   kList,  kLimited, kAgain, kLists},
    {"PUT",    "/api/v1/items/{id}",             put_item,          Endpoint::kAdmin,      kEditor, kSlow},
    {"PATCH",  "/api/v1/items/{id}",             patch_item,        Endpoint::kAdmin,      kEditor, kSlow},
    {"DELETE", "/api/v1/items/{id}",             delete_item,       Endpoint::kAdmin,      kEditor, kSlow},
    {"GET",    "/api/v1/items",                  get_items,         Endpoint::kItem},
    {"POST",   "/api/v1/items",                  post_items,        Endpoint::kAdmin,      kEditor, kSlow},
    {"GET",    "/api/v1/search",                 get_search,        Endpoint::kSearch},
    {"GET",    "/api/v1/similar",                get_mix,           Endpoint::kSimilar,    kNone,   kList,  kLimited, kNew,   kLists},
    {"POST",   "/api/v1/similar",                post_similar,      Endpoint::kSimilar,    kNone,   kSlow},
    {"POST",   "/api/v1/batch",                  post_batch,        Endpoint::kSimilar,    kNone,   kHeavy},
    {"GET",    "/api/v1/explain",                get_explain,       Endpoint::kExplain,    kNone,   kSlow},
    {"GET",    "/api/v1/home",                   get_home,          Endpoint::kHome,       kNone,   kSlow},
    {"GET",    "/posters/{item}",                get_poster,        Endpoint::kPage,       kNone,   kSlow},
    {"GET",    "/api/v1/genres",                 get_genres,        Endpoint::kItem},
    {"GET",    "/api/v1/config",                 get_config,        Endpoint::kAdmin},
    {"GET",    "/api/v1/models",                 get_models,        Endpoint::kAdmin,      kNone,   kSlow},
    {"GET",    "/api/v1/models/{name}/map",      get_map,           Endpoint::kAdmin,      kNone,   kSlow},
    {"GET",    "/api/v1/models/{name}/health",   get_health,        Endpoint::kAdmin,      kNone,   kHeavy},
    {"POST",   "/api/v1/models/{name}/promote",  post_promote,      Endpoint::kAdmin,      kAdmin,  kSlow},
    {"POST",   "/api/v1/models/{name}/rollback", post_rollback,     Endpoint::kAdmin,      kAdmin,  kSlow},
    {"GET",    "/api/v1/data",                   get_data,          Endpoint::kAdmin,      kNone,   kSlow},
    {"GET",    "/api/v1/evaluations",            get_evaluations,   Endpoint::kAdmin,      kNone,   kHeavy},
    {"GET",    "/api/v1/evaluations/{file}",     get_evaluation,    Endpoint::kAdmin,      kNone,   kSlow},
    {"GET",    "/api/v1/judgements",             get_judgements,    Endpoint::kAdmin,      kNone,   kHeavy},
    {"POST",   "/api/v1/judgements",             post_judgements,   Endpoint::kAdmin,      kNone,   kSlow},
    {"POST",   "/api/v1/judgements/import",      import_judgements, Endpoint::kAdmin,      kNone,   kHeavy},
    {"GET",    "/api/v1/seeds",                  get_seeds,         Endpoint::kAdmin,      kNone,   kHeavy},
    {"GET",    "/api/v1/votes",                  get_votes,         Endpoint::kAdmin,      kNone,   kHeavy},
    {"POST",   "/api/v1/votes",                  post_votes,        Endpoint::kAdmin,      kNone,   kSlow},
    {"GET",    "/api/v1/reports",                get_reports,       Endpoint::kAdmin,      kNone,   kHeavy},
    {"POST",   "/api/v1/reports",                post_reports,      Endpoint::kAdmin,      kEditor, kSlow},
    {"POST",   "/api/v1/feedback",               post_feedback,     Endpoint::kAdmin,      kNone,   kSlow},
    {"POST",   "/api/v1/events",                 post_events,       Endpoint::kEvents,     kNone,   kSlow},
    {"GET",    "/api/v1/events",                 get_events,        Endpoint::kAdmin,      kViewer, kSlow},
    {"GET",    "/api/v1/events/summary",         get_event_summary, Endpoint::kAdmin,      kViewer, kHeavy},
    {"GET",    "/api/v1/usage",                  get_usage,         Endpoint::kAdmin,      kNone,   kHeavy},
    {"DELETE", "/api/v1/users/{id}",             delete_user,       Endpoint::kAdmin,      kAdmin,  kHeavy},
    {"GET",    "/api/v1/scenarios",              get_scenarios,     Endpoint::kAdmin},
    {"PUT",    "/api/v1/scenarios",              put_scenarios,     Endpoint::kAdmin,      kEditor, kSlow},
    {"GET",    "/api/v1/experiments",            get_experiments,   Endpoint::kAdmin},
    {"PUT",    "/api/v1/experiments",            put_experiments,   Endpoint::kAdmin,      kEditor, kSlow},
    {"GET",    "/api/v1/experiments/options",           get_experiment_options, Endpoint::kAdmin},
    {"GET",    "/api/v1/experiments/splits",            get_experiment_splits,  Endpoint::kAdmin, kNone,   kHeavy},
    {"GET",    "/api/v1/experiments/size",              get_experiment_size,    Endpoint::kAdmin, kNone,   kHeavy},
    {"GET",    "/api/v1/experiments/{name}/report",     get_experiment_report, Endpoint::kAdmin, kNone,   kHeavy},
    {"GET",    "/api/v1/experiments/{name}/assignment", get_assignment,        Endpoint::kAdmin, kNone,   kSlow},
    {"POST",   "/api/v1/experiments/{name}/decision",   post_decision,         Endpoint::kAdmin, kEditor, kSlow},
    {"GET",    "/api/v1/rules",                  get_rules,         Endpoint::kAdmin},
    {"PUT",    "/api/v1/rules",                  put_rules,         Endpoint::kAdmin,      kEditor, kSlow},
    {"POST",   "/api/v1/rules/what-if",          post_what_if,      Endpoint::kAdmin,      kNone,   kHeavy},
    {"GET",    "/api/v1/status",                 get_status,        Endpoint::kAdmin},
    {"GET",    "/api/v1/version",                get_version,       Endpoint::kAdmin},
    {"GET",    "/api/v1/healthz",                get_alive,         Endpoint::kOther,      kNone,   kQuick, kOften},
    {"GET",    "/api/v1/readyz",                 get_ready,         Endpoint::kOther,      kNone,   kQuick, kOften},
    {"GET",    "/metrics",                       get_metrics,       Endpoint::kOther,      kNone,   kQuick, kOften},
    {"GET",    "/getmovie",                      get_srs_movie,     Endpoint::kCompatible},
    {"GET",    "/getsimilarmovie",               get_srs_similar,   Endpoint::kCompatible, kNone,   kList,  kLimited, kNew,   kLists},
    {"GET",    "/getrecommendation",             get_srs_genre,     Endpoint::kCompatible},
    {"GET",    "/getuser",                       get_srs_user,      Endpoint::kCompatible},
    {"GET",    "/getrecforyou",                  get_srs_for_user,  Endpoint::kCompatible, kNone,   kList,  kLimited, kNew,   kLists},
};
// clang-format on

// A pattern around its one parameter, if it has one.
struct Shape {
  std::string_view before;
  std::string_view after;
  bool parameter = false;
};

constexpr Shape shape_of(std::string_view pattern) {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos) return {pattern, {}, false};
  return {pattern.substr(0, open), pattern.substr(pattern.find('}') + 1), true};
}

constexpr auto kShapes = [] {
  std::array<Shape, std::size(kRoutes)> shapes{};
  for (std::size_t i = 0; i < shapes.size(); ++i) shapes[i] = shape_of(kRoutes[i].pattern);
  return shapes;
}();

// Whether the path has this shape; then its parameter, if there is one.
bool has_shape(std::string_view path, const Shape& shape, std::string_view& parameter) {
  if (!shape.parameter) return path == shape.before;
  if (path.size() <= shape.before.size() + shape.after.size() || !path.starts_with(shape.before) ||
      !path.ends_with(shape.after))
    return false;
  parameter =
      path.substr(shape.before.size(), path.size() - shape.before.size() - shape.after.size());
  return parameter.find('/') == std::string_view::npos;
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

RouteMatch find_route(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  RouteMatch match;
  for (std::size_t i = 0; i < std::size(kRoutes); ++i) {
    if (!has_shape(path, kShapes[i], match.parameter)) continue;
    match.path_known = true;
    if (kRoutes[i].method != method) continue;
    match.route = &kRoutes[i];
    return match;
  }
  return match;
}

std::string allowed_methods(std::string_view path) {
  std::vector<std::string_view> methods;
  std::string_view ignored;
  for (std::size_t i = 0; i < std::size(kRoutes); ++i) {
    if (has_shape(path, kShapes[i], ignored)) methods.push_back(kRoutes[i].method);
  }
  if (methods.empty()) methods.push_back("GET");
  std::string all;
  if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) all = "GET, HEAD, ";
  all += "OPTIONS";
  for (const auto method : methods) {
    if (method == "GET") continue;
    all += ", ";
    all += method;
  }
  return all;
}

std::string path_of(Handle handle, std::string_view parameter) {
  const auto* const route = std::find_if(std::begin(kRoutes), std::end(kRoutes),
                                         [&](const Route& r) { return r.handle == handle; });
  SPARROW_CHECK(route != std::end(kRoutes));
  const Shape shape = shape_of(route->pattern);
  std::string path(shape.before);
  path += parameter;
  path += shape.after;
  return path;
}

}  // namespace sparrow::api
