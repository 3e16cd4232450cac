#include "sparrow/data/event_columns.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/parallel.h"

namespace sparrow::data {
namespace {

template <typename T>
void reserve_column(std::vector<T>& column, std::size_t size) {
  column.reserve(size);
  prefer_huge_pages(column.data(), column.capacity() * sizeof(T));
}

}  // namespace

void EventColumns::reserve(std::size_t events) {
  if (capacity_ > 0) events = std::min(events, capacity_);
  reserve_column(items_, events);
  reserve_column(values_, events);
  reserve_column(times_, events);
}

Result<void> EventColumns::append(const LogChunk& chunk) {
  if (capacity_ > 0 && !items_.empty() && items_.size() + chunk.size > capacity_) {
    if (auto spilled = spill(); !spilled) return spilled;
  }
  for (const UserRun& run : chunk.runs) {
    if (run.count == 0) continue;
    const bool text = (run.user & UserRun::kText) != 0;
    const std::size_t before = users_.size();
    const std::uint32_t user =
        text ? users_.add(chunk.texts[run.user & ~UserRun::kText]) : users_.add_number(run.user);
    if (users_.size() > before) {
      counts_.push_back(0);
      runs_.push_back({user, 0});
    } else if (runs_.empty() || runs_.back().user != user) {
      if (std::exchange(grouped_, false)) reserve_column(runs_, items_.capacity());
      runs_.push_back({user, 0});
    }
    runs_.back().count += run.count;
    counts_[user] += run.count;
  }
  const auto n = static_cast<std::ptrdiff_t>(chunk.size);
  items_.insert(items_.end(), chunk.items.begin(), chunk.items.begin() + n);
  values_.insert(values_.end(), chunk.values.begin(), chunk.values.begin() + n);
  times_.insert(times_.end(), chunk.times.begin(), chunk.times.begin() + n);
  return {};
}

// The events so far into a file, grouped by user.
Result<void> EventColumns::spill() {
  std::vector<std::uint64_t> offsets(counts_.size() + 1, 0);
  for (const Run& run : runs_) offsets[run.user + 1] += run.count;
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  std::vector<std::uint64_t> next(offsets.begin(), offsets.end() - 1);
  std::vector<Event> events(items_.size());
  std::size_t e = 0;
  for (const Run& run : runs_) {
    std::uint64_t& at = next[run.user];
    for (std::uint32_t i = 0; i < run.count; ++i, ++e)
      events[at++] = {times_[e], items_[e], values_[e]};
  }
  auto written = spill_.write(offsets, events);
  if (!written) return written;
  items_.clear();
  values_.clear();
  times_.clear();
  runs_.clear();
  return {};
}

// The events grouped by user: each thread takes a range of the log and knows where its events of a
// user go.
std::unique_ptr<Event[]> EventColumns::group(const std::vector<std::uint64_t>& offsets,
                                             std::size_t threads) const {
  const std::size_t parts = std::min<std::size_t>(thread_count(threads), 16);
  const std::size_t each = (runs_.size() + parts - 1) / parts;
  std::vector<std::vector<std::uint64_t>> next(parts,
                                               std::vector<std::uint64_t>(counts_.size(), 0));
  std::vector<std::uint64_t> begins(parts, 0);
  const auto last_run = [&](std::size_t part) { return std::min(runs_.size(), (part + 1) * each); };
  parallel_for(parts, 1, threads, [&](std::size_t part, std::size_t, std::size_t) {
    for (std::size_t r = part * each; r < last_run(part); ++r) {
      next[part][runs_[r].user] += runs_[r].count;
      begins[part] += runs_[r].count;
    }
  });
  std::uint64_t sum = 0;
  for (auto& begin : begins) sum += std::exchange(begin, sum);
  for (std::size_t u = 0; u < counts_.size(); ++u) {
    std::uint64_t at = offsets[u];
    for (std::size_t part = 0; part < parts; ++part) at += std::exchange(next[part][u], at);
  }
  std::unique_ptr<Event[]> grouped(new Event[items_.size()]);
  prefer_huge_pages(grouped.get(), items_.size() * sizeof(Event));
  parallel_for(parts, 1, threads, [&](std::size_t part, std::size_t, std::size_t) {
    std::uint64_t e = begins[part];
    for (std::size_t r = part * each; r < last_run(part); ++r) {
      std::uint64_t& at = next[part][runs_[r].user];
      for (std::uint32_t i = 0; i < runs_[r].count; ++i, ++e)
        grouped[at++] = {times_[e], items_[e], values_[e]};
    }
  });
  return grouped;
}

// Orders the events of every user by time, and counts repeated items. Reads the columns, or
// `grouped` where the log was in no order.
std::uint64_t EventColumns::order(const std::vector<std::uint64_t>& offsets, const Event* grouped,
                                  std::size_t threads) {
  constexpr std::size_t kUsersAtOnce = 512;
  std::vector<Repeats> repeats(thread_count(threads));
  std::vector<TimeOrder> orders(thread_count(threads));
  parallel_for(offsets.size() - 1, kUsersAtOnce, threads,
               [&](std::size_t first, std::size_t last, std::size_t thread) {
                 TimeOrder& order = orders[thread];
                 std::vector<Event> copy;
                 for (std::size_t u = first; u < last; ++u) {
                   const std::uint64_t begin = offsets[u];
                   const std::size_t n = offsets[u + 1] - begin;
                   const Event* events = grouped != nullptr ? grouped + begin : nullptr;
                   const bool change = order.find(n, [&](std::size_t i) {
                     return events != nullptr ? events[i].time : times_[begin + i];
                   });
                   if (events == nullptr && change) {
                     copy.resize(n);
                     for (std::size_t i = 0; i < n; ++i)
                       copy[i] = {times_[begin + i], items_[begin + i], values_[begin + i]};
                     events = copy.data();
                   }
                   for (std::size_t i = 0; i < n && events != nullptr; ++i) {
                     const Event& e = events[change ? order.order()[i] : i];
                     times_[begin + i] = e.time;
                     items_[begin + i] = e.item;
                     values_[begin + i] = e.value;
                   }
                   repeats[thread].count(&items_[begin], n, static_cast<std::uint32_t>(u + 1));
                 }
               });
  std::uint64_t sum = 0;
  for (const Repeats& r : repeats) sum += r.found();
  return sum;
}

Result<Interactions> EventColumns::build(std::vector<std::string>& users, std::uint64_t& duplicates,
                                         std::size_t items, std::size_t threads) {
  if (!spill_.empty()) {
    if (auto spilled = spill(); !spilled) return spilled.error();
    items_ = {};
    values_ = {};
    times_ = {};
    runs_ = {};
    users = users_.take_ids();
    return spill_.merge(counts_, duplicates, items);
  }
  std::vector<std::uint64_t> offsets(counts_.size() + 1, 0);
  std::partial_sum(counts_.begin(), counts_.end(), offsets.begin() + 1);
  const std::unique_ptr<Event[]> grouped = grouped_ ? nullptr : group(offsets, threads);
  runs_ = {};
  duplicates = order(offsets, grouped.get(), threads);
  users = users_.take_ids();
  Interactions result;
  result.offsets = std::move(offsets);
  result.items = std::move(items_);
  result.values = std::move(values_);
  result.times = std::move(times_);
  return result;
}

}  // namespace sparrow::data
