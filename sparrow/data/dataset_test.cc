#include "sparrow/data/dataset.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sparrow/core/file.h"
#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/item_graph.h"
#include "sparrow/data/sequences.h"
#include "sparrow/data/split.h"
#include "sparrow/data/synth.h"

namespace sparrow::data {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test.
class DatasetTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("sparrow-data-" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  Result<Dataset> read(double max_rejects = 0.01,
                       std::map<std::string, std::string> columns = {}) const {
    ReadOptions options;
    options.directory = folder_;
    options.max_rejects = max_rejects;
    options.columns = std::move(columns);
    options.rejects_file = folder_ / "rejects.tsv";
    return read_dataset(options, {});
  }
  void put_movielens() const {
    put("movies.csv",
        "movieId,title,genres\r\n1,Toy Story (1995),Animation|Children\r\n2,\"Matrix, The "
        "(1999)\",Action\r\n3,Odd,(no genres listed)\r\n");
    put("ratings.csv",
        "userId,movieId,rating,timestamp\n7,1,5.0,1000000000\n7,2,4.0,999999999\n7,3,1.0,"
        "999999999\n8,2,3.5,5\n");
    put("tags.csv", "userId,movieId,tag,timestamp\n7,1, Pixar ,1\n8,1,PIXAR,1\n");
  }
  fs::path folder_;
};

TEST_F(DatasetTest, ReadsMovieLensAndOrdersTimeAsNumbers) {
  put_movielens();
  const auto read_data = read();
  ASSERT_TRUE(read_data) << read_data.error().message;
  EXPECT_EQ(read_data->catalog.size(), 3U);
  EXPECT_EQ(read_data->catalog[*read_data->catalog.find("2")].title, "The Matrix");
  EXPECT_TRUE(read_data->catalog[*read_data->catalog.find("3")].list(kGenres).empty());
  EXPECT_EQ(read_data->catalog[0].tags, (std::vector<TagCount>{{"pixar", 2}}));
  // 999999999 has nine digits and comes before 1000000000; equal times keep the file's order.
  EXPECT_EQ(read_data->interactions.items, (std::vector<Row>{1, 2, 0, 1}));
}

TEST_F(DatasetTest, RejectsAreListedAndBounded) {
  put_movielens();
  put("ratings.csv",
      "userId,movieId,rating,timestamp,\n7,1,five,1,\n7,99,4,1,\n,1,4,1,\n7,1,nan,1,\n7,1,4,noon,"
      "\n7,1,4,1,\n7,1,4\n");
  const auto refused = read(0.5);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("ratings.csv: 5 of 7 lines rejected"), std::string::npos)
      << refused.error().message;
  const auto accepted = read(1.0);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->info.rejects, 6U);
  EXPECT_EQ(accepted->info.unknown_item_rows, 1U);
  const auto listed = read_file(folder_ / "rejects.tsv");
  EXPECT_NE(listed->find("ratings.csv\t2\tthe value \"five\" is not a number"), std::string::npos)
      << *listed;
}

TEST_F(DatasetTest, ReadsDatAndGenericWithNamedColumns) {
  put("movies.dat", "1::Mis\xE9rables, Les (1995)::Drama\n");
  put("ratings.dat", "1::1::5::978300760\n");
  const auto dat = read();
  ASSERT_TRUE(dat) << dat.error().message;
  EXPECT_EQ(dat->catalog[0].title, "Les Misérables");
  fs::remove(folder_ / "movies.dat");
  put("items.csv",
      "sku,title,genres,color\nA-1,Red chair,chairs|wood,red\nB 2,Blue chair,chairs,blue\n");
  put("interactions.csv", "who,sku,stars,when\nann,A-1,5,10\nann,B 2,4,9\n");
  const auto generic =
      read(0.01, {{"user", "who"}, {"item", "sku"}, {"value", "stars"}, {"time", "when"}});
  ASSERT_TRUE(generic) << generic.error().message;
  EXPECT_EQ(generic->interactions.items, (std::vector<Row>{1, 0}));
  EXPECT_EQ(generic->catalog[0].text(*generic->catalog.schema().find("color")), "red");
}

TEST_F(DatasetTest, SavedDataComeBackAndEveryFlippedByteIsNoticed) {
  put_movielens();
  const auto original = read();
  ASSERT_TRUE(original);
  const auto home = folder_ / "prepared";
  ASSERT_TRUE(save_dataset(*original, home));
  auto loaded = load_dataset(home);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->interactions, original->interactions);
  EXPECT_EQ(loaded->catalog.items(), original->catalog.items());
  ASSERT_TRUE(seal_dataset(*loaded));
  EXPECT_EQ(loaded->info.hash, original->info.hash);
  for (const auto* name : {"catalog.jsonl", "users.txt", "interactions.bin"}) {
    const std::string bytes = *read_file(home / name);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ 1);
      std::ofstream(home / name, std::ios::binary) << flipped;
      ASSERT_FALSE(load_dataset(home)) << name << " byte " << i;
    }
    std::ofstream(home / name, std::ios::binary) << bytes;
  }
  EXPECT_EQ(load_dataset(folder_ / "nothing").error().code, ErrorCode::kNotFound);
}

