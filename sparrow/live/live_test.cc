// What a running server holds: changes of items, the candidate pool, the model that the store has.
#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/live/candidate_pool.h"
#include "sparrow/live/follower.h"
#include "sparrow/live/live_catalog.h"
#include "sparrow/model/model_folder.h"
#include "sparrow/rank/small_world.h"
#include "sparrow/store/model_layout.h"

namespace sparrow::live {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using rank::SmallWorld;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{20'000};

// A catalogue that follows changes, in a folder of its own.
class Live : public testing::Test {
 protected:
  Live() {
    fs::create_directories(home_.root);
    reopen();
  }
  ~Live() override {
    if (catalog_ != nullptr) catalog_->detach();
    catalog_.reset();
    fs::remove_all(home_.root);
  }
  void reopen() {
    if (catalog_ != nullptr) catalog_->detach();
    catalog_.reset();
    auto opened = LiveCatalog::open({.home = home_, .max_changed = 5, .say = {}}, world_.dataset);
    ASSERT_TRUE(opened.ok());
    catalog_ = std::move(*opened);
    state_ = std::make_unique<State>(catalog_->view());
    catalog_->attach(*state_, [] {});
  }
  Result<ItemsChanged> change(ItemChange::Kind kind, const std::string& id, json object = nullptr) {
    return catalog_->change({{kind, id, std::move(object)}}, kPatience);
  }
  std::optional<Row> find(const std::string& id) const {
    return state_->snapshot()->view->find(id);
  }
  bool may_show(const std::string& id) const {
    const auto now = state_->snapshot();
    const auto row = now->view->find(id);
    return row && now->may_show(*row);
  }

  SmallWorld world_;
  Home home_{fs::temp_directory_path() / ("sparrow-live-" + std::to_string(::getpid()))};
  std::unique_ptr<LiveCatalog> catalog_;
  std::unique_ptr<State> state_;
};

using Kind = ItemChange::Kind;

TEST_F(Live, AddsChangesHidesAndRemovesItems) {
  const auto put = change(Kind::kPut, "new", {{"title", "A New One"}, {"genres", {"Drama"}}});
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->live && put->created.at(0) != 0);
  EXPECT_EQ(find("new"), Row{SmallWorld::kItems}) << "rows that were there stay";
  ASSERT_TRUE(change(Kind::kPatch, "new", {{"title", "A Newer One"}}).ok());
  const auto now = state_->snapshot();
  EXPECT_EQ(now->view->dataset->catalog[*find("new")].title, "A Newer One");
  EXPECT_EQ(now->view->dataset->catalog[*find("new")].list(data::kGenres).front(), "Drama");
  ASSERT_TRUE(change(Kind::kPatch, "100", {{"hidden", true}}).ok());
  EXPECT_FALSE(may_show("100"));
  EXPECT_TRUE(may_show("101"));
  ASSERT_TRUE(change(Kind::kRemove, "new").ok());
  EXPECT_FALSE(may_show("new"));
  EXPECT_EQ(change(Kind::kRemove, "never").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(change(Kind::kPut, "bad", {{"title", 7}}).error().code, ErrorCode::kInvalidInput);
}

TEST_F(Live, ChangesAreThereAfterTheNextStart) {
  ASSERT_TRUE(change(Kind::kPut, "new", {{"title", "A New One"}}).ok());
  ASSERT_TRUE(change(Kind::kPatch, "100", {{"hidden", true}}).ok());
  reopen();
  EXPECT_TRUE(catalog_->notices().empty());
  EXPECT_TRUE(may_show("new"));
  EXPECT_FALSE(may_show("100"));
}

TEST_F(Live, ALineThatIsDamagedIsNamedAndTheOthersHold) {
  ASSERT_TRUE(change(Kind::kPut, "new", {{"title", "A New One"}}).ok());
  std::ofstream(home_.changed_items(), std::ios::app) << "{\"id\":\"torn\",\"tit\n";
  reopen();
  EXPECT_FALSE(catalog_->notices().empty());
  EXPECT_TRUE(may_show("new"));
  EXPECT_FALSE(find("torn").has_value());
}

TEST_F(Live, TooManyChangedItemsAreRefusedAndTakingAwayIsNot) {
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(change(Kind::kPut, "new" + std::to_string(i), {{"title", "One"}}).ok());
  const auto more = change(Kind::kPut, "new5", {{"title", "Too many"}});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(change(Kind::kPut, "new0", {{"title", "The same one"}}).ok());
  EXPECT_TRUE(change(Kind::kRemove, "new0").ok());
}

TEST_F(Live, ANewItemStandsInListsOfTheServedModel) {
  const auto problem = catalog_->serve(world_.model);
  ASSERT_TRUE(problem.ok());
  EXPECT_EQ(*problem, "");
  ASSERT_TRUE(change(Kind::kPut, "new", {{"title", "A New One"}, {"genres", {"Comedy"}}}).ok());
  const auto now = state_->snapshot();
  ASSERT_EQ(now->models.size(), 1U);
  EXPECT_TRUE(now->models.begin()->second->recommender->knows(*find("new")) ||
              !now->models.begin()
                   ->second->recommender->similar({.seed = *find("new"), .hidden = {}})
                   .degraded.empty())
      << "it is placed, or the answer says that it could not be";
}

TEST_F(Live, ThePoolHidesWhatItsSourceDoesNotName) {
  const auto pool = make_pool(world_.dataset->catalog, {"100", "102", "not here"}, "test");
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool->hidden_items, SmallWorld::kItems - 2);
  state_->set_pool(*pool);
  EXPECT_TRUE(may_show("100"));
  EXPECT_FALSE(may_show("101"));
  ASSERT_TRUE(change(Kind::kPut, "new", {{"title", "Beyond the pool"}}).ok());
  EXPECT_NO_FATAL_FAILURE((void)may_show("new")) << "an item that the pool's bytes do not reach";
  const auto nothing = make_pool(world_.dataset->catalog, {"not here"}, "test");
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code, ErrorCode::kInvalidInput) << "it would hide everything";
  for (const auto* wrong : {"ftp://x", "sqlite:", "http://"})
    EXPECT_FALSE(open_pool_source({.uri = wrong}).ok() &&
                 open_pool_source({.uri = wrong}).value()->ids().ok())
        << wrong;
}

