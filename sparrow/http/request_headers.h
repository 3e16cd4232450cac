// Headers: what a session needs of a request's header, and what is wrong in it. Other programs on
// the way may read a doubtful header otherwise; such a header is refused.
#pragma once

#include <cstddef>
#include <string_view>

#include <boost/beast/http/field.hpp>

namespace sparrow::http {

// Views into the parser's fields; of a field that is there twice, the first.
struct Headers {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::size_t expectations = 0;
  std::size_t traces = 0;
  std::string_view host;
  std::string_view length;
  std::string_view coding;
  std::string_view expectation;
  std::string_view if_none_match;
  std::string_view accept_encoding;
  std::string_view origin;
  std::string_view authorization;
  std::string_view traceparent;
  std::string_view content_type;
  std::string_view cookie;

  void add(boost::beast::http::field field, std::string_view name, std::string_view value);
};

template <typename Message>
Headers read_headers(const Message& message) {
  Headers headers;
  for (const auto& field : message)
    headers.add(field.name(), {field.name_string().data(), field.name_string().size()},
                {field.value().data(), field.value().size()});
  return headers;
}

// Equal but for the case of letters.
bool same_word(std::string_view a, std::string_view b);

// 0, or the answer to a header that would leave it open where the request ends or whom it is for
// (RFC 9112, 6.3 and 11.2): a way to slip a second request past a program on the way. `version`: 10
// or 11.
int status_of_headers(const Headers& headers, unsigned version);

// Where the header at the beginning of `bytes` ends; npos when it is not all there.
std::size_t header_end(std::string_view bytes);

// Whether a line continues the one before (obs-fold, RFC 9112, 5.2): programs differ in what they
// make of it.
bool is_folded(std::string_view header);

// The path of an absolute-form target ("http://host/path"), which every server must accept (RFC
// 9112, 3.2.2); any other target as it is.
std::string_view origin_form(std::string_view target);

}  // namespace sparrow::http
