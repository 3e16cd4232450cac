#include "sparrow/evaluate/data_card.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/embed/train.h"

namespace sparrow::evaluate {
namespace {

Activity activity_of(std::vector<std::uint64_t> counts) {
  struct Edge {
    std::uint64_t first;
    const char* name;
  };
  static constexpr std::array<Edge, 10> kEdges = {{{0, "0"},
                                                   {1, "1"},
                                                   {2, "2-4"},
                                                   {5, "5-9"},
                                                   {10, "10-19"},
                                                   {20, "20-49"},
                                                   {50, "50-99"},
                                                   {100, "100-199"},
                                                   {200, "200-499"},
                                                   {500, "500+"}}};
  Activity activity;
  for (const Edge& edge : kEdges) activity.bins.push_back({edge.name, 0});
  for (const std::uint64_t count : counts) {
    std::size_t bin = kEdges.size() - 1;
    while (count < kEdges[bin].first) --bin;
    ++activity.bins[bin].count;
    activity.most = std::max(activity.most, count);
  }
  if (counts.empty()) return activity;
  const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  activity.median = static_cast<double>(*middle);
  return activity;
}

// What is counted of the log in one pass over its users.
struct LogCounts {
  std::vector<std::uint32_t> of_items;
  std::vector<std::uint32_t> liked_of_items;
  std::vector<std::uint64_t> of_parts;  // of the time span
  std::uint64_t liked_histories = 0;
};

constexpr std::size_t kTimeParts = 24;

// Events of a user are in order of time: the ends are those of users.
TimeSpan span_of(const data::Interactions& log) {
  TimeSpan span;
  bool any = false;
  for (std::size_t u = 0; u < log.users(); ++u) {
    if (log.offsets[u] == log.offsets[u + 1]) continue;
    const std::int64_t first = log.times[log.offsets[u]];
    const std::int64_t last = log.times[log.offsets[u + 1] - 1];
    span.first = any ? std::min(span.first, first) : first;
    span.last = any ? std::max(span.last, last) : last;
    any = true;
  }
  return span;
}

void count_users(const data::Dataset& dataset, const TimeSpan& span,
                 std::pair<std::size_t, std::size_t> users, LogCounts& counts) {
  const data::Interactions& log = dataset.interactions;
  const float liked_from = dataset.info.scale.liked;
  const double parts =
      static_cast<double>(kTimeParts) / (static_cast<double>(span.last - span.first) + 1);
  for (std::size_t u = users.first; u < users.second; ++u) {
    std::uint32_t liked = 0;
    for (auto e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      const std::uint32_t one = log.values[e] >= liked_from ? 1 : 0;
      ++counts.of_items[log.items[e]];
      counts.liked_of_items[log.items[e]] += one;
      liked += one;
      const double part = static_cast<double>(log.times[e] - span.first) * parts;
      ++counts.of_parts[std::min(kTimeParts - 1, static_cast<std::size_t>(part))];
    }
    counts.liked_histories += liked >= 2 ? 1U : 0U;
  }
}

LogCounts count_log(const data::Dataset& dataset, const TimeSpan& span, std::size_t threads) {
  const std::size_t items = dataset.catalog.size();
  const LogCounts none{std::vector<std::uint32_t>(items, 0), std::vector<std::uint32_t>(items, 0),
                       std::vector<std::uint64_t>(kTimeParts, 0), 0};
  std::vector<LogCounts> parts(thread_count(threads), none);
  constexpr std::size_t kUsersAtOnce = 1024;
  parallel_for(dataset.interactions.users(), kUsersAtOnce, threads,
               [&](std::size_t first, std::size_t last, std::size_t thread) {
                 count_users(dataset, span, {first, last}, parts[thread]);
               });
  LogCounts sum = none;
  for (const LogCounts& part : parts) {
    for (std::size_t i = 0; i < items; ++i) {
      sum.of_items[i] += part.of_items[i];
      sum.liked_of_items[i] += part.liked_of_items[i];
    }
    for (std::size_t p = 0; p < kTimeParts; ++p) sum.of_parts[p] += part.of_parts[p];
    sum.liked_histories += part.liked_histories;
  }
  return sum;
}

double share(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

class Judge {
 public:
  explicit Judge(DataCard& card) : card_(card) {}
  void judge() {
    of_files();
    of_values();
    of_behavior();
    of_content();
    std::stable_sort(
        card_.warnings.begin(), card_.warnings.end(),
        [](const CardWarning& a, const CardWarning& b) { return a.weight > b.weight; });
  }

 private:
  void warn(int weight, std::string what, std::string remedy) {
    card_.warnings.push_back({weight, std::move(what), std::move(remedy)});
  }

  void of_files() {
    const data::DatasetInfo& i = card_.info;
    if (i.simulated)
      warn(70, "The viewers are simulated.", "Give your own log with --data or --interactions.");
    if (i.log_rows > 0 && i.joined < 0.98)
      warn(i.joined < 0.8 ? 95 : 50,
           fmt::format("{:.1f} % of the log's rows are about items that the catalogue lacks.",
                       100 * (1 - i.joined)),
           "See rejects.tsv; --columns item=NAME,id=NAME or --id-form number may mend it.");
    std::uint64_t rejected = 0;
    for (const auto& file : i.files) rejected += file.rejected_lines;
    if (rejected > 0)
      warn(20, fmt::format("{} lines could not be read and are left out.", rejected),
           "See rejects.tsv for each line and its reason.");
    if (share(i.duplicate_interactions, i.interactions) > 0.2)
      warn(
          15,
          fmt::format("{:.0f} % of the interactions are with an item that the user has had before.",
                      100 * share(i.duplicate_interactions, i.interactions)),
          "Nothing, if things are taken up again (songs, groceries).");
  }

  void of_values() {
    const data::ValueScale& s = card_.info.scale;
    if (card_.info.interactions == 0) return;
    const bool graded = s.name != "none" && s.name != "presence" && s.name != "events";
    if (graded && s.liked_share > 0.97)
      warn(60,
           fmt::format("{:.0f} % of the values are liked: they say little.", 100 * s.liked_share),
           fmt::format("Raise --min-value above {:.4g}, or say with --scale what they mean.",
                       s.liked));
    if (s.liked_share < 0.05)
      warn(80, fmt::format("Only {:.1f} % of the values are liked.", 100 * s.liked_share),
           fmt::format("Lower --min-value below {:.4g}, or say with --scale what they mean.",
                       s.liked));
  }

  void of_behavior() {
    const data::DatasetInfo& i = card_.info;
    if (i.interactions == 0) {
      warn(90, "There is no log: lists go by what the items are.",
           "Give a log with --interactions.");
      return;
    }
    if (!i.ordered)
      warn(40, "The log has no times: histories are in the order of the file.",
           "Name a column of times with --columns time=NAME, if there is one.");
    if (card_.warm_items == 0)
      warn(100, "No item is liked often enough to learn from behavior.",
           "Look at values and joins above; more of the log is needed.");
    else if (share(card_.warm_items, i.items) < 0.2)
      warn(55,
           fmt::format("Only {:.0f} % of the items are liked often enough to learn from behavior.",
                       100 * share(card_.warm_items, i.items)),
           "The others are placed by content: genres, text and tags pay.");
    if (share(card_.liked_histories, i.users) < 0.5)
      warn(45,
           fmt::format("{:.0f} % of the users liked fewer than two items and teach nothing.",
                       100 * (1 - share(card_.liked_histories, i.users))),
           "Is the column of users right? Sessions instead of people teach less.");
    constexpr std::uint64_t kFew = 10'000;
    if (i.interactions < kFew)
      warn(30, fmt::format("{} interactions are few.", i.interactions),
           "Trust lists of well-known items only, and evaluate with care.");
  }

  void of_content() {
    const std::uint64_t items = card_.info.items;
    const auto filled = [&](auto&& holds) {
      return std::any_of(card_.attributes.begin(), card_.attributes.end(),
                         [&](const UsedAttribute& a) { return holds(a) && a.items * 2 > items; });
    };
    const bool described = filled([](const UsedAttribute& a) {
      return a.kind == "categories" || a.kind == "category" || a.kind == "people" ||
             a.name == "text";
    });
    if (!described && card_.with_tags * 2 <= items)
      warn(card_.never_seen * 4 > items ? 65 : 35,
           "Little is known of what the items are: no genres, tags, people or text for most.",
           "Give a catalogue with such columns; items without behavior have nothing else.");
    if (card_.info.dropped_values > 0)
      warn(10,
           fmt::format("{} optional values of items say nothing and are left out.",
                       card_.info.dropped_values),
           "");
  }

  DataCard& card_;
};

// What the data mean for each method.
void judge_methods(DataCard& card) {
  const data::DatasetInfo& i = card.info;
  const std::string warm = fmt::format("{} of {} items", card.warm_items, i.items);
  const auto add = [&](const char* method, std::string text) {
    card.methods.emplace_back(method, std::move(text));
  };
  if (i.interactions == 0) {
    add("content", "the only one that can learn here");
    return;
  }
  const bool order = i.ordered;
  add("fusion", fmt::format("learns {} from behavior, places the rest by content", warm));
  add("item2vec", order ? fmt::format("learns from {} histories in order", card.liked_histories)
                        : "learns what stands together: without times there is no order");
  add("walks", order ? "deepwalk, node2vec and side-info walk from item to the next liked one"
                     : "deepwalk, node2vec and side-info walk in the order of the file");
  add("counts",
      fmt::format("cooccurrence and history need no times: {} histories", card.liked_histories));
  add("content", fmt::format("needs no log: {} of {} items have a year, {} have tags",
                             card.with_year, i.items, card.with_tags));
}

void count_catalog(const data::Dataset& dataset, DataCard& card) {
  const data::Schema& schema = dataset.catalog.schema();
  std::vector<std::uint64_t> having(schema.size(), 0);
  for (const data::Item& item : dataset.catalog.items()) {
    card.with_year += item.year != 0 ? 1U : 0U;
    card.with_tags += item.tags.empty() ? 0U : 1U;
    for (const data::ItemValue& value : item.values) ++having[value.attribute];
  }
  for (data::AttributePosition a = 0; a < schema.size(); ++a) {
    if (having[a] > 0)
      card.attributes.push_back(
          {schema[a].name, data::attribute_kind_name(schema[a].kind), having[a]});
  }
}

}  // namespace

DataCard data_card(const data::Dataset& dataset, std::size_t threads) {
  DataCard card;
  card.info = dataset.info;
  const data::Interactions& log = dataset.interactions;
  card.time = span_of(log);
  const LogCounts counts = count_log(dataset, card.time, threads);
  card.time.counts = counts.of_parts;
  card.liked_histories = counts.liked_histories;
  std::vector<std::uint64_t> of_users;
  for (std::size_t u = 0; u < log.users(); ++u)
    of_users.push_back(log.offsets[u + 1] - log.offsets[u]);
  const auto least = embed::TrainOptions{}.fusion.histories.min_positives;
  for (std::size_t i = 0; i < counts.of_items.size(); ++i) {
    card.never_seen += counts.of_items[i] == 0 ? 1U : 0U;
    card.warm_items += counts.liked_of_items[i] >= least ? 1U : 0U;
  }
  card.users = activity_of(std::move(of_users));
  card.items = activity_of({counts.of_items.begin(), counts.of_items.end()});
  count_catalog(dataset, card);
  Judge(card).judge();
  judge_methods(card);
  return card;
}

nlohmann::json describe(const data::DatasetInfo& info) {
  return {{"name", info.name},
          {"source", info.source},
          {"format", info.format},
          {"simulated", info.simulated},
          {"items", info.items},
          {"users", info.users},
          {"interactions", info.interactions},
          {"tags", info.tag_rows},
          {"duplicates", info.duplicate_interactions},
          {"unknown_item_rows", info.unknown_item_rows},
          {"rejects", info.rejects},
          {"hash", info.hash}};
}

}  // namespace sparrow::evaluate
