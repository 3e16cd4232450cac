#include "sparrow/events/event_log.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "sparrow/core/clock.h"
#include "sparrow/events/event_log_state.h"

namespace sparrow::events {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTogether = std::chrono::milliseconds(250);  // impressions wait for each other
constexpr std::size_t kMostWritten = 50'000;                // in one transaction
constexpr std::size_t kMostKnownUnits = 1'000'000;          // exposures that are not sent again
constexpr auto kRetention = std::chrono::seconds(5);  // from one look at the files to the next

}  // namespace

EventLog::EventLog(EventLogOptions options) : files_(std::make_unique<Files>(std::move(options))) {}

Result<std::unique_ptr<EventLog>> EventLog::open(EventLogOptions options) {
  std::unique_ptr<EventLog> log(new EventLog(std::move(options)));
  Files& files = *log->files_;
  if (auto opened = files.folder.make(); !opened) return opened.error();
  files.writes = true;
  files.writer = std::thread([&files] { files.write_all(); });
  return log;
}

Result<std::unique_ptr<EventLog>> EventLog::open_to_read(const std::filesystem::path& folder) {
  EventLogOptions options;
  options.folder = folder;
  std::unique_ptr<EventLog> log(new EventLog(std::move(options)));
  if (auto days = log->files_->folder.days(); !days) return days.error();
  return log;
}

EventLog::~EventLog() {
  Files& files = *files_;
  if (!files.writer.joinable()) return;
  {
    const std::lock_guard lock(files.mutex);
    files.ended = true;
  }
  files.work.notify_all();
  files.writer.join();
}

Result<EventLog::Appended> EventLog::append(std::span<const Event> events) {
  Files& files = *files_;
  SPARROW_CHECK(files.writes);
  Files::Batch batch{events, {}};
  auto done = batch.done.get_future();
  {
    const std::lock_guard lock(files.mutex);
    files.batches.push_back(&batch);
  }
  files.work.notify_one();
  return done.get();
}

void EventLog::append_later(Impression impression) {
  Files& files = *files_;
  const std::lock_guard lock(files.mutex);
  if (files.impressions.size() >= files.options.most_waiting) {
    ++files.counts.dropped;
    return;
  }
  files.impressions.push_back(std::move(impression));
}

void EventLog::append_later(Exposure exposure) {
  Files& files = *files_;
  const std::uint64_t key = std::hash<std::string>()(exposure.experiment + '\n' + exposure.unit);
  const std::lock_guard lock(files.mutex);
  if (files.known_units.contains(key)) return;
  if (files.exposures.size() >= files.options.most_waiting) {
    ++files.counts.dropped;
    return;
  }
  if (files.known_units.size() >= kMostKnownUnits) files.known_units.clear();
  files.known_units.insert(key);
  files.exposures.push_back(std::move(exposure));
}

void EventLog::drop_list() {
  const std::lock_guard lock(files_->mutex);
  ++files_->counts.dropped;
}

void EventLog::flush() {
  Files& files = *files_;
  std::unique_lock lock(files.mutex);
  files.flushing = true;
  files.work.notify_one();
  files.rest.wait(lock, [&] {
    return files.ended || (files.impressions.empty() && files.exposures.empty() && !files.busy);
  });
  files.flushing = false;
}

// The writer's thread. Batches are written at once, all that wait together; impressions after
// kTogether, or when the log ends.
void EventLog::Files::write_all() {
  auto next_look = Clock::now();
  auto next_lists = Clock::now();
  for (bool last = false; !last;) {
    std::deque<Batch*> taken;
    std::deque<Impression> lists;
    std::deque<Exposure> units;
    {
      std::unique_lock lock(mutex);
      work.wait_for(lock, kTogether, [&] { return ended || flushing || !batches.empty(); });
      last = ended;
      std::size_t size = 0;
      while (!batches.empty() && size < kMostWritten) {
        size += batches.front()->events.size();
        taken.push_back(batches.front());
        batches.pop_front();
      }
      if (!batches.empty()) last = false;
      if (ended || flushing || Clock::now() >= next_lists) {
        lists.swap(impressions);
        units.swap(exposures);
        next_lists = Clock::now() + kTogether;
      }
      busy = true;
    }
    write_once(taken, lists, units);
    if (Clock::now() >= next_look) {
      const std::lock_guard lock(files_mutex);
      folder.drop_old(options.keep_days, options.keep_bytes, now_ms());
      full = options.keep_bytes > 0 && folder.bytes() > options.keep_bytes;
      next_look = Clock::now() + kRetention;
    }
    {
      const std::lock_guard lock(mutex);
      busy = false;
    }
    rest.notify_all();
  }
}

// By day, each in one transaction; nearly always there is one.
Result<void> EventLog::Files::write_batches(std::deque<Batch*>& taken,
                                            std::vector<Appended>& appended) {
  const std::int64_t oldest = oldest_kept();
  std::vector<std::int64_t> days;
  for (const Batch* batch : taken) {
    for (const Event& event : batch->events) {
      const std::int64_t day = event.time_ms / kDayMs;
      if (!is_gone(event, oldest) && std::find(days.begin(), days.end(), day) == days.end())
        days.push_back(day);
    }
  }
  for (const std::int64_t day : days) {
    const auto file = folder.to_write(day);
    if (!file) return file.error();
    std::vector<const Event*> kept;
    auto written = (*file)->transaction([&]() -> Result<void> {
      for (std::size_t b = 0; b < taken.size(); ++b) {
        for (const Event& event : taken[b]->events) {
          if (event.time_ms / kDayMs != day || is_gone(event, oldest)) continue;
          const auto is_new = (*file)->insert(event);
          if (!is_new) return is_new.error();
          ++(*is_new ? appended[b].kept : appended[b].known);
          if (*is_new && options.on_kept) kept.push_back(&event);
        }
      }
      return {};
    });
    if (!written) return written;
    unsent_days.insert(day);
    tell(kept);
  }
  for (std::size_t b = 0; b < taken.size(); ++b)
    appended[b].expired = taken[b]->events.size() - appended[b].kept - appended[b].known;
  return {};
}

