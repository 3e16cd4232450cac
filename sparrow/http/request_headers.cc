#include "sparrow/http/request_headers.h"

#include <boost/beast/core/string.hpp>

namespace sparrow::http {

void Headers::add(boost::beast::http::field field, std::string_view name, std::string_view value) {
  using Field = boost::beast::http::field;
  const auto first = [value](std::string_view& to) {
    if (to.empty()) to = value;
  };
  switch (field) {
    case Field::host:
      ++hosts;
      return first(host);
    case Field::content_length:
      ++lengths;
      return first(length);
    case Field::transfer_encoding:
      ++codings;
      return first(coding);
    case Field::expect:
      ++expectations;
      return first(expectation);
    case Field::if_none_match:
      return first(if_none_match);
    case Field::accept_encoding:
      return first(accept_encoding);
    case Field::origin:
      return first(origin);
    case Field::authorization:
      return first(authorization);
    case Field::cookie:
      return first(cookie);
    case Field::content_type:
      return first(content_type);
    default:
      if (!same_word(name, "traceparent")) return;
      ++traces;
      traceparent = traces == 1 ? value : std::string_view();  // which of two is meant?
  }
}

bool same_word(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

int status_of_headers(const Headers& headers, unsigned version) {
  if (headers.hosts > 1 || (version >= 11 && headers.hosts == 0)) return 400;
  if (headers.host.find_first_of(" \t/?#@\\\"<>") != std::string_view::npos) return 400;
  if (headers.lengths > 1 ||
      headers.length.find_first_not_of("0123456789") != std::string_view::npos)
    return 400;
  if (headers.codings == 0) return 0;
  // HTTP/1.0 has no transfer codings: another program on the way would read no body at all.
  if (version < 11 || headers.lengths > 0) return 400;
  return headers.codings == 1 && same_word(headers.coding, "chunked") ? 0 : 501;
}

std::size_t header_end(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? end : end + 4;
}

bool is_folded(std::string_view header) {
  return header.find("\n ") != std::string_view::npos ||
         header.find("\n\t") != std::string_view::npos;
}

std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !same_word(target.substr(0, scheme.size()), scheme))
      continue;
    const auto end = target.find_first_of("/?", scheme.size());
    if (end == std::string_view::npos) return "/";
    return target[end] == '/' ? target.substr(end) : std::string_view();
  }
  return target;
}

}  // namespace sparrow::http
