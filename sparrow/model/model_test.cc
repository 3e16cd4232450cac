#include "sparrow/model/model.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/model/safetensors.h"
#include "sparrow/model/schema.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/vector_formats.h"

namespace sparrow::model {
namespace {

namespace fs = std::filesystem;

// Four items with vectors, one without; content for all.
Model small_model() {
  Model model;
  model.manifest.name = "test";
  model.manifest.version = "20260101T000000Z-00000000";
  model.manifest.method = "test";
  model.items = {"1", "b 2", "c", "d", "cold"};
  Random random(3);
  std::vector<float> vectors(5 * 3, 0.0F);
  for (std::size_t i = 0; i < 12; ++i) vectors[i] = static_cast<float>(random.normal());
  model.tensors["vectors"] = Tensor::of(std::span<const float>(vectors), {5, 3});
  const std::vector<std::uint32_t> indptr{0, 1, 2, 3, 4, 6};
  const std::vector<std::uint32_t> indices{0, 0, 1, 1, 0, 1};
  const std::vector<float> values{1, 1, 1, 1, 0.6F, 0.8F};
  model.tensors["content.indptr"] = Tensor::of(std::span<const std::uint32_t>(indptr), {6});
  model.tensors["content.indices"] = Tensor::of(std::span<const std::uint32_t>(indices), {6});
  model.tensors["content.values"] = Tensor::of(std::span<const float>(values), {6});
  return model;
}

class ModelFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() /
            ("sparrow-model-" +
             std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(ModelFolderTest, ComesBackAndIsNeverChanged) {
  const Model model = small_model();
  const auto folder = write_model(model, root_);
  ASSERT_TRUE(folder) << folder.error().message;
  const auto read = read_model(*folder);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->items, model.items);
  EXPECT_EQ(read->tensors, model.tensors);
  EXPECT_EQ(content_hash(*read), content_hash(model));
  EXPECT_EQ(write_model(model, root_).error().code, ErrorCode::kConflict);
  EXPECT_EQ(list_versions(root_, "test").size(), 1U);
  EXPECT_TRUE(verify_model(*folder).empty());
}

// Tensors stay in the file; what writes to one has a copy of its own.
TEST_F(ModelFolderTest, TensorsAreMappedAndWrittenToAsCopies) {
  Model model = small_model();
  model.tensors["a.text"] = Tensor{TensorType::kUint8, {3}, std::string("abc")};  // odd length
  const auto folder = write_model(model, root_);
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(recorded_hash(*folder), content_hash(model));
  EXPECT_EQ(recorded_hash(root_ / "none"), "");
  const auto read = read_model(*folder);
  ASSERT_TRUE(read) << read.error().message;
  for (const auto& [name, tensor] : read->tensors)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % type_bytes(tensor.type), 0U)
        << name;
  Model copy = *read;
  EXPECT_EQ(copy.tensors["vectors"].bytes.data(), read->find("vectors")->bytes.data());
  copy.tensors["vectors"].bytes.own()[0] ^= 1;
  EXPECT_NE(copy.tensors, read->tensors);
  EXPECT_EQ(read->tensors, model.tensors);
  fs::remove_all(*folder);  // `sparrow prune` beside a server
  EXPECT_EQ(read->tensors, model.tensors);
  // As files were written before: a text of three bytes first, and nothing after it is aligned.
  const auto file = root_ / "old.safetensors";
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}})";
  const std::uint64_t length = header.size();
  const std::array<float, 2> values{1.5F, -2.0F};
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(&length), sizeof(length))
      .write(header.data(), static_cast<std::streamsize>(header.size()))
      .write("abc", 3)
      .write(reinterpret_cast<const char*>(values.data()), sizeof(values));
  auto mapped = MappedFile::open(file);
  ASSERT_TRUE(mapped);
  const auto old = map_safetensors(std::make_shared<const MappedFile>(std::move(*mapped)));
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ(old->at("b").floats()[1], -2.0F);
}