void EventLog::Files::tell(const std::vector<const Event*>& kept) const {
  for (const Event* event : kept) options.on_kept(*event);
}

Result<void> EventLog::Files::write_lists(const std::deque<Impression>& lists) {
  for (auto first = lists.begin(); first != lists.end();) {
    const std::int64_t day = first->time_ms / kDayMs;
    const auto end = std::find_if(
        first, lists.end(), [&](const Impression& list) { return list.time_ms / kDayMs != day; });
    const auto file = folder.to_write(day);
    if (!file) return file.error();
    auto written = (*file)->transaction([&]() -> Result<void> {
      for (auto list = first; list != end; ++list) {
        if (is_gone(*list, 0)) continue;
        if (auto inserted = (*file)->insert(*list); !inserted) return inserted.error();
      }
      return {};
    });
    if (!written) return written;
    unsent_days.insert(day);
    first = end;
  }
  return {};
}

Result<void> EventLog::Files::write_units(const std::deque<Exposure>& units) {
  if (units.empty()) return {};
  const auto file = folder.exposures_to_write();
  if (!file) return file.error();
  unsent_units = true;
  return (*file)->transaction([&]() -> Result<void> {
    for (const Exposure& unit : units) {
      if (is_gone(unit, 0)) continue;
      if (auto inserted = (*file)->insert(unit); !inserted) return inserted.error();
    }
    return {};
  });
}

void EventLog::Files::write_once(std::deque<Batch*>& taken, std::deque<Impression>& lists,
                                 std::deque<Exposure>& units) {
  if (taken.empty() && lists.empty() && units.empty()) return;
  std::vector<Appended> appended(taken.size());
  Result<void> written;
  Result<void> listed;
  Result<void> exposed;
  {
    const std::lock_guard lock(files_mutex);
    if (full) {
      written = listed = exposed =
          Error{ErrorCode::kExhausted,
                fmt::format("events take more than {} MB, which is as much as may be kept",
                            options.keep_bytes >> 20)};
    } else if (auto known = know_erased(); !known) {
      written = listed = exposed = known;
    } else {
      written = write_batches(taken, appended);
      listed = write_lists(lists);
      exposed = write_units(units);
    }
    if (!written || !listed || !exposed) folder.close();  // and is opened anew
  }
  {
    const std::lock_guard lock(mutex);
    for (const Appended& a : appended) {
      counts.events += written ? a.kept : 0;
      counts.known += written ? a.known : 0;
    }
    (listed ? counts.impressions : counts.dropped) += lists.size();
    if (!exposed) {
      counts.dropped += units.size();
      known_units.clear();  // they are sent again when they are met again
    }
    counts.trouble.clear();
    for (const Result<void>* result : {&written, &listed, &exposed}) {
      if (!*result) counts.trouble = result->error().message;
    }
  }
  for (std::size_t b = 0; b < taken.size(); ++b)
    taken[b]->done.set_value(written ? Result<Appended>(appended[b])
                                     : Result<Appended>(written.error()));
}

namespace {

// `read` once for each day of the span, until it says that no more is wanted.
Result<void> each_day(const LogFolder& folder, TimeSpan span,
                      const std::function<Result<void>(LogFile&, bool& more)>& read) {
  const auto days = folder.days();
  if (!days) return days.error();
  bool more = true;
  for (const std::int64_t day : *days) {
    if ((day + 1) * kDayMs <= span.from_ms || day * kDayMs >= span.to_ms) continue;
    auto file = folder.to_read(day);
    if (!file) return file.error();
    if (auto done = read(**file, more); !done || !more) return done;
  }
  return {};
}

}  // namespace

Result<void> EventLog::each_event(TimeSpan span,
                                  const std::function<bool(const Event&)>& take) const {
  return each_day(files_->folder, span,
                  [&](LogFile& file, bool& more) { return file.each_event(span, take, more); });
}

Result<void> EventLog::each_impression(TimeSpan span,
                                       const std::function<bool(const Impression&)>& take) const {
  return each_day(files_->folder, span, [&](LogFile& file, bool& more) {
    return file.each_impression(span, take, more);
  });
}

Result<std::vector<Event>> EventLog::latest(std::size_t count) const {
  const auto days = files_->folder.days();
  if (!days) return days.error();
  std::vector<Event> events;
  for (auto day = days->rbegin(); day != days->rend() && events.size() < count; ++day) {
    auto file = files_->folder.to_read(*day);
    if (!file) return file.error();
    if (auto read = (*file)->latest(count - events.size(), events); !read) return read.error();
  }
  return events;
}

Result<void> EventLog::each_exposure(std::string_view experiment,
                                     const std::function<bool(const Exposure&)>& take) const {
  auto file = files_->folder.exposures_to_read();
  if (!file) return file.error();
  if (*file == nullptr) return {};
  return (*file)->each_exposure(experiment, take);
}

const std::filesystem::path& EventLog::folder() const { return files_->options.folder; }

EventLog::Counts EventLog::counts() const {
  const std::uint64_t bytes = files_->folder.bytes();
  const std::lock_guard lock(files_->mutex);
  Counts counts = files_->counts;
  counts.bytes = bytes;
  return counts;
}

}  // namespace sparrow::events
