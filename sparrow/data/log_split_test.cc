// What splits give, joined as a cluster joins them, is what the reference gives of the whole log.
#include "sparrow/data/log_split.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"

namespace sparrow::data {
namespace {

namespace fs = std::filesystem;

struct Piece {
  std::string user;
  std::int64_t split;
  std::int64_t first;
  std::string events;
};

class LogSplitTest : public testing::Test {
 protected:
  LogSplitTest() {
    for (int i = 0; i < 40; ++i) items_.add(fmt::format("i{}", i));
    LogPart& part = log_.parts.emplace_back();
    part.path = fs::temp_directory_path() / "sparrow-log-split.csv";
    part.layout.dialect.fields = 5;
  }
  ~LogSplitTest() override { fs::remove(log_.parts[0].path); }

  // A log of few users and times, where some lines are wrong; quotes run over lines.
  static std::string text_of(std::size_t rows, bool over_lines, Random& random) {
    std::string text = "user,item,value,time,comment\n";
    for (std::size_t r = 0; r < rows; ++r) {
      const bool wrong = random.below(20) == 0;
      text += fmt::format("u{},i{},{},{},", random.below(30), random.below(wrong ? 60 : 40),
                          wrong && random.below(2) == 0 ? "x" : "4.5", 1'000'000 + random.below(9));
      const bool quoted = over_lines && random.below(4) == 0;
      text += quoted ? "\"a \"\"b\"\"\nand, c\"\n" : "plain\n";
      if (random.below(50) == 0) text += "\n";
    }
    return text;
  }

  struct Found {
    std::vector<Piece> pieces;
    LogContent content;  // without interactions
    bool unfinished = false;
  };

  // ends: of the splits, each behind a line.
  Found read_splits(const std::string& text, const std::vector<std::size_t>& ends, Random& random) {
    Found found;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      LogSplit split(log_.parts[0], items_, static_cast<std::int64_t>(begin), begin == 0);
      const auto take = [&](LogSplit::Behind behind) {
        const PackedHistories part = split.read(behind);
        for (std::size_t u = 0; u < part.size(); ++u) {
          const auto range = [u](const std::vector<std::int32_t>& offsets, const std::string& of) {
            return of.substr(static_cast<std::size_t>(offsets[u]),
                             static_cast<std::size_t>(offsets[u + 1] - offsets[u]));
          };
          found.pieces.push_back({range(part.user_offsets, part.users), part.splits[u],
                                  part.firsts[u], range(part.event_offsets, part.events)});
        }
      };
      for (std::size_t at = begin; at < end;) {
        const std::size_t line = text.find('\n', at) + 1;
        split.add(std::string_view(text).substr(at, line - at));
        at = line;
        if (random.below(10) == 0) take(LogSplit::Behind::kWindow);
      }
      take(end == text.size() ? LogSplit::Behind::kNothing : LogSplit::Behind::kSplit);
      found.unfinished = found.unfinished || split.unfinished();
      found.content.rows += split.rows();
      found.content.unknown_items += split.unknown_items();
      for (const Reject& r : split.rejects())
        found.content.reject({{}, found.content.lines + r.line, r.reason});
      found.content.lines += split.lines();
      begin = end;
    }
    return found;
  }

  static PackedHistories merge(std::vector<Piece> pieces) {
    const auto key = [](const Piece& p) { return std::tie(p.user, p.split, p.first); };
    std::sort(pieces.begin(), pieces.end(),
              [&](const Piece& a, const Piece& b) { return key(a) < key(b); });
    HistoryMerger merger;
    for (const Piece& p : pieces) merger.add(p.user, p.split, p.first, p.events);
    return *merger.take(true);
  }

  void compare(const std::string& text, Random& random) {
    ASSERT_TRUE(write_file_atomically(log_.parts[0].path, text));
    const auto whole = read_log_reference(log_, items_);
    ASSERT_TRUE(whole);
    std::vector<std::size_t> ends;
    for (std::size_t at = random.below(400); at < text.size(); at += random.below(3000)) {
      at = text.find('\n', at) + 1;
      ends.push_back(at);
    }
    if (ends.empty() || ends.back() != text.size()) ends.push_back(text.size());
    Found found = read_splits(text, ends, random);
    if (found.unfinished) found = read_splits(text, {text.size()}, random);
    ASSERT_EQ(found.content.rows, whole->rows);
    ASSERT_EQ(found.content.lines, whole->lines);
    ASSERT_EQ(found.content.unknown_items, whole->unknown_items);
    ASSERT_EQ(found.content.reject_count, whole->reject_count);
    for (std::size_t r = 0; r < whole->rejects.size(); ++r) {
      ASSERT_EQ(found.content.rejects[r].line, whole->rejects[r].line);
      ASSERT_EQ(found.content.rejects[r].reason, whole->rejects[r].reason);
    }
    same(merge(found.pieces), *whole);
  }

