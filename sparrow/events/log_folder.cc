#include "sparrow/events/log_folder.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/data/time_form.h"

namespace sparrow::events {
namespace {

constexpr std::size_t kMostOpen = 8;
constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kSuffix = ".db";

}  // namespace

Result<void> LogFolder::make() {
  std::error_code code;
  std::filesystem::create_directories(folder_, code);
  if (code) return file_error(folder_, "be made", code.value());
  return {};
}

std::filesystem::path LogFolder::path_of(std::int64_t day) const {
  return folder_ / fmt::format("{}{}{}", kPrefix,
                               data::time_text(day * (kDayMs / 1000)).substr(0, 10), kSuffix);
}

Result<std::vector<std::int64_t>> LogFolder::days() const {
  std::vector<std::int64_t> days;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string date =
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    std::int64_t seconds = 0;
    if (data::parse_date(date, data::DateOrder::kDayFirst, seconds))
      days.push_back(seconds / (kDayMs / 1000));
  }
  if (code && code != std::errc::no_such_file_or_directory)
    return file_error(folder_, "be read", code.value());
  std::sort(days.begin(), days.end());
  return days;
}

std::uint64_t LogFolder::bytes() const {
  std::uint64_t sum = 0;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
    const auto size = entry.file_size(code);
    if (!code) sum += size;
  }
  return sum;
}

Result<LogFile*> LogFolder::to_write(std::int64_t day) {
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.day == day; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().file.get();
  }
  auto file = LogFile::open(path_of(day), LogFile::Use::kWrite, LogFile::Kind::kDay);
  if (!file) return file.error();
  if (open_.size() == kMostOpen) open_.pop_back();
  open_.push_front({day, std::move(*file)});
  return open_.front().file.get();
}

Result<LogFile*> LogFolder::exposures_to_write() {
  if (exposures_ == nullptr) {
    auto file = LogFile::open(exposures_path(), LogFile::Use::kWrite, LogFile::Kind::kExposures);
    if (!file) return file.error();
    exposures_ = std::move(*file);
  }
  return exposures_.get();
}

Result<std::unique_ptr<LogFile>> LogFolder::to_read(std::int64_t day) const {
  return LogFile::open(path_of(day), LogFile::Use::kRead, LogFile::Kind::kDay);
}

Result<std::unique_ptr<LogFile>> LogFolder::exposures_to_read() const {
  const auto path = exposures_path();
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return std::unique_ptr<LogFile>();
  return LogFile::open(path, LogFile::Use::kRead, LogFile::Kind::kExposures);
}

void LogFolder::close() {
  open_.clear();
  exposures_.reset();
}

void LogFolder::drop(std::int64_t day) {
  std::erase_if(open_, [&](const Open& open) { return open.day == day; });
  const std::string path = path_of(day).string();
  std::error_code code;
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end, code);
}

void LogFolder::drop_old(int keep_days, std::uint64_t keep_bytes, std::int64_t now_ms) {
  auto all = days();
  if (!all) return;
  std::vector<std::int64_t>& found = *all;
  const std::int64_t today = now_ms / kDayMs;
  std::size_t first = 0;
  while (first < found.size() && keep_days > 0 && found[first] + keep_days < today)
    drop(found[first++]);
  while (first < found.size() && keep_bytes > 0 && found[first] < today && bytes() > keep_bytes)
    drop(found[first++]);
  std::error_code code;
  if (keep_days == 0 || !std::filesystem::exists(exposures_path(), code)) return;
  if (const auto file = exposures_to_write())
    (void)(*file)->erase_exposures_before(now_ms - keep_days * kDayMs);
}

}  // namespace sparrow::events
