#include "sparrow/live/poster_watch.h"

#include <fmt/format.h>

namespace sparrow::live {

void PosterWatch::look() {
  std::error_code code;
  const auto written = std::filesystem::last_write_time(path_, code);
  const auto bytes = code ? 0 : std::filesystem::file_size(path_, code);
  if (code || (written == written_ && bytes == bytes_)) return;
  written_ = written;
  bytes_ = bytes;
  auto posters = picture::Posters::open(path_);
  if (!posters) return say_("posters are not taken up: " + posters.error().message);
  if (*posters == nullptr) return;
  say_(fmt::format("{} items have a poster", (*posters)->size()));
  state_.set_posters(std::move(*posters));
}

}  // namespace sparrow::live
