#include "sparrow/data/event_columns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <numeric>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "sparrow/core/parallel.h"

namespace sparrow::data {
namespace {

struct Event {
  std::int64_t time;
  Row item;
  float value;
};

// Asks for huge pages: filling a column is else mostly page faults.
void prefer_huge_pages(void* data, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page * page;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the address was rounded up to a page.
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

template <typename T>
void reserve_column(std::vector<T>& column, std::size_t size) {
  column.reserve(size);
  prefer_huge_pages(column.data(), column.capacity() * sizeof(T));
}

// Orders one user's events by time, stably.
class TimeOrder {
 public:
  // Fills order() with positions 0..n-1 in order of time; false when they are in order already.
  template <typename TimeAt>
  bool find(std::size_t n, const TimeAt& time_at) {
    bool ordered = true;
    std::int64_t least = n > 0 ? time_at(0) : 0;
    std::int64_t most = least;
    for (std::size_t i = 1; i < n; ++i) {
      ordered = ordered && time_at(i - 1) <= time_at(i);
      least = std::min(least, time_at(i));
      most = std::max(most, time_at(i));
    }
    if (ordered) return false;
    order_.resize(n);
    const auto bits = static_cast<unsigned>(std::bit_width(n - 1));
    const std::uint64_t span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    if (static_cast<unsigned>(std::bit_width(span)) + bits > 64) {
      std::iota(order_.begin(), order_.end(), 0U);
      std::stable_sort(order_.begin(), order_.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return time_at(a) < time_at(b); });
      return true;
    }
    keys_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t since =
          static_cast<std::uint64_t>(time_at(i)) - static_cast<std::uint64_t>(least);
      keys_[i] = since << bits | i;
    }
    constexpr std::size_t kRadixFrom = 96;
    if (n < kRadixFrom) {
      std::sort(keys_.begin(), keys_.end());
    } else {
      radix_sort(bits, bits + static_cast<unsigned>(std::bit_width(span)));
    }
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    for (std::size_t i = 0; i < n; ++i) order_[i] = static_cast<std::uint32_t>(keys_[i] & mask);
    return true;
  }
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  // Least digit first over the bits [from, to); the lower bits are in order already.
  void radix_sort(unsigned from, unsigned to) {
    constexpr unsigned kDigit = 8;
    spare_.resize(keys_.size());
    for (unsigned shift = from; shift < to; shift += kDigit) {
      std::array<std::uint32_t, 1U << kDigit> next{};
      for (const std::uint64_t key : keys_) ++next[(key >> shift) & 0xFFU];
      std::uint32_t sum = 0;
      for (auto& slot : next) sum += std::exchange(slot, sum);
      for (const std::uint64_t key : keys_) spare_[next[(key >> shift) & 0xFFU]++] = key;
      keys_.swap(spare_);
    }
  }
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint64_t> spare_;
  std::vector<std::uint32_t> order_;
};

// Counts the items that a user has again.
class Repeats {
 public:
  void count(const Row* items, std::size_t n, std::uint32_t mark) {
    for (std::size_t i = 0; i < n; ++i) {
      if (items[i] >= seen_.size())
        seen_.resize(std::max<std::size_t>(items[i] + 1, seen_.size() * 2), 0);
      found_ += seen_[items[i]] == mark ? 1U : 0U;
      seen_[items[i]] = mark;
    }
  }
  std::uint64_t found() const { return found_; }

