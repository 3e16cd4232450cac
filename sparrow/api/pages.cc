// The pages: files of web/, compiled into the binary (web_files.h).
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/api/routes.h"
#include "sparrow/api/web_files.h"
#include "sparrow/http/negotiation.h"

namespace sparrow::api {
namespace {

// What the film's page asks for first (web/movie_data.js), named in the answer that brings the
// page: the browser then asks before the page's scripts are there. The addresses must be those of
// the page to the letter, so not where it sets controls.
void add_preloads(Context& c, http::Response& response) {
  c.query.allow_only({"movieId", "lang", "theme"});
  const std::string id = c.query.text("movieId").value_or("");
  const auto plain = [](char x) {
    return (x >= '0' && x <= '9') || (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || x == '-' ||
           x == '_' || x == '.';
  };
  if (c.query.error() || !c.view.find(id) || !std::all_of(id.begin(), id.end(), plain)) return;
  constexpr std::string_view kFetch = "; rel=preload; as=fetch; crossorigin";
  response.headers +=
      fmt::format("Link: <{}?size=24&reasons=true>{}, <{}>{}, <{}>{}\r\n", path_of(get_similar, id),
                  kFetch, path_of(get_item, id), kFetch, path_of(get_config), kFetch);
}

}  // namespace

void serve_file(Context& c, http::Response& response) {
  std::string_view path = c.request.path == "/" ? std::string_view("/index.html") : c.request.path;
  // "/~VERSION/movie.js": never changes, so a browser need not ask again. A page of a version
  // before that is still open gets what there is now, for once.
  bool forever = false;
  if (path.starts_with("/~")) {
    const auto end = std::min(path.find('/', 2), path.size());
    forever = path.substr(2, end - 2) == web_version();
    path.remove_prefix(end);
  }
  const auto files = web_files();
  auto file =
      std::find_if(files.begin(), files.end(), [&](const WebFile& f) { return f.path == path; });
  if (file == files.end()) {
    response.status = 404;
    forever = false;
    file = std::find_if(files.begin(), files.end(),
                        [](const WebFile& f) { return f.path == "/404.html"; });
    if (file == files.end())
      return http::write_error(response, 404, "not_found", "there is no such page");
  }
  const std::string images =
      c.services.options.poster_url.empty() ? "'self' data:" : "'self' data: https: http:";
  const bool packed = http::accepts_gzip(c.request.accept_encoding);
  std::string etag(file->etag);
  if (packed) etag.insert(etag.size() - 1, "-gzip");  // other bytes, other tag
  response.headers += fmt::format(
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
      "{}; connect-src 'self'; base-uri 'none'; form-action 'self'; "
      "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\nCache-Control: {}\r\nETag: "
      "{}\r\nVary: Accept-Encoding\r\n",
      images, forever ? "public, max-age=31536000, immutable" : "no-cache", etag);
  if (path == "/movie.html") add_preloads(c, response);
  if (response.status == 200 && http::has_etag(c.request.if_none_match, etag)) {
    response.status = 304;
    return;
  }
  if (packed) response.headers += "Content-Encoding: gzip\r\n";
  response.content_type = file->content_type;
  response.body.assign(packed ? file->gzip : file->bytes);
}

}  // namespace sparrow::api
