#include "sparrow/core/sealed_lines.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/core/file.h"

namespace sparrow {
namespace {

class SealedLinesTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  void TearDown() override { std::filesystem::remove(path_); }
  void put(std::string_view bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("sealed-lines-" + std::to_string(::getpid()) + ".jsonl");
  const std::vector<std::string> objects_ = {R"({"grade":3,"note":"a \"~\":\"1:2\"}"})", "{}",
                                             R"({"seed":"é"})"};
};

TEST_F(SealedLinesTest, WhatIsAppendedIsRead) {
  EXPECT_TRUE(read_sealed_lines(path_)->objects.empty());
  ASSERT_TRUE(append_sealed_lines(path_, objects_));
  const auto read = read_sealed_lines(path_);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->objects, objects_);
  EXPECT_EQ(read->skipped, 0U);
  EXPECT_EQ(read->torn_bytes, 0U);
}

TEST_F(SealedLinesTest, LinesOfOlderFilesHaveNoSeal) {
  put("{\"a\":1}\n\n{\"b\":2}\n");
  EXPECT_EQ(read_sealed_lines(path_)->objects,
            (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"}));
}

// Issue of the torn tail: the next acknowledged entry was glued to it and lost.
TEST_F(SealedLinesTest, TornAtEveryByteOfTheLastLineLosesNothingThatWasAcknowledged) {
  ASSERT_TRUE(append_sealed_lines(path_, objects_));
  const std::string whole = *read_file(path_);
  const std::size_t before = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = before; size <= whole.size(); ++size) {
    put(whole.substr(0, size));
    const auto mended = mend_sealed_lines(path_);
    ASSERT_TRUE(mended.ok());
    EXPECT_EQ(mended->skipped, 0U);
    const bool kept = size + 1 >= whole.size();  // only its newline is missing
    EXPECT_EQ(mended->objects.size(), kept ? 3U : 2U) << size;
    const std::vector<std::string> next = {R"({"next":true})"};
    ASSERT_TRUE(append_sealed_lines(path_, next));
    const auto read = read_sealed_lines(path_);
    EXPECT_EQ(read->objects.size(), kept ? 4U : 3U) << size;
    EXPECT_EQ(read->objects.back(), next[0]) << size;
    EXPECT_EQ(read->skipped, 0U);
  }
}

TEST_F(SealedLinesTest, AnAppendAfterATornOneStandsAlone) {
  ASSERT_TRUE(append_sealed_lines(path_, objects_));
  ASSERT_TRUE(append_durably(path_, R"({"torn":)"));
  ASSERT_TRUE(append_sealed_lines(path_, objects_));
  EXPECT_EQ(read_sealed_lines(path_)->objects.size(), 6U);
  EXPECT_EQ(read_sealed_lines(path_)->skipped, 0U);
}

TEST_F(SealedLinesTest, AnEntryGluedToATornOneIsFoundByItsSeal) {
  put(sealed(objects_[0]).substr(0, 20) + sealed(objects_[2]) + "\n");
  const auto read = read_sealed_lines(path_);
  EXPECT_EQ(read->objects, (std::vector<std::string>{objects_[2]}));
  EXPECT_EQ(read->skipped, 1U);
  EXPECT_EQ(read->first_skipped, "line 1: begins with an entry that was cut short");
}

TEST_F(SealedLinesTest, AChangedByteIsSkippedAndNamed) {
  std::string lines = sealed(objects_[1]) + "\n" + sealed(objects_[0]) + "\n";
  lines[lines.find("grade")] = 'G';
  put(lines);
  const auto read = read_sealed_lines(path_);
  EXPECT_EQ(read->objects, (std::vector<std::string>{"{}"}));
  EXPECT_EQ(read->first_skipped, "line 2: its checksum is not the recorded one");
}

TEST_F(SealedLinesTest, WhatCannotBeReadIsAnErrorAndNotEmpty) {
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(read_sealed_lines(path_).ok());
  EXPECT_FALSE(mend_sealed_lines(path_).ok());
}

}  // namespace
}  // namespace sparrow