TEST_F(ModelFolderTest, VerifyNoticesEveryFlippedByteAndStrayFiles) {
  const auto folder = write_model(small_model(), root_);
  ASSERT_TRUE(folder);
  for (const auto* name : {"manifest.json", "items.txt", "model.safetensors"}) {
    const std::string bytes = *read_file(*folder / name);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ 0x20);
      std::ofstream(*folder / name, std::ios::binary) << flipped;
      ASSERT_FALSE(verify_model(*folder).empty()) << name << " byte " << i;
    }
    std::ofstream(*folder / name, std::ios::binary) << bytes.substr(0, bytes.size() - 1);
    EXPECT_FALSE(verify_model(*folder).empty());
    std::ofstream(*folder / name, std::ios::binary) << bytes;
  }
  EXPECT_TRUE(verify_model(*folder).empty());
  std::ofstream(*folder / "stray") << "x";
  EXPECT_FALSE(verify_model(*folder).empty());
}

TEST(Validate, RefusesWhatDoesNotFit) {
  Model model = small_model();
  EXPECT_TRUE(validate(model));
  model.items[1] = "1";
  EXPECT_FALSE(validate(model));
  model = small_model();
  model.items.pop_back();
  EXPECT_FALSE(validate(model));
  model = small_model();
  model.manifest.name = "../x";
  EXPECT_FALSE(validate(model));
  model = small_model();
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(model.tensors["vectors"].bytes.own().data(), &bad, sizeof(bad));
  EXPECT_FALSE(validate(model));
}

// A map of another type but of the right shape aborted the server that was asked for it.
TEST(Validate, AMapOfAnotherTypeIsRefusedWhenTheModelIsOpened) {
  Model model = small_model();
  model.tensors["map"] = Tensor::of(std::vector<std::uint32_t>(10), {5, 2});
  const auto refused = validate(model);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("map"), std::string::npos);
  EXPECT_NE(refused.error().message.find("float32"), std::string::npos);
  EXPECT_FALSE(Similarity::open(model));
}

// The kind of that fault: every tensor of the table, of a wrong type, rank and length.
TEST(Validate, EveryTensorOfAWrongFormIsRefused) {
  for (const TensorForm& form : tensor_forms()) {
    const auto refuses = [&](TensorType type, const std::vector<std::uint64_t>& shape) {
      Model model = small_model();
      Tensor& tensor = model.tensors[form.name];
      tensor = {};
      tensor.type = type;
      tensor.shape = shape;
      tensor.bytes.own().resize(tensor.elements() * type_bytes(type));
      return !validate(model) && !Similarity::open(model);
    };
    const std::uint64_t rows = form.rows == TensorRows::kItemsAndOne ? 6 : 5;
    const std::uint64_t columns = form.columns == 0 ? 3 : form.columns;
    const auto shape = form.rank == 1 ? std::vector<std::uint64_t>{rows}
                                      : std::vector<std::uint64_t>{rows, columns};
    EXPECT_TRUE(refuses(TensorType::kInt64, shape)) << form.name;
    EXPECT_TRUE(refuses(form.type, {rows, columns, 1})) << form.name;
    if (form.rows == TensorRows::kAny) continue;
    auto longer = shape;
    ++longer[0];
    EXPECT_TRUE(refuses(form.type, longer)) << form.name;
  }
}

TEST(Safetensors, RoundTripAndRefusal) {
  const auto tensors = small_model().tensors;
  const std::string bytes = write_safetensors(tensors);
  const auto parsed = parse_safetensors(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, tensors);
  EXPECT_FALSE(parse_safetensors(bytes + "x"));
  EXPECT_FALSE(parse_safetensors(std::string_view(bytes).substr(0, bytes.size() - 1)));
  EXPECT_FALSE(parse_safetensors(""));
  EXPECT_FALSE(parse_safetensors(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)));
}

TEST_F(ModelFolderTest, VectorsTravelThroughEveryFormat) {
  fs::create_directories(root_);
  Model model = small_model();
  for (const auto* format : {"word2vec", "word2vec-binary", "npy", "sparrowrecsys"}) {
    const auto file = root_ / "vectors";
    ASSERT_EQ(*export_vectors(model, format, file), 4U) << format;
    const auto read = import_vectors(file, format, "");
    ASSERT_TRUE(read) << format << ": " << read.error().message;
    EXPECT_EQ(read->items.size(), 4U);
    for (std::size_t i = 0; i < 12; ++i)
      EXPECT_FLOAT_EQ(read->vectors.data()[i], model.tensors["vectors"].floats()[i]) << format;
  }
  model.items = {"b_2", "b 2", "c", "d", "cold"};
  EXPECT_EQ(export_vectors(model, "word2vec", root_ / "x").error().code, ErrorCode::kInvalidInput);
}