TEST_F(DatasetTest, SequencesAndSplits) {
  put_movielens();
  const auto data = read();
  ASSERT_TRUE(data);
  const Sequences sequences = build_sequences(data->interactions, {});
  ASSERT_EQ(sequences.count(), 1U);  // user 8 has one positive only
  EXPECT_EQ(std::vector<Row>(sequences[0].begin(), sequences[0].end()), (std::vector<Row>{1, 0}));
  SequenceOptions gap;
  gap.session_gap_s = 1;
  gap.min_length = 1;
  EXPECT_EQ(build_sequences(data->interactions, gap).count(), 2U);
  const Split last = leave_last_out(data->interactions, 3.5F);
  ASSERT_EQ(last.held_out.size(), 1U);
  EXPECT_EQ(last.held_out[0].from, 1U);
  EXPECT_EQ(last.held_out[0].to, 0U);
  EXPECT_EQ(last.training.size(), 3U);
  const ItemGraph graph = build_item_graph(sequences, 3, Direction::kUndirected);
  EXPECT_EQ(graph.targets, (std::vector<Row>{1, 0}));
}

TEST_F(DatasetTest, SynthIsDeterministicAndReadable) {
  SynthOptions options;
  options.users = 50;
  options.items = 100;
  options.interactions = 2000;
  ASSERT_TRUE(synth_log(options, folder_));
  const std::string first = *read_file(folder_ / "ratings.csv");
  ASSERT_TRUE(synth_log(options, folder_));
  EXPECT_EQ(first, *read_file(folder_ / "ratings.csv"));
  const auto data = read();
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->info.rejects, 0U);
  EXPECT_GE(data->info.interactions, 900U);
}

// Whoever makes a data set says what is liked in it: the sample once had a share of 0.
TEST(Sample, SaysWhatIsLiked) {
  const auto data = sample_dataset("testdata/sample/items.csv", 50, 1);
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->info.scale.name, "stars");
  EXPECT_GT(data->info.scale.liked_share, 0.2);
}

// Data that version 0.2.0 prepared are read on: what was liked then is.
TEST_F(DatasetTest, PreparedDataOfVersionOneAreRead) {
  put_movielens();
  const auto original = read();
  ASSERT_TRUE(original);
  const auto home = folder_ / "prepared";
  ASSERT_TRUE(save_dataset(*original, home));
  auto meta = nlohmann::json::parse(*read_file(home / "dataset.json"));
  meta["version"] = 1;
  meta.erase("schema");
  meta.erase("checksum");
  for (const char* member : {"scale", "ordered", "log_rows", "joined", "dropped_values",
                             "cleaned_titles", "files", "notes"})
    meta["info"].erase(member);
  std::ofstream(home / "dataset.json") << meta.dump();
  const auto loaded = load_dataset(home);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_FLOAT_EQ(loaded->info.scale.liked, 3.5F);
  EXPECT_EQ(loaded->info.scale.liked_share, original->info.scale.liked_share);
}

// The acceptance numbers of the real data.
TEST(RealData, MovieLensLatestSmallIsReadWhole) {
  const char* given = std::getenv("SPARROW_DATA");
  const fs::path folder =
      given != nullptr && *given != '\0' ? given : "../shared/data/ml-latest-small";
  if (!fs::exists(folder / "ratings.csv")) GTEST_SKIP() << "no MovieLens data; set SPARROW_DATA";
  ReadOptions options;
  options.directory = folder;
  const auto data = read_dataset(options, {});
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->info.items, 9742U);
  EXPECT_EQ(data->info.users, 610U);
  EXPECT_EQ(data->info.interactions, 100836U);
  EXPECT_EQ(data->info.tag_rows, 3683U);
  EXPECT_EQ(data->info.rejects, 0U);
  for (const auto* id : {"318", "858", "593", "50"}) EXPECT_TRUE(data->catalog.find(id)) << id;
  for (const Item& item : data->catalog.items()) {
    EXPECT_FALSE(item.title.ends_with(", The")) << item.raw_title;
    EXPECT_FALSE(item.title.ends_with("(" + std::to_string(item.year) + ")")) << item.raw_title;
  }
  for (std::size_t u = 0; u < data->interactions.users(); ++u) {
    for (auto e = data->interactions.offsets[u]; e + 1 < data->interactions.offsets[u + 1]; ++e) {
      ASSERT_LE(data->interactions.times[e], data->interactions.times[e + 1]);
    }
  }
}

}  // namespace
}  // namespace sparrow::data
