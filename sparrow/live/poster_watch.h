// PosterWatch: gives a State the posters of a file as it is now, and again whenever it has changed.
#pragma once

#include <cstdint>
#include <filesystem>

#include "sparrow/live/say.h"
#include "sparrow/live/state.h"

namespace sparrow::live {

class PosterWatch {
 public:
  PosterWatch(std::filesystem::path path, State& state, Say say)
      : path_(std::move(path)), state_(state), say_(std::move(say)) {}

  // For one thread at a time. A file that cannot be read is said once, and the posters of before
  // stay.
  void look();

 private:
  std::filesystem::path path_;
  State& state_;
  Say say_;
  std::filesystem::file_time_type written_{};
  std::uintmax_t bytes_ = 0;
};

}  // namespace sparrow::live