TEST_F(ModelFolderTest, ReadsWhatPyTorchAndTensorFlowExport) {
  fs::create_directories(root_);
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const Tensor weight = Tensor::of(values, {2, 3});
  ASSERT_TRUE(
      write_file_atomically(root_ / "v", write_safetensors({{"embedding.weight", weight}})));
  ASSERT_TRUE(write_file_atomically(root_ / "v.ids", "a\nb\n"));
  const auto torch = import_vectors(root_ / "v", "safetensors", "");
  ASSERT_TRUE(torch) << torch.error().message;
  EXPECT_EQ(torch->items, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(torch->vectors.row(1)[2], 6);
  const auto two = write_safetensors({{"a", weight}, {"b", weight}});
  EXPECT_NE(parse_embedding_tensor(two).error().message.find("more than one"), std::string::npos);
  EXPECT_FALSE(parse_embedding_tensor("nonsense"));

  const auto tsv = parse_tsv_vectors("1\t2.5\n-3\t4e1\n");
  ASSERT_TRUE(tsv) << tsv.error().message;
  EXPECT_EQ(tsv->row(1)[1], 40);
  EXPECT_NE(parse_tsv_vectors("1\t2\n3\n").error().message.find("line 2"), std::string::npos);
  EXPECT_FALSE(parse_tsv_vectors("1\tx\n"));
  EXPECT_FALSE(parse_tsv_vectors(""));
}

TEST_F(ModelFolderTest, GensimLoadsOurWord2vecFiles) {
  if (std::system("/usr/bin/python3 -c 'import gensim' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3-gensim is not installed";
  fs::create_directories(root_);
  const Model model = small_model();
  ASSERT_TRUE(export_vectors(model, "word2vec", root_ / "t"));
  ASSERT_TRUE(export_vectors(model, "word2vec-binary", root_ / "b"));
  const std::string script =
      "from gensim.models import KeyedVectors as K; import numpy as n; "
      "t=K.load_word2vec_format('" +
      (root_ / "t").string() + "'); b=K.load_word2vec_format('" + (root_ / "b").string() +
      "',binary=True); assert len(t)==4==len(b) and n.allclose(t['b_2'],b['b_2'])";
  EXPECT_EQ(std::system(("/usr/bin/python3 -c \"" + script + "\"").c_str()), 0);
}

TEST(VectorFormats, BadInputNamesTheLine) {
  EXPECT_NE(parse_word2vec_text("2 2\na 1 2\nb 1\n").error().message.find("line 3"),
            std::string::npos);
  EXPECT_NE(parse_word2vec_text("1 2\na 1 nan\n").error().message.find("line 2"),
            std::string::npos);
  EXPECT_FALSE(parse_word2vec_text("99999999999 99999\n"));
  EXPECT_FALSE(parse_word2vec_text("2 1\na 1\na 2\n"));
  EXPECT_FALSE(parse_word2vec_binary("2 2\na 12345678"));
  EXPECT_NE(parse_sparrowrecsys("1:1 2\n2:x\n").error().message.find("line 2"), std::string::npos);
  EXPECT_FALSE(parse_npy("\x93NUMPY\x01"));
}

TEST(Similarity, OwnScoreIsTheMaximumAndListsAreExact) {
  const Model model = small_model();
  for (const auto* measure : {"cosine", "inner_product"}) {
    Model copy = model;
    copy.manifest.options["measure"] = measure;
    const auto similarity = Similarity::open(copy);
    ASSERT_TRUE(similarity);
    std::vector<float> scores(5);
    for (Row row = 0; row < 5; ++row) {
      (*similarity)->scores(row, scores);
      EXPECT_EQ(*std::max_element(scores.begin(), scores.end()), scores[row]);
      for (Row j = 0; j < 5; ++j) EXPECT_NEAR(scores[j], (*similarity)->score(row, j), 1e-5);
      TopK best(4);
      for (Row j = 0; j < 5; ++j) {
        if (j != row) best.add(j, scores[j]);
      }
      EXPECT_EQ((*similarity)->nearest(row, 4, {}), best.take());
    }
    EXPECT_EQ((*similarity)->source(4), Source::kContent);
    EXPECT_EQ((*similarity)->nearest(0, 4, {}).back().row,
              4U);  // cold items come last for a warm seed
  }
}

}  // namespace
}  // namespace sparrow::model
