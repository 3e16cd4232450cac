#include "sparrow/live/live_feed.h"

#include <algorithm>

#include "sparrow/core/clock.h"

namespace sparrow::live {
namespace {

constexpr std::int64_t kMsOfSecond = 1000;
constexpr auto kLookAtCatalog = std::chrono::seconds(1);
// Sums decay while nothing happens: then lists are made anew so often.
constexpr auto kQuiet = std::chrono::seconds(60);
constexpr std::string_view kUndo = "undo";
constexpr double kShareOfTime = 0.05;  // of this thread, for making what lists read

// A user, or else a session; 0: nobody. Two people of one hash in 2^64 count as one.
std::uint64_t person_hash(std::string_view user, std::string_view session) {
  if (user.empty() && session.empty()) return 0;
  const std::hash<std::string_view> hash;
  return (user.empty() ? hash(session) ^ 0x9e3779b97f4a7c15ULL : hash(user)) | 1U;
}

}  // namespace

std::optional<LiveFeed::Waiting> LiveFeed::counted_of(const events::Event& event) const {
  if (event.item.empty()) return std::nullopt;
  const float weight = options_.weights.of(event);
  const std::uint64_t person = weight > 0 ? person_hash(event.user, event.session) : 0;
  const bool marks = !event.origin.empty() && !event.user.empty() &&
                     (event_kind(event.type) || event.type == kUndo);
  if (person == 0 && !marks) return std::nullopt;
  Waiting counted{event.item, person, event.time_ms / kMsOfSecond, weight, {}, {}, {}};
  if (marks) {
    counted.marked_by = event.user;
    counted.mark = event.type;
    counted.undone = event.text;
  }
  return counted;
}

void LiveFeed::take(const events::Event& event) {
  const std::lock_guard lock(mutex_);
  auto counted = counted_of(event);
  if (!counted) return;
  if (waiting_.size() >= options_.most_waiting) {
    ++counts_.dropped;
    return;
  }
  waiting_.push_back(std::move(*counted));
}

void LiveFeed::forget(const std::string& user) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({"", person_hash(user, ""), 0, 0, {}, {}, {}});
}

void LiveFeed::start(State& state, UserMarks* marks, const events::EventLog& log, Say say) {
  marks_ = marks;
  stopping_ = false;
  view_.reset();
  {
    const std::lock_guard lock(mutex_);
    counts_.counted = counts_.unknown = 0;  // the log is read again
    options_.weights.set_liked(state.snapshot()->view->dataset->info.scale.liked);
  }
  state_ = &state;
  log_ = &log;
  say_ = std::move(say);
  thread_ = std::thread([this] { run(); });
}

void LiveFeed::stop() {
  stopping_ = true;
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

LiveFeed::Counts LiveFeed::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void LiveFeed::use(const Waiting& event) {
  if (event.item.empty()) return live_->forget(event.person);
  const auto row = view_->find(event.item);
  {
    const std::lock_guard lock(mutex_);
    ++(row ? counts_.counted : counts_.unknown);
  }
  if (!row) return;
  if (!event.marked_by.empty() && marks_ != nullptr) {
    if (event.mark == kUndo)
      marks_->take_back(event.marked_by, *row, event_kind(event.undone));
    else
      marks_->add(event.marked_by, *row, *event_kind(event.mark));
  }
  if (event.person == 0) return;
  // What claims to come from the future would weigh more than what happens now.
  const std::int64_t now_s = now_ms() / kMsOfSecond;
  live_->add({event.person, std::min(event.time_s, now_s), *row, event.weight});
  changed_ = true;
}

bool LiveFeed::drain() {
  std::deque<Waiting> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(waiting_);
  }
  for (const Waiting& event : taken) use(event);
  return !taken.empty();
}

// The newest days first, so that what is left out is what matters least.
void LiveFeed::read_log() {
  const std::int64_t start = now_ms();
  std::size_t read = 0;
  for (int back = 0; back < options_.days_read && !stopping_; ++back) {
    const std::int64_t day = start / events::kDayMs - back;
    const auto done =
        log_->each_event({day * events::kDayMs, std::min(start, (day + 1) * events::kDayMs)},
                         [&](const events::Event& event) {
                           if (const auto counted = counted_of(event)) use(*counted);
                           constexpr std::size_t kAtOnce = 4096;
                           if (++read % kAtOnce == 0) drain();
                           return read < options_.most_read && !stopping_;
                         });
    if (!done) return say_("degraded: trending is of new events only: " + done.error().message);
    if (read >= options_.most_read) return;
  }
}

// Rows of items that came, and what is usual for all.
void LiveFeed::follow_catalog() {
  auto view = state_->snapshot()->view;
  if (view == view_) return;
  view_ = std::move(view);
  const recall::ItemFacts& facts = *view_->facts;
  std::vector<float> popularity(view_->dataset->catalog.size(), 0);
  for (Row row = 0; row < popularity.size() && row < facts.size(); ++row)
    popularity[row] = static_cast<float>(facts.liked_by(row).size());
  live_->set_items(std::move(popularity));
}

void LiveFeed::publish() {
  auto next = std::make_shared<recall::LiveSignals>(live_->signals(now_ms() / kMsOfSecond));
  next->number = ++published_;
  {
    const std::lock_guard lock(mutex_);
    counts_.trending = next->trending.size();
    counts_.seeds = next->seeds.size();
  }
  state_->set_live(next->empty() ? nullptr : std::move(next));
  changed_ = false;
}

void LiveFeed::run() {
  using Clock = std::chrono::steady_clock;
  live_ = std::make_unique<LiveCounts>(options_.counts, now_ms() / kMsOfSecond);
  follow_catalog();
  read_log();
  auto next_publication = Clock::now();
  auto next_catalog = Clock::now();
  auto quiet_until = Clock::now();
  while (!stopping_) {
    if (Clock::now() >= next_catalog) {
      follow_catalog();
      next_catalog = Clock::now() + kLookAtCatalog;
    }
    drain();
    const auto began = Clock::now();
    if ((changed_ && began >= next_publication) || (published_ > 0 && began >= quiet_until)) {
      publish();
      const auto took = Clock::now() - began;
      next_publication =
          Clock::now() + std::max(std::chrono::duration_cast<Clock::duration>(options_.every),
                                  std::chrono::duration_cast<Clock::duration>(took / kShareOfTime));
      quiet_until = Clock::now() + kQuiet;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, options_.every / 4, [this] { return stopping_.load(); });
  }
}

}  // namespace sparrow::live
