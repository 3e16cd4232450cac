// EventLog, its exchange with other replicas: what was not sent, what came, who was erased.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sparrow/core/clock.h"
#include "sparrow/core/file.h"
#include "sparrow/events/event_log_state.h"

namespace sparrow::events {
namespace {

// As log_statement.h has it, without SQLite.
std::int64_t hash_of_unit(std::string_view who) {
  return static_cast<std::int64_t>(sha256_prefix(who));
}

}  // namespace

std::int64_t EventLog::Files::oldest_kept() const {
  return options.keep_days == 0 ? 0 : now_ms() - std::int64_t{options.keep_days} * kDayMs;
}

// Read once; a file that is damaged keeps everything from being written until it is mended, or a
// user who was erased would come back.
Result<void> EventLog::Files::know_erased() {
  if (!options.exchanges || erased_known) return {};
  const auto file = folder.exposures_to_write();
  if (!file) return file.error();
  auto all = (*file)->erased();
  if (!all) return all.error();
  erased = std::move(*all);
  // Of what was asked for here and not sent, nobody knows whether it was done to its end.
  Unsent pending;
  if (auto read = (*file)->read_unsent_units(0, pending); !read) return read;
  Erased sum;
  for (const Erasure& erasure : pending.erasures) {
    if (auto done = erase_days(erasure, sum); !done) return done;
  }
  erased_known = true;
  return {};
}

bool EventLog::Files::is_erased(std::string_view who, std::int64_t time_ms) const {
  if (erased.empty() || who.empty()) return false;
  const auto found = erased.find(hash_of_unit(who));
  return found != erased.end() && time_ms <= found->second;
}

bool EventLog::Files::is_gone(const Event& event, std::int64_t oldest) const {
  return event.time_ms < oldest || is_erased(event.user, event.time_ms);
}

bool EventLog::Files::is_gone(const Impression& list, std::int64_t oldest) const {
  return list.time_ms < oldest || is_erased(list.user, list.time_ms) ||
         is_erased(list.session, list.time_ms);
}

bool EventLog::Files::is_gone(const Exposure& exposure, std::int64_t oldest) const {
  return exposure.time_ms < oldest || is_erased(exposure.unit, exposure.time_ms);
}

// What the user's events in all days say of the user.
Result<void> EventLog::Files::read_user(Erasure& erasure) {
  const auto days = folder.days();
  if (!days) return days.error();
  for (const std::int64_t day : *days) {
    const auto file = folder.to_write(day);
    if (!file) return file.error();
    if (auto read = (*file)->read_user(erasure); !read) return read.error();
  }
  std::sort(erasure.sessions.begin(), erasure.sessions.end());
  erasure.sessions.erase(std::unique(erasure.sessions.begin(), erasure.sessions.end()),
                         erasure.sessions.end());
  return {};
}

Result<void> EventLog::Files::erase_days(const Erasure& erasure, Erased& sum) {
  const auto days = folder.days();
  if (!days) return days.error();
  for (const std::int64_t day : *days) {
    const auto file = folder.to_write(day);
    if (!file) return file.error();
    const auto gone = (*file)->erase(erasure);
    if (!gone) return gone.error();
    sum.events += gone->events;
    sum.impressions += gone->impressions;
  }
  return {};
}

Result<void> EventLog::Files::erase_units(const Erasure& erasure, LogFile::Remember remember,
                                          Erased& sum) {
  const auto file = folder.exposures_to_write();
  if (!file) return file.error();
  const auto removed = (*file)->erase_units(erasure, remember);
  if (!removed) return removed.error();
  sum.exposures = *removed;
  unsent_units = true;
  if (remember == LogFile::Remember::kNothing) return {};
  const auto keep = [&](const std::string& who) {
    std::int64_t& until = erased[hash_of_unit(who)];
    until = std::max(until, erasure.until_ms);
  };
  keep(erasure.user);
  for (const std::string& session : erasure.sessions) keep(session);
  return {};
}

// Whatever is cut short by a kill is done again: what was asked for here stands in the file of
// exposures before the days are gone through (know_erased() finds it there), and what another
// replica sent is received again until it stands there, after the days.
Result<EventLog::Erased> EventLog::Files::erase(Erasure erasure, LogFile::Remember remember) {
  ++erased_count;
  const std::int64_t until = erasure.until_ms;
  if (auto read = read_user(erasure); !read) return read.error();
  // Here, events that claim to be of the future go too; elsewhere the time that the message names
  // holds, and what the user did since stays.
  if (remember == LogFile::Remember::kForAll) erasure.until_ms = until;
  Erased sum;
  const bool units_first = remember == LogFile::Remember::kToSend;
  if (units_first) {
    if (auto done = erase_units(erasure, remember, sum); !done) return done.error();
  }
  if (auto done = erase_days(erasure, sum); !done) return done.error();
  if (!units_first) {
    if (auto done = erase_units(erasure, remember, sum); !done) return done.error();
  }
  return sum;
}

Result<EventLog::Erased> EventLog::erase_user(const std::string& user) {
  Files& files = *files_;
  SPARROW_CHECK(files.writes);
  flush();
  const std::lock_guard lock(files.files_mutex);
  if (auto known = files.know_erased(); !known) return known.error();
  if (files.options.exchanges)
    return files.erase({user, {}, now_ms(), {}}, LogFile::Remember::kToSend);
  return files.erase({user, {}, std::numeric_limits<std::int64_t>::max(), {}},
                     LogFile::Remember::kNothing);
}

Result<std::string> EventLog::replica_name() {
  const std::lock_guard lock(files_->files_mutex);
  const auto file = files_->folder.exposures_to_write();
  if (!file) return file.error();
  const std::string seed = fmt::format("{}|{}|{}", files_->options.folder.string(), now_ms(),
                                       reinterpret_cast<std::uintptr_t>(this));
  return (*file)->replica_name(sha256_hex(seed).substr(0, 12));
}

Result<Unsent> EventLog::unsent(std::size_t most) {
  Files& files = *files_;
  const std::lock_guard lock(files.files_mutex);
  if (files.unsent_known && files.unsent_days.empty() && !files.unsent_units) return Unsent();
  const auto days = files.folder.days();
  if (!days) return days.error();
  if (!files.unsent_known) files.unsent_days.insert(days->begin(), days->end());
  files.unsent_known = true;
  Unsent unsent;
  unsent.erased = files.erased_count;
  if (files.unsent_units) {
    const auto file = files.folder.exposures_to_write();
    if (!file) return file.error();
    if (auto read = (*file)->read_unsent_units(most, unsent); !read) return read.error();
    files.unsent_units = unsent.size() > 0;
  }
  for (auto day = files.unsent_days.begin();
       day != files.unsent_days.end() && unsent.size() < most;) {
    if (!std::binary_search(days->begin(), days->end(), *day)) {  // is not kept any more
      day = files.unsent_days.erase(day);
      continue;
    }
    const auto file = files.folder.to_write(*day);
    if (!file) return file.error();
    auto read = (*file)->read_unsent(most - unsent.size(), unsent);
    if (!read) return read.error();
    read->day = *day;
    if (read->moved) unsent.days.push_back(*read);
    day = read->moved ? std::next(day) : files.unsent_days.erase(day);
  }
  return unsent;
}

Result<void> EventLog::mark_sent(const Unsent& sent) {
  Files& files = *files_;
  const std::lock_guard lock(files.files_mutex);
  // Numbers of rows that went may belong to others now.
  if (sent.erased != files.erased_count) return {};
  for (const Unsent::Day& day : sent.days) {
    if (!files.unsent_days.contains(day.day)) continue;
    const auto file = files.folder.to_write(day.day);
    if (!file) return file.error();
    if (auto done = (*file)->set_sent(day); !done) return done;
  }
  if (sent.exposures.empty() && sent.erasures.empty()) return {};
  const auto file = files.folder.exposures_to_write();
  if (!file) return file.error();
  return (*file)->set_units_sent(sent);
}

Result<std::uint64_t> EventLog::count_unsent() {
  Files& files = *files_;
  const std::lock_guard lock(files.files_mutex);
  const auto days = files.folder.days();
  if (!days) return days.error();
  std::uint64_t sum = 0;
  for (const std::int64_t day : files.unsent_days) {
    if (!std::binary_search(days->begin(), days->end(), day)) continue;
    const auto file = files.folder.to_write(day);
    if (!file) return file.error();
    const auto count = (*file)->count_unsent();
    if (!count) return count.error();
    sum += *count;
  }
  if (!files.unsent_units) return sum;
  const auto file = files.folder.exposures_to_write();
  if (!file) return file.error();
  const auto count = (*file)->count_unsent_units();
  if (!count) return count.error();
  return sum + *count;
}

namespace {

// Calls `insert` in what is written of one file; nothing of it is there when it fails. Those that
// were not there yet are added to `fresh`, unless it is null.
template <typename T>
Result<void> insert_all(LogFile& file, const std::vector<const T*>& all, Taken& taken,
                        std::vector<const T*>* fresh = nullptr) {
  for (const T* one : all) {
    const auto is_new = file.insert(*one);
    if (!is_new) return is_new.error();
    ++(*is_new ? taken.kept : taken.known);
    if (*is_new && fresh != nullptr) fresh->push_back(one);
  }
  return {};
}

// What was received, by the file it belongs into.
struct ByFile {
  struct Day {
    std::vector<const Event*> events;
    std::vector<const Impression*> lists;
  };
  std::map<std::int64_t, Day> days;
  std::vector<const Exposure*> units;
};

}  // namespace

// A transaction a file. The offsets are in the last: what was written before and then not again is
// received again, and known.
Result<void> EventLog::Files::write_received(const Received& received, Taken& taken) {
  const std::int64_t oldest = oldest_kept();
  ByFile files;
  const auto is_kept = [&](const auto& record) {
    const bool gone = is_gone(record, oldest);
    taken.expired += gone ? 1 : 0;
    return !gone;
  };
  for (const Event& event : received.events) {
    if (is_kept(event)) files.days[event.time_ms / kDayMs].events.push_back(&event);
  }
  for (const Impression& list : received.lists) {
    if (is_kept(list)) files.days[list.time_ms / kDayMs].lists.push_back(&list);
  }
  for (const Exposure& exposure : received.exposures) {
    if (is_kept(exposure)) files.units.push_back(&exposure);
  }
  const bool last_is_units = !files.units.empty() || files.days.empty();
  ++last_written;
  for (auto day = files.days.begin(); day != files.days.end(); ++day) {
    const auto file = folder.to_write(day->first);
    if (!file) return file.error();
    const bool last = !last_is_units && std::next(day) == files.days.end();
    std::vector<const Event*> kept;
    auto written = (*file)->transaction([&]() -> Result<void> {
      if (auto done = insert_all(**file, day->second.events, taken, &kept); !done) return done;
      if (auto done = insert_all(**file, day->second.lists, taken); !done) return done;
      // There is nothing before these rows that would have to be sent.
      if (unsent_known && !unsent_days.contains(day->first)) {
        if (auto done = (*file)->set_all_sent(); !done) return done;
      }
      return last ? (*file)->set_offsets(received.offsets, last_written) : Result<void>();
    });
    if (!written) return written;
    if (options.on_kept) tell(kept);
  }
  if (!last_is_units) return {};
  const auto file = folder.exposures_to_write();
  if (!file) return file.error();
  return (*file)->transaction([&]() -> Result<void> {
    if (auto done = insert_all(**file, files.units, taken); !done) return done;
    return (*file)->set_offsets(received.offsets, last_written);
  });
}

Result<Taken> EventLog::take(const Received& received) {
  Files& files = *files_;
  SPARROW_CHECK(files.writes && files.options.exchanges);
  if (!received.erasures.empty()) flush();
  const std::lock_guard lock(files.files_mutex);
  if (files.full)
    return Error{ErrorCode::kExhausted, "events take as much as may be kept (--event-mb)"};
  Taken taken;
  Result<void> done = files.know_erased();
  for (const Erasure& erasure : received.erasures) {
    // Our own comes back, and any may be received twice.
    if (!done || files.is_erased(erasure.user, erasure.until_ms)) continue;
    if (auto erased = files.erase(erasure, LogFile::Remember::kForAll); !erased)
      done = erased.error();
  }
  if (done) done = files.write_received(received, taken);
  if (done) return taken;
  files.folder.close();  // and is opened anew
  return done.error();
}

Result<std::vector<Offset>> EventLog::offsets(const std::string& topic) {
  Files& files = *files_;
  const std::lock_guard lock(files.files_mutex);
  const auto days = files.folder.days();
  if (!days) return days.error();
  std::vector<LogFile::Position> positions;
  for (const std::int64_t day : *days) {
    const auto file = files.folder.to_read(day);
    if (!file) return file.error();
    if (auto read = (*file)->read_offsets(positions); !read) return read.error();
  }
  const auto file = files.folder.exposures_to_read();
  if (!file) return file.error();
  if (*file != nullptr) {
    if (auto read = (*file)->read_offsets(positions); !read) return read.error();
  }
  std::map<std::int32_t, LogFile::Position> newest;
  for (const LogFile::Position& position : positions) {
    files.last_written = std::max(files.last_written, position.written);
    if (position.offset.topic != topic) continue;
    auto& kept = newest[position.offset.partition];
    if (position.written >= kept.written) kept = position;
  }
  std::vector<Offset> offsets;
  offsets.reserve(newest.size());
  for (const auto& [partition, position] : newest) offsets.push_back(position.offset);
  return offsets;
}

}  // namespace sparrow::events