  static void same(const PackedHistories& merged, const LogContent& whole) {
    ASSERT_EQ(merged.size(), whole.users.size());
    std::vector<std::size_t> order(merged.size());
    for (std::size_t u = 0; u < order.size(); ++u) order[u] = u;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(merged.splits[a], merged.firsts[a]) <
             std::pair(merged.splits[b], merged.firsts[b]);
    });
    std::int64_t duplicates = 0;
    for (std::size_t u = 0; u < order.size(); ++u) {
      const auto from = static_cast<std::size_t>(merged.user_offsets[order[u]]);
      const auto to = static_cast<std::size_t>(merged.user_offsets[order[u] + 1]);
      ASSERT_EQ(merged.users.substr(from, to - from), whole.users[u]);
      const std::size_t begin = whole.interactions.offsets[u];
      const std::size_t n = whole.interactions.offsets[u + 1] - begin;
      const char* at = merged.events.data() + merged.event_offsets[order[u]];
      ASSERT_EQ(std::memcmp(at, whole.interactions.items.data() + begin, n * sizeof(Row)), 0);
      at += n * sizeof(Row);
      ASSERT_EQ(std::memcmp(at, whole.interactions.values.data() + begin, n * sizeof(float)), 0);
      at += n * sizeof(float);
      ASSERT_EQ(std::memcmp(at, whole.interactions.times.data() + begin, n * sizeof(std::int64_t)),
                0);
      duplicates += merged.duplicates[order[u]];
    }
    ASSERT_EQ(static_cast<std::uint64_t>(duplicates), whole.duplicates);
  }

  IdTable items_;
  LogFile log_;
};

TEST_F(LogSplitTest, GivesWhatTheReferenceGives) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    compare(text_of(800, seed % 3 == 0, random), random);
  }
}

TEST_F(LogSplitTest, SaysWhenARecordGoesOnBehindTheSplit) {
  Random random(1);
  const std::string text = "user,item,value,time,comment\nu1,i1,4,5,\"a\nb\"\nu2,i2,4,5,c\n";
  const auto inside = text.find("b\"");
  EXPECT_TRUE(read_splits(text, {inside, text.size()}, random).unfinished);
  const auto between = text.find("u2");
  EXPECT_FALSE(read_splits(text, {between, text.size()}, random).unfinished);
}

TEST_F(LogSplitTest, ItemsComeInOrderOfFirstAppearanceAcrossWindows) {
  LogSplit split(log_.parts[0], items_, 0, true);
  split.add("user,item,value,time,comment\nu,b,1,1,Bee\nu,a,1,1,Ay\nu,b,1,1,again\n");
  const SplitItems window = split.read_items(LogSplit::Behind::kWindow, 4);
  EXPECT_EQ(window.ids, (std::vector<std::string>{"b", "a"}));  // the last record waits
  EXPECT_EQ(window.titles, (std::vector<std::string>{"Bee", "Ay"}));
  split.add("u,c,1,1,See\n");
  const SplitItems rest = split.read_items(LogSplit::Behind::kNothing, 4);
  EXPECT_EQ(rest.ids, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(rest.firsts, (std::vector<std::int64_t>{2, 3}));
}

TEST_F(LogSplitTest, LayoutsComeBackFromTheirText) {
  LogPart& part = log_.parts[0];
  part.layout.event_weights = {{"view", 0.1F}, {"cart", 3}};
  part.layout.value.reset();
  part.layout.dialect.separator = "::";
  part.filter = {"kind", {"a", "b"}};
  const auto back = parse_log_file(log_file_text(log_));
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->parts.size(), 1U);
  EXPECT_EQ(back->parts[0].layout.event_weights, part.layout.event_weights);
  EXPECT_EQ(back->parts[0].layout.dialect, part.layout.dialect);
  EXPECT_FALSE(back->parts[0].layout.value);
  EXPECT_EQ(back->parts[0].layout.time_end, part.layout.time_end);
  EXPECT_EQ(back->parts[0].filter.values, part.filter.values);
  EXPECT_FALSE(parse_log_file("{}, no"));
}

}  // namespace
}  // namespace sparrow::data
