// recommend(): what the Recommender answers becomes the list that is shown, with chance where it
// has a part, and is remembered for the event log.
#include <random>

#include "sparrow/api/list_answer.h"
#include "sparrow/api/list_request.h"
#include "sparrow/rank/explore.h"

namespace sparrow::api {
namespace {

// Each thread draws on its own; what was drawn is in the log.
Random& chance() {
  thread_local Random random((std::uint64_t{std::random_device{}()} << 32U) |
                             std::random_device{}());
  return random;
}

// A list and what chance did with it.
struct Shown {
  rank::Answer answer;
  std::vector<float> propensity;  // of each item at its place; empty: 1
  std::string teams;              // of an interleaved list, a letter for each item
};

// Pinned items and later pages stay where they are.
bool may_change(const rank::Request& request) {
  return request.offset == 0 && request.controls.pins.empty();
}

Shown explored(const rank::Request& request, const live::ServedModel& served) {
  rank::Request wider = request;
  wider.size = rank::explored_pool(request.size);
  Shown shown{served.recommender->recommend(wider), {}, {}};
  if (shown.answer.is_short && shown.answer.items.size() >= request.size) {
    shown.answer.is_short = false;  // only the wider one was
    shown.answer.degraded.pop_back();
  }
  shown.propensity = explore(shown.answer.items, request.size, request.explore, chance());
  return shown;
}

// The list of the experiment's second variant; nothing when its settings cannot be had now.
std::optional<rank::Answer> other_list(Context& c, const rank::Request& request) {
  rank::Request second = start_request(c);
  second.seeds = request.seeds;
  second.vector = request.vector;
  second.features = request.features;
  std::swap(c.query, *c.other);
  read_controls(c, second);
  const auto served = model_of(c);
  const bool sound = !c.query.error() && served != nullptr &&
                     (second.vector.empty() || second.vector.size() == served->recommender->dim());
  std::swap(c.query, *c.other);
  if (!sound || !may_change(second)) return std::nullopt;
  second.size = request.size;
  return served->recommender->recommend(second);
}

Shown interleaved(Context& c, const rank::Request& request, const live::ServedModel& served) {
  Shown shown{served.recommender->recommend(request), {}, {}};
  const auto other = other_list(c, request);
  if (!other) return shown;
  auto list = rank::interleave(shown.answer.items, other->items, request.size, chance());
  shown.answer.items = std::move(list.items);
  shown.teams = std::move(list.teams);
  return shown;
}

// What the answer shows, but for whose it is.
std::shared_ptr<const events::Impression> impression_of(const Context& c,
                                                        const rank::Request& request,
                                                        const Shown& shown,
                                                        const live::ServedModel& served) {
  auto list = std::make_shared<events::Impression>();
  const model::Manifest& manifest = served.model.manifest;
  list->model = manifest.name + "@" + manifest.version;
  list->rules = static_cast<std::uint32_t>(c.now->rules->version());
  const data::Catalog& catalog = c.view.dataset->catalog;
  if (!request.seeds.empty()) list->seed = catalog[request.seeds.front().row].id;
  list->offset = static_cast<std::int32_t>(request.offset);
  list->items.reserve(shown.answer.items.size());
  for (const auto& item : shown.answer.items) {
    const std::size_t place = list->items.size();
    events::Impression::Shown entry{catalog[item.row].id, 0,
                                    shown.propensity.empty() ? 1 : shown.propensity[place]};
    for (const auto& hit : item.channels)
      entry.channels |= 1U << static_cast<unsigned>(hit.channel);
    list->items.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

rank::Answer recommend(Context& c, const rank::Request& request, const live::ServedModel& served) {
  Shown shown;
  if (c.other && may_change(request))
    shown = interleaved(c, request, served);
  else if (request.explore > 0 && may_change(request) && c.services.options.event_log != nullptr)
    shown = explored(request, served);
  else
    shown.answer = served.recommender->recommend(request);
  rank::Answer& answer = shown.answer;
  // In front: the last may be that the list is short.
  answer.degraded.insert(answer.degraded.begin(), c.notes.begin(), c.notes.end());
  c.services.metrics.record(Stage::kRecall, answer.recall_time);
  if (answer.rank_time.count() > 0) c.services.metrics.record(Stage::kRank, answer.rank_time);
  for (std::size_t i = 0; i < recall::kChannelNames.size(); ++i) {
    const auto id = static_cast<rank::ChannelId>(i);
    if (answer.asked.contains(id)) c.services.metrics.count_channel(i, answer.failed.contains(id));
  }
  c.repeatable = c.repeatable && answer.failed.empty() && request.controls.budget.count() == 0 &&
                 c.services.options.ranking.remote == nullptr && shown.propensity.empty() &&
                 !c.other;
  if (const auto user = c.query.text("user")) {
    c.repeatable = false;
    for (const auto& item : answer.items)
      c.services.marks.add(*user, item.row, live::EventKind::kShown);
  }
  if (!shown.teams.empty())
    c.variants += (c.variants.empty() ? "" : ",") + c.interleaved + ":" + shown.teams;
  // Also for who is not recorded: the answer may be given again to who is.
  if (c.services.options.event_log != nullptr) c.list = impression_of(c, request, shown, served);
  return std::move(shown.answer);
}

}  // namespace sparrow::api