// A store in the folder, a follower of it.
class Following : public Live {
 protected:
  std::string uri() const { return "rocksdb:" + home_.default_store().string(); }
  void publish(const std::string& version, bool promote = true) {
    auto store = store::open_store(uri(), store::OpenMode::kReadWrite);
    ASSERT_TRUE(store.ok());
    store::ModelStore models(**store);
    model::Model model = world_.model;
    model.manifest.version = version;
    ASSERT_TRUE(models.publish(model).ok());
    if (promote) {
      ASSERT_TRUE(models.promote("fusion", version).ok());
    }
  }
  std::string served() const {
    const auto now = state_->snapshot();
    return now->models.empty() ? "" : now->models.begin()->second->model.manifest.version;
  }
};

TEST_F(Following, ServesWhatIsPromotedAndNothingElse) {
  publish("v1");
  Follower follower({home_, uri(), [](const std::string&) {}}, *catalog_, *state_);
  follower.follow();
  EXPECT_EQ(served(), "v1");
  publish("v2", false);
  follower.follow();
  EXPECT_EQ(served(), "v1") << "published is not promoted";
  publish("v3");
  follower.follow();
  EXPECT_EQ(served(), "v3");
  EXPECT_EQ(state_->snapshot()->degraded, "");
}

TEST_F(Following, WithoutItsStoreItServesTheLastVersionFromDisk) {
  publish("v1");
  {
    Follower follower({home_, uri(), [](const std::string&) {}}, *catalog_, *state_);
    follower.follow();
    ASSERT_EQ(served(), "v1");
  }
  fs::remove_all(home_.default_store());
  reopen();
  Follower follower({home_, "redis://127.0.0.1:1/0", [](const std::string&) {}}, *catalog_,
                    *state_);
  follower.follow();
  EXPECT_NE(state_->snapshot()->degraded, "");
  follower.use_disk("fusion");
  EXPECT_EQ(served(), "v1");
}

TEST_F(Following, ReadsFromDiskWhatHasTheSameContentAndNothingElse) {
  model::Model kept = world_.model;
  kept.manifest.version = "v1";
  std::swap(kept.items[0], kept.items[1]);
  ASSERT_TRUE(model::write_model(kept, home_.models()).ok());
  publish("v1");
  Follower follower({home_, uri(), [](const std::string&) {}}, *catalog_, *state_);
  follower.follow();
  ASSERT_EQ(served(), "v1");
  EXPECT_EQ(state_->snapshot()->models.begin()->second->model.items, world_.model.items);

  kept = world_.model;
  kept.manifest.version = "v2";
  ASSERT_TRUE(model::write_model(kept, home_.models()).ok());
  publish("v2");
  {
    auto store = store::open_store(uri(), store::OpenMode::kReadWrite);
    ASSERT_TRUE(store.ok());
    const std::string ids = store::chunk_key(store::VersionKeys("fusion", "v2").items(), 0);
    ASSERT_TRUE((*store)->remove(std::span(&ids, 1)).ok());
    EXPECT_FALSE(store::ModelStore(**store).load("fusion", "v2").ok());
  }
  follower.follow();
  EXPECT_EQ(served(), "v2");
  EXPECT_EQ(state_->snapshot()->degraded, "");
}

}  // namespace
}  // namespace sparrow::live
