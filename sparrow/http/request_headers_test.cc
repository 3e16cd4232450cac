#include "sparrow/http/request_headers.h"

#include <gtest/gtest.h>

namespace sparrow::http {
namespace {

using Field = boost::beast::http::field;

Headers with(std::initializer_list<std::pair<Field, std::string_view>> fields) {
  Headers headers;
  headers.add(Field::host, "Host", "here");
  for (const auto& [field, value] : fields) headers.add(field, "", value);
  return headers;
}

TEST(RequestHeaders, WhatHasTwoReadingsIsRefused) {
  EXPECT_EQ(status_of_headers(with({}), 11), 0);
  EXPECT_EQ(status_of_headers({}, 10), 0);
  EXPECT_EQ(status_of_headers({}, 11), 400) << "no Host";
  EXPECT_EQ(status_of_headers(with({{Field::host, "there"}}), 10), 400) << "two Hosts";
  EXPECT_EQ(status_of_headers(with({{Field::content_length, "5"}}), 11), 0);
  EXPECT_EQ(status_of_headers(with({{Field::content_length, "+5"}}), 11), 400);
  EXPECT_EQ(
      status_of_headers(with({{Field::content_length, "5"}, {Field::content_length, "5"}}), 11),
      400);
  EXPECT_EQ(status_of_headers(with({{Field::transfer_encoding, "Chunked"}}), 11), 0);
  EXPECT_EQ(status_of_headers(with({{Field::transfer_encoding, "chunked"}}), 10), 400);
  EXPECT_EQ(status_of_headers(with({{Field::transfer_encoding, "gzip"}}), 11), 501);
  EXPECT_EQ(status_of_headers(
                with({{Field::transfer_encoding, "chunked"}, {Field::content_length, "5"}}), 11),
            400);
}

TEST(RequestHeaders, OfTwoTracesNoneIsMeant) {
  Headers headers;
  headers.add(Field::unknown, "TraceParent", "a");
  EXPECT_EQ(headers.traceparent, "a");
  for (int i = 0; i < 2; ++i) {
    headers.add(Field::unknown, "traceparent", "b");
    EXPECT_EQ(headers.traceparent, "");
  }
}

TEST(RequestHeaders, TargetsAndFolds) {
  EXPECT_EQ(origin_form("/a?b"), "/a?b");
  EXPECT_EQ(origin_form("HTTP://host:80/a?b"), "/a?b");
  EXPECT_EQ(origin_form("http://host"), "/");
  EXPECT_EQ(origin_form("http://host?a"), "") << "no path to answer";
  EXPECT_EQ(header_end("GET / HTTP/1.1\r\nA: b\r\n\r\nbody"), 24U);
  EXPECT_EQ(header_end("GET / HTTP/1.1\r\n"), std::string_view::npos);
  EXPECT_TRUE(is_folded("A: b\r\n c\r\n"));
  EXPECT_FALSE(is_folded("A: b c\r\n"));
}

}  // namespace
}  // namespace sparrow::http