 private:
  std::vector<std::uint32_t> seen_;  // item -> mark of the last user who had it; 0: nobody
  std::uint64_t found_ = 0;
};

// Orders the events of every user in place, and counts repeated items.
std::uint64_t order_in_place(Interactions& data, std::size_t threads) {
  constexpr std::size_t kUsersAtOnce = 512;
  std::vector<Repeats> repeats(thread_count(threads));
  std::vector<TimeOrder> orders(thread_count(threads));
  parallel_for(
      data.users(), kUsersAtOnce, threads,
      [&](std::size_t first, std::size_t last, std::size_t thread) {
        TimeOrder& order = orders[thread];
        std::vector<Event> events;
        for (std::size_t u = first; u < last; ++u) {
          const std::uint64_t begin = data.offsets[u];
          const std::size_t n = data.offsets[u + 1] - begin;
          repeats[thread].count(&data.items[begin], n, static_cast<std::uint32_t>(u + 1));
          if (!order.find(n, [&](std::size_t i) { return data.times[begin + i]; })) continue;
          events.resize(n);
          for (std::size_t i = 0; i < n; ++i)
            events[i] = {data.times[begin + i], data.items[begin + i], data.values[begin + i]};
          for (std::size_t i = 0; i < n; ++i) {
            const Event& e = events[order.order()[i]];
            data.times[begin + i] = e.time;
            data.items[begin + i] = e.item;
            data.values[begin + i] = e.value;
          }
        }
      });
  std::uint64_t sum = 0;
  for (const Repeats& r : repeats) sum += r.found();
  return sum;
}

}  // namespace

void EventColumns::reserve(std::size_t events) {
  reserve_column(items_, events);
  reserve_column(values_, events);
  reserve_column(times_, events);
}

void EventColumns::append(const LogChunk& chunk) {
  for (const UserRun& run : chunk.runs) {
    if (run.count == 0) continue;
    const bool text = (run.user & UserRun::kText) != 0;
    const std::size_t before = users_.size();
    const std::uint32_t user =
        text ? users_.add(chunk.texts[run.user & ~UserRun::kText]) : users_.add_number(run.user);
    if (users_.size() > before) {
      counts_.push_back(0);
      runs_.push_back({user, 0});
    } else if (runs_.back().user != user) {
      grouped_ = false;
      runs_.push_back({user, 0});
    }
    runs_.back().count += run.count;
    counts_[user] += run.count;
  }
  const auto n = static_cast<std::ptrdiff_t>(chunk.size);
  items_.insert(items_.end(), chunk.items.begin(), chunk.items.begin() + n);
  values_.insert(values_.end(), chunk.values.begin(), chunk.values.begin() + n);
  times_.insert(times_.end(), chunk.times.begin(), chunk.times.begin() + n);
}

// Groups by user: each thread takes a range of the log and knows where its events of a user go.
void EventColumns::scatter(Interactions& result, std::size_t threads) {
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
    std::uint64_t at = result.offsets[u];
    for (std::size_t part = 0; part < parts; ++part) at += std::exchange(next[part][u], at);
  }
  const std::unique_ptr<Event[]> grouped(new Event[items_.size()]);
  prefer_huge_pages(grouped.get(), items_.size() * sizeof(Event));
  parallel_for(parts, 1, threads, [&](std::size_t part, std::size_t, std::size_t) {
    std::uint64_t e = begins[part];
    for (std::size_t r = part * each; r < last_run(part); ++r) {
      std::uint64_t& at = next[part][runs_[r].user];
      for (std::uint32_t i = 0; i < runs_[r].count; ++i, ++e)
        grouped[at++] = {times_[e], items_[e], values_[e]};
    }
  });
  constexpr std::size_t kEventsAtOnce = 1U << 16;
  parallel_for(items_.size(), kEventsAtOnce, threads,
               [&](std::size_t begin, std::size_t end, std::size_t) {
                 for (std::size_t e = begin; e < end; ++e) {
                   times_[e] = grouped[e].time;
                   items_[e] = grouped[e].item;
                   values_[e] = grouped[e].value;
                 }
               });
}

Interactions EventColumns::build(std::vector<std::string>& users, std::uint64_t& duplicates,
                                 std::size_t threads) {
  Interactions result;
  result.offsets.assign(counts_.size() + 1, 0);
  std::partial_sum(counts_.begin(), counts_.end(), result.offsets.begin() + 1);
  if (!grouped_) scatter(result, threads);
  std::vector<Run>().swap(runs_);
  result.items = std::move(items_);
  result.values = std::move(values_);
  result.times = std::move(times_);
  users = users_.take_ids();
  duplicates = order_in_place(result, threads);
  return result;
}

}  // namespace sparrow::data
