#include "sparrow/data/interaction_log.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/packed_writer.h"
#include "sparrow/data/synth.h"

namespace sparrow::data {
namespace {

namespace fs = std::filesystem;

class InteractionLogTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("sparrow-log-" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (int i = 0; i < 60; ++i) items_.add(std::to_string(i * 37));
    for (const char* id : {"A-1", "B 2", "007", "99999999", "Misérables"}) items_.add(id);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Fast and slow path on the same bytes, plain and packed, for several threads and pieces.
  void compare(const std::string& text, bool dat, const std::string& what) {
    LogFile file;
    LogPart& part = file.parts.emplace_back();
    part.layout.dialect.fields = 4;
    if (dat) {
      part.layout.dialect.separator = "::";
      part.layout.dialect.quoting = Quoting::kNone;
      part.layout.dialect.header = false;
    }
    compare(file, text, what);
  }
  void compare(LogFile& file, const std::string& text, const std::string& what) {
    for (const auto packing : {SynthPacking::kNone, SynthPacking::kGzip, SynthPacking::kZstd}) {
      file.parts[0].path = folder_ / (packing == SynthPacking::kNone   ? "log"
                                      : packing == SynthPacking::kGzip ? "log.gz"
                                                                       : "log.zst");
      auto out = create_packed(file.parts[0].path, packing);
      ASSERT_TRUE(out && (*out)->write(text) && (*out)->close());
      const auto slow = read_log_reference(file, items_);
      for (const std::size_t threads : {1U, 2U, 5U}) {
        for (const std::size_t bytes : {64U, 1000U, 1U << 20}) {
          file.threads = threads;
          file.piece_bytes = bytes;
          const auto fast = read_log(file, items_, {});
          ASSERT_EQ(fast.ok(), slow.ok()) << what;
          if (fast) same(*fast, *slow, fmt::format("{} {} {}", what, threads, bytes));
        }
      }
    }
  }
  static void same(const LogContent& fast, const LogContent& slow, const std::string& what) {
    ASSERT_EQ(fast.rows, slow.rows) << what;
    ASSERT_EQ(fast.users, slow.users) << what;
    ASSERT_EQ(fast.interactions, slow.interactions) << what;
    ASSERT_EQ(fast.duplicates, slow.duplicates) << what;
    ASSERT_EQ(fast.unknown_items, slow.unknown_items) << what;
    ASSERT_EQ(fast.rejects.size(), slow.rejects.size()) << what;
    for (std::size_t r = 0; r < fast.rejects.size(); ++r) {
      ASSERT_EQ(fast.rejects[r].line, slow.rejects[r].line) << what;
      ASSERT_EQ(fast.rejects[r].reason, slow.rejects[r].reason) << what;
    }
  }

  IdTable items_;
  fs::path folder_;
};

template <typename Choices>
std::string pick(const Choices& choices, Random& random) {
  return *(std::begin(choices) + random.below(static_cast<std::uint32_t>(std::size(choices))));
}

// A record: mostly plain, else one of everything that may go wrong.
std::string record(Random& random, std::string_view comma, std::uint32_t odd_in_100) {
  const char* const users[] = {"7",          "70000", "4194303", "4194304", "12345678",
                               "9999999999", "ann",   "01",      "0"};
  const char* const items[] = {"A-1", "B 2", "007", "99999999", "Misérables", "1", "", "00"};
  const char* const values[] = {"5",    "4.5", "3.75", "-1", "1e2", "nan",
                                "five", "",    " 4 ",  "4.", ".5",  "12.5"};
  const char* const times[] = {
      "0",  "5",   "999999999", "1000000000", "1600000000000", "12345678901234567890",
      "-5", "1.5", "noon",      "",           "1e9",           " 7"};
  const char* const ends[] = {"\n", "\r\n", "\n\n", "\r\r\n", "\n\r\n"};
  const bool odd = random.below(100) < odd_in_100;
  const auto choose = [&](const auto& choices, std::string plain) {
    return odd && random.below(3) == 0 ? pick(choices, random) : plain;
  };
  std::vector<std::string> fields{
      choose(users, std::to_string(random.below(40) / 4)),
      choose(items, std::to_string(random.below(60) * 37)),
      choose(values, fmt::format("{}.{}", random.below(6), random.below(2) * 5)),
      choose(times, std::to_string(900000000 + random.below(300000000)))};
  if (odd && random.below(6) == 0) fields.pop_back();
  if (odd && random.below(6) == 0) fields.emplace_back(random.below(2) == 0 ? "" : "x");
  std::string line;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    if (f > 0) line += comma;
    const bool quoted = odd && random.below(6) == 0;
    line += quoted ? "\"" + fields[f] + (random.below(8) == 0 ? "\n" : "") + "\"" : fields[f];
    if (odd && random.below(40) == 0) line += "\"x";
  }
  return line + (odd ? pick(ends, random) : "\n");
}

TEST_F(InteractionLogTest, FastAndReferenceAgreeOnAnything) {
  Random random(7);
  for (int round = 0; round < 60; ++round) {
    const bool dat = round % 3 == 2;
    const std::uint32_t odd = round % 4 == 0 ? 0 : random.below(60);
    std::string text = dat ? "" : round % 5 == 0 ? "\xEF\xBB\xBFu,i,v,t\r\n" : "u,i,v,t\n";
    const std::uint32_t rows = random.below(400);
    for (std::uint32_t r = 0; r < rows; ++r) text += record(random, dat ? "::" : ",", odd);
    if (round % 7 == 0 && !text.empty()) text.pop_back();
    compare(text, dat, fmt::format("round {}", round));
  }
}

// Whatever the memory allows, prepared data are the same bytes.
TEST_F(InteractionLogTest, LogsLargerThanTheMemoryGoThroughFiles) {
  SynthOptions options;
  options.users = 3000;
  options.interactions = 200'000;
  ReadOptions read;
  read.directory = folder_ / "log";
  read.scratch = folder_ / "scratch";
  for (const auto order : {SynthOrder::kTime, SynthOrder::kShuffled}) {
    for (const auto packing : {SynthPacking::kNone, SynthPacking::kGzip}) {
      options.order = order;
      options.packing = packing;
      fs::remove_all(read.directory);
      ASSERT_TRUE(synth_log(options, read.directory));
      read.memory_bytes = 0;
      const auto whole = read_dataset(read, {});
      ASSERT_TRUE(whole) << whole.error().message;
      EXPECT_TRUE(whole->interactions_file.empty());
      read.memory_bytes = 1U << 20;  // about a tenth of it
      const auto streamed = read_dataset(read, {});
      ASSERT_TRUE(streamed) << streamed.error().message;
      ASSERT_FALSE(streamed->interactions_file.empty());
      EXPECT_EQ(streamed->interactions, whole->interactions);
      EXPECT_EQ(streamed->users, whole->users);
      EXPECT_EQ(streamed->info.duplicate_interactions, whole->info.duplicate_interactions);
      EXPECT_EQ(streamed->checksums, whole->checksums);
      ASSERT_TRUE(save_dataset(*streamed, folder_ / "prepared"));
      fs::remove_all(read.scratch);
      const auto loaded = load_dataset(folder_ / "prepared");
      ASSERT_TRUE(loaded) << loaded.error().message;
      EXPECT_EQ(loaded->interactions, whole->interactions);
      EXPECT_EQ(streamed->interactions, whole->interactions) << "the moved file is still mapped";
    }
  }
}

TEST_F(InteractionLogTest, AScratchFolderThatCannotBeWrittenIsAnError) {
  SynthOptions options;
  options.interactions = 100'000;
  ReadOptions read;
  read.directory = folder_ / "log";
  ASSERT_TRUE(synth_log(options, read.directory));
  read.memory_bytes = 1U << 20;
  read.scratch = folder_ / "log" / "ratings.csv" / "no";
  const auto failed = read_dataset(read, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(failed.error().message.find(read.scratch.string()), std::string::npos);
}

// The plain rows of other separators, quotes and times, beside everything that may go wrong.
TEST_F(InteractionLogTest, FastAndReferenceAgreeInAnyDialect) {
  Random random(11);
  const char* const separators[] = {";", "\t", "|", "::"};
  const TimeUnit units[] = {TimeUnit::kSeconds, TimeUnit::kMilliseconds, TimeUnit::kNanoseconds,
                            TimeUnit::kDates};
  for (int round = 0; round < 32; ++round) {
    LogFile file;
    LogLayout& layout = file.parts.emplace_back().layout;
    layout.dialect.separator = separators[round % 4];
    layout.dialect.fields = 4;
    layout.time_form.unit = units[random.below(4)];
    const bool quoted = random.below(2) == 0;
    const std::string between =
        quoted ? "\"" + layout.dialect.separator + "\"" : layout.dialect.separator;
    std::string text = "u" + layout.dialect.separator + "i\n";
    for (int r = 0; r < 300; ++r) {
      const std::int64_t time = 900000000 + random.below(300000000);
      const std::string when = layout.time_form.unit == TimeUnit::kDates
                                   ? time_text(time) + (random.below(3) == 0 ? "Z" : "")
                                   : std::to_string(time * units_a_second(layout.time_form.unit));
      if (random.below(20) == 0) {
        text += record(random, layout.dialect.separator, 100);
        continue;
      }
      const std::string quote = quoted && random.below(30) != 0 ? "\"" : "";
      const std::string mark = quote.empty() ? layout.dialect.separator : between;
      text += quote + std::to_string(random.below(400000)) + mark +
              std::to_string(random.below(60) * 37) + mark + fmt::format("{}.5", random.below(5)) +
              mark + when + quote + "\n";
    }
    compare(file, text, fmt::format("round {}", round));
  }
}

TEST_F(InteractionLogTest, QuotedFieldsMayRunOverPieces) {
  std::string text = "u,i,v,t\n";
  for (int r = 0; r < 50; ++r)
    text += "1,37,4.0,1000000000\n\"a\n1,2,3.0,4\n5,6,7.0,8\n\",37,4.0,5\n";
  compare(text + "1,37,4.0,\"5\n6,7,8\n", false, "open at the end");
  compare("", false, "empty");
  compare("\n\n", false, "blank");
  compare("u,i,v,t", false, "header only");
}

TEST_F(InteractionLogTest, DamagedArchivesAreErrors) {
  SynthOptions options;
  options.interactions = 30000;
  for (const auto packing : {SynthPacking::kGzip, SynthPacking::kZstd}) {
    options.packing = packing;
    ASSERT_TRUE(synth_log(options, folder_));
    LogFile file;
    const auto path =
        folder_ / (packing == SynthPacking::kGzip ? "ratings.csv.gz" : "ratings.csv.zst");
    file.parts.emplace_back().path = path;
    fs::resize_file(path, fs::file_size(path) / 2);
    const auto read = read_log(file, items_, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << read.error().message;
  }
}

TEST_F(InteractionLogTest, GeneratedLogsAreTheSameForAnyThreadsAndFormat) {
  SynthOptions options;
  options.users = 9000;
  options.interactions = 300'000;
  options.order = SynthOrder::kShuffled;
  options.dirty = 0.02;
  options.threads = 1;
  ASSERT_TRUE(synth_log(options, folder_));
  const std::string one = *read_file(folder_ / "ratings.csv");
  options.threads = 3;
  ASSERT_TRUE(synth_log(options, folder_));
  EXPECT_EQ(one, *read_file(folder_ / "ratings.csv"));
  ReadOptions read;
  read.directory = folder_;
  read.max_rejects = 0.03;
  const auto fast = read_dataset(read, {});
  read.log_reader.read = [](const LogFile& file, const IdTable& items, const RunControl&) {
    return read_log_reference(file, items);
  };
  const auto slow = read_dataset(read, {});
  ASSERT_TRUE(fast) << fast.error().message;
  ASSERT_TRUE(slow);
  EXPECT_EQ(fast->info.hash, slow->info.hash);
  EXPECT_GT(fast->info.rejects, 1000U);
  fs::remove(folder_ / "ratings.csv");
  for (const auto format : {SynthFormat::kDat, SynthFormat::kGeneric}) {
    options.format = format;
    options.dirty = 0;
    options.packing = SynthPacking::kZstd;
    ASSERT_TRUE(synth_log(options, folder_));
    const auto other = read_dataset(read, {});
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(other->info.rejects, 0U);
    fs::remove(folder_ / "movies.dat");
  }
}

}  // namespace
}  // namespace sparrow::data
