#include "sparrow/api/cards.h"

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/api/routes.h"
#include "sparrow/http/negotiation.h"
#include "sparrow/http/query.h"

namespace sparrow::api {
namespace {

// Null: the item has none.
const picture::Posters::Known* poster_of(const Context& c, Row row) {
  const auto& posters = c.now->posters;
  return posters == nullptr ? nullptr : posters->find(c.view.dataset->catalog[row].id);
}

// A template with the item's ids in it; empty: the item lacks one of them.
std::string filled(std::string_view address, const data::Item& item) {
  std::string all;
  while (true) {
    const auto open = address.find('{');
    all += address.substr(0, open);
    if (open == std::string_view::npos) return all;
    const auto close = address.find('}', open);
    const std::string_view name = address.substr(open + 1, close - open - 1);
    const std::string& id = name == "imdb_id"   ? item.text(data::kImdbId)
                            : name == "tmdb_id" ? item.text(data::kTmdbId)
                                                : item.id;
    if (id.empty()) return "";
    all += http::percent_encode(id);
    address.remove_prefix(close + 1);
  }
}

// Appends "poster" and its "colors", where there is one; false where there is none.
bool append_picture(std::string& out, std::string_view comma, const Context& c, Row row) {
  const data::Item& item = c.view.dataset->catalog[row];
  if (const auto* poster = poster_of(c, row); poster != nullptr) {
    fmt::format_to(std::back_inserter(out), "{}\"poster\":\"{}?v={}\",\"colors\":\"{}\"", comma,
                   path_of(get_poster, http::percent_encode(item.id)), poster->tag, poster->colors);
    return true;
  }
  const std::string& pattern = c.services.options.poster_url;
  const std::string address = pattern.empty() ? "" : filled(pattern, item);
  if (address.empty()) return false;
  fmt::format_to(std::back_inserter(out), "{}\"poster\":", comma);
  http::append_json(out, address);
  return true;
}

}  // namespace

void append_look(std::string& out, const Context& c, Row row) {
  const live::Look& look = c.view.looks()[row];
  const auto put = std::back_inserter(out);
  const char* comma = "";
  out += ",\"look\":{";
  if (!look.motif.empty()) {
    fmt::format_to(put, "\"motif\":\"{}\"", look.motif);
    comma = ",";
  }
  if (look.part > 0) {
    fmt::format_to(put, "{}\"part\":{}", comma, look.part);
    comma = ",";
  }
  if (append_picture(out, comma, c, row)) comma = ",";
  const auto& usual = c.now->default_model(c.services.options.default_model);
  if (usual != nullptr && row < usual->hues.size() && usual->hues[row] != live::kNoHue) {
    fmt::format_to(put, "{}\"hue\":{}", comma, usual->hues[row]);
    comma = ",";
  }
  if (!look.maker.empty()) {
    fmt::format_to(put, "{}\"maker\":", comma);
    http::append_json(out, look.maker);
  }
  out += '}';
}

void append_card(std::string& out, const Context& c, Row row) {
  live::append_card(out, c.view, row);
  out.pop_back();
  append_look(out, c, row);
  out += '}';
}

void get_poster(Context& c, http::Response& response) {
  c.query.allow_only({"v"});
  if (failed(c, response)) return;
  const auto* known = poster_of(c, c.item);
  if (known == nullptr)
    return http::write_error(response, 404, "not_found",
                             "the item has no poster: `sparrow posters DIR` reads them");
  // Its address has the tag: another picture, another address.
  const std::string etag = "\"" + known->tag + "\"";
  response.headers += fmt::format("Cache-Control: {}\r\nETag: {}\r\n",
                                  c.query.view("v") == std::string_view(known->tag)
                                      ? "public, max-age=31536000, immutable"
                                      : "no-cache",
                                  etag);
  if (http::has_etag(c.request.if_none_match, etag)) {
    response.status = 304;
    return;
  }
  auto webp = c.now->posters->webp_of(c.view.dataset->catalog[c.item].id);
  if (!webp) return fail(response, webp.error());
  if (!*webp)
    return http::write_error(response, 404, "not_found", "the item has no poster any more");
  response.content_type = "image/webp";
  response.body = std::move(**webp);
}

}  // namespace sparrow::api
