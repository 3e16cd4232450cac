// The pages, compiled into the program by cmake/embed_files.cmake from web/.
#pragma once

#include <span>
#include <string_view>

namespace sparrow::api {

struct WebFile {
  std::string_view path;  // "/index.html"
  std::string_view content_type;
  std::string_view etag;  // in quotes
  std::string_view bytes;
  std::string_view gzip;  // the same, compressed
};

std::span<const WebFile> web_files();

// Another one whenever any of the files is; in the addresses by which HTML names the others.
std::string_view web_version();

}  // namespace sparrow::api
