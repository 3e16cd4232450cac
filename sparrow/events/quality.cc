#include "sparrow/events/quality.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "sparrow/events/log_queries.h"

namespace sparrow::events {
namespace {

constexpr std::size_t kMostNamed = 5;  // unknown items

// The lists looked at, and which of their items an event says were on the screen.
struct KnownLists {
  std::unordered_map<std::string, const Impression*> by_request;
  std::unordered_set<std::string> seen;  // "request\nitem"
  std::int64_t from_ms = 0;              // lists before it are not among them
};

std::string seen_key(const Event& event) { return event.request + '\n' + event.item; }

void judge_click(const Event& click, const KnownLists& lists, std::int64_t first_event_ms,
                 Quality& quality) {
  if (click.request.empty()) {
    ++quality.without_request;
    return;
  }
  if (click.time_ms < lists.from_ms) return;
  ++quality.judged;
  const auto found = lists.by_request.find(click.request);
  if (found == lists.by_request.end()) {
    ++quality.list_unknown;
    return;
  }
  const Impression& list = *found->second;
  const auto shown =
      std::find_if(list.items.begin(), list.items.end(),
                   [&](const Impression::Shown& one) { return one.item == click.item; });
  if (shown == list.items.end())
    ++quality.not_in_list;
  else if (click.position != kNoPosition &&
           click.position != list.offset + (shown - list.items.begin()))
    ++quality.wrong_position;
  if (list.time_ms >= first_event_ms && !lists.seen.contains(seen_key(click))) ++quality.not_seen;
}

void name_unknown_items(const std::unordered_map<std::string, std::size_t>& counts,
                        Quality& quality) {
  quality.unknown_items.assign(counts.begin(), counts.end());
  std::sort(quality.unknown_items.begin(), quality.unknown_items.end(),
            [](const auto& a, const auto& b) {
              return a.second != b.second ? a.second > b.second : a.first < b.first;
            });
  if (quality.unknown_items.size() > kMostNamed) quality.unknown_items.resize(kMostNamed);
}

}  // namespace

Result<Quality> quality_of_latest(const EventLog& log,
                                  const std::function<bool(std::string_view)>& known,
                                  const QualityOptions& options) {
  // Events first: a list that is written meanwhile is then there for its clicks.
  const auto events = log.latest(options.events);
  if (!events) return events.error();
  const auto lists = latest_lists(log, options.lists);
  if (!lists) return lists.error();
  Quality quality;
  quality.events = events->size();
  quality.lists = lists->size();
  KnownLists all;
  for (const Impression& list : *lists) all.by_request.emplace(list.request, &list);
  if (lists->size() >= options.lists) all.from_ms = lists->back().time_ms;
  std::unordered_map<std::string, std::size_t> unknown;
  for (const Event& event : *events) {
    quality.from_ms =
        quality.from_ms == 0 ? event.time_ms : std::min(quality.from_ms, event.time_ms);
    if (event.type == "impression") {
      ++quality.seen;
      if (!event.request.empty()) all.seen.insert(seen_key(event));
    }
    if (event.item.empty() || known(event.item)) continue;
    ++quality.unknown_events;
    ++unknown[event.item];
  }
  const std::int64_t first = events->size() >= options.events ? events->back().time_ms : 0;
  for (const Event& event : *events) {
    if (event.type != "click") continue;
    ++quality.clicks;
    judge_click(event, all, first, quality);
  }
  name_unknown_items(unknown, quality);
  return quality;
}

}  // namespace sparrow::events
