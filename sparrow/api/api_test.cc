#include "sparrow/api/api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sparrow/api/web_files.h"
#include "sparrow/live/look.h"

namespace sparrow::api {
namespace {

std::shared_ptr<data::Dataset> films() {
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items(5);
  items[0] = {.id = "1",
              .title = "The Matrix",
              .year = 1999,
              .values = {{data::kGenres, data::Names{"Action"}}}};
  items[1] = {.id = "2",
              .title = "The Matrix Reloaded",
              .year = 2003,
              .values = {{data::kGenres, data::Names{"Action"}}}};
  items[2] = {.id = "3",
              .title = "Amélie",
              .alternative_titles = {"Le Fabuleux destin d'Amélie Poulain"},
              .year = 2001,
              .values = {{data::kGenres, data::Names{"Comedy"}}}};
  items[3] = {.id = "4",
              .title = "<script>alert(1)</script>",
              .year = 1990,
              .values = {{data::kGenres, data::Names{"<b>"}}}};
  items[4] = {
      .id = "5 6",
      .title = "Terminator 2: Judgment Day",
      .year = 1991,
      .values = {{data::kGenres, data::Names{"Action"}}, {data::kImdbId, std::string("0103064")}}};
  dataset->catalog = data::Catalog(std::move(items));
  dataset->users = {"7"};
  dataset->interactions.offsets = {0, 2};
  dataset->interactions.items = {0, 4};
  dataset->interactions.values = {5, 4};
  dataset->interactions.times = {10, 20};
  dataset->info.name = "films";
  return dataset;
}

std::shared_ptr<const live::ServedModel> served_films(
    const std::shared_ptr<data::Dataset>& dataset) {
  auto served = std::make_shared<live::ServedModel>();
  served->dataset = dataset;
  served->model.manifest.name = "fusion";
  served->model.manifest.version = "v1";
  std::vector<float> vectors;
  for (int i = 0; i < 5; ++i) {
    served->model.items.push_back(dataset->catalog[static_cast<Row>(i)].id);
    vectors.push_back(std::cos(0.2F * static_cast<float>(i)));
    vectors.push_back(std::sin(0.2F * static_cast<float>(i)));
  }
  served->model.tensors["vectors"] = model::Tensor::of(std::span<const float>(vectors), {5, 2});
  served->facts = std::make_shared<const recall::ItemFacts>(*dataset);
  served->recommender =
      std::move(*rank::Recommender::open(dataset->catalog, served->model, served->facts.get()));
  return served;
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() : dataset_(films()), api_({}, std::make_shared<const live::CatalogView>(dataset_)) {}
  // Status and body of GET path?query.
  std::pair<int, nlohmann::json> get(std::string_view path, std::string_view query = "") {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    http::Response response;
    api_.handle(request, response);
    EXPECT_EQ(response.body.find('<'), std::string::npos) << path;
    return {response.status, nlohmann::json::parse(response.body)};
  }
  std::shared_ptr<data::Dataset> dataset_;
  Api api_;
};

TEST_F(ApiTest, AnswersOnlyWhenAModelIsThere) {
  EXPECT_EQ(get("/api/v1/readyz").first, 503);
  EXPECT_EQ(get("/api/v1/items/1/similar").first, 503);  // nothing is wrong with the request
  api_.state().set_model(served_films(dataset_));
  EXPECT_EQ(get("/api/v1/readyz").first, 200);
  const auto [status, body] = get("/api/v1/items/1/similar", "size=2");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(body["items"].size(), 2U);
  EXPECT_EQ(body["items"][0]["id"], "2");
  EXPECT_EQ(body["model"]["version"], "v1");
  EXPECT_TRUE(body["degraded"].empty());
  EXPECT_EQ(get("/api/v1/items/5%206/similar", "exclude=1,2").second["items"][0]["id"], "4");
}

TEST_F(ApiTest, WrongRequestsSayWhichParameterAndWhy) {
  api_.state().set_model(served_films(dataset_));
  for (const auto& [query, parameter] : {std::pair{"size=-1", "size"},
                                         {"size=1e9", "size"},
                                         {"model=nope", "model"},
                                         {"exclude=99", "exclude"},
                                         {"foo=1", "foo"},
                                         {"size=%ff", "size"}}) {
    const auto [status, body] = get("/api/v1/items/1/similar", query);
    EXPECT_EQ(status, 400) << query;
    EXPECT_EQ(body["error"]["parameter"], parameter) << query;
  }
  EXPECT_EQ(get("/api/v1/items/99").first, 404);
  EXPECT_EQ(get("/api/v1/nothing").first, 404);
  EXPECT_EQ(get("/api/v1/search").first, 400);
  EXPECT_EQ(get("/api/v1/items", "genre=Nope").first, 400);
  EXPECT_EQ(get("/getuser", "id=8").first, 404);
  EXPECT_EQ(get("/getsimilarmovie", "movieId=1&size=x&model=emb").first, 400);
}

// Fault 3 of the pages: a filter that matches nothing is not a degraded answer, and neither is the
// home page.
TEST_F(ApiTest, DegradedAnswersAreThoseThatSayThatSomethingFailed) {
  api_.state().set_model(served_films(dataset_));
  const auto counted = [&] { return get("/api/v1/status").second["degraded_answers"].get<int>(); };
  const auto none = get("/api/v1/items/1/similar", "year_min=3000").second;
  EXPECT_TRUE(none["items"].empty());
  EXPECT_EQ(none["degraded"].size(), 1U);  // it is short, and says so
  EXPECT_EQ(get("/api/v1/home", "looked=1").first, 200);
  EXPECT_EQ(get("/api/v1/similar", "seeds=1,2&size=100").first, 200);
  EXPECT_EQ(counted(), 0);
  const auto late = get("/api/v1/similar", "user=nobody").second;  // no history: popular instead
  EXPECT_FALSE(late["degraded"].empty());
  EXPECT_EQ(counted(), 1);
}

// Fault 1 of the pages: what somebody hid is in no list, and marks of items that are gone do no
// harm.
TEST_F(ApiTest, HiddenItemsAreInNoList) {
  api_.state().set_model(served_films(dataset_));
  for (const auto& [path, query] : {std::pair{"/api/v1/home", "looked=1&hide=2,gone"},
                                    {"/api/v1/items", "genre=Action&hide=2,gone"},
                                    {"/api/v1/items/1/similar", "hide=2,gone"},
                                    {"/api/v1/similar", "seeds=1,3&hide=2,gone"}}) {
    const auto [status, body] = get(path, query);
    EXPECT_EQ(status, 200) << path;
    EXPECT_EQ(body.dump().find("\"id\":\"2\""), std::string::npos) << path;
    EXPECT_NE(body.dump().find("\"id\":\"5 6\""), std::string::npos) << path;
  }
}

TEST_F(ApiTest, ReasonsOfAMixNameTheItemTheyReferTo) {
  api_.state().set_model(served_films(dataset_));
  const auto mix = get("/api/v1/similar", "seeds=1,3&reasons=true").second;
  for (const auto& item : mix["items"]) {
    const auto nearest = item["reason_seed"]["id"].get<std::string>();
    EXPECT_TRUE(nearest == "1" || nearest == "3") << nearest;
    EXPECT_TRUE(item["reason_all"]["genres"].empty());  // the two have no genre in common
  }
  const auto alike = get("/api/v1/similar", "seeds=1,2&reasons=true").second;
  bool found = false;
  for (const auto& item : alike["items"]) {
    if (item["id"] != "5 6") continue;
    found = true;
    EXPECT_EQ(item["reason_all"]["genres"], nlohmann::json::array({"Action"}));
  }
  EXPECT_TRUE(found);
  EXPECT_FALSE(
      get("/api/v1/similar", "seeds=1&reasons=true").second["items"][0].contains("reason_seed"));
}

TEST_F(ApiTest, SearchSaysWhenNoTitleIsInThisScript) {
  EXPECT_EQ(get("/api/v1/search", "q=%E7%8E%A9%E5%85%B7").second["missing_script"], "Han");
  EXPECT_TRUE(get("/api/v1/search", "q=nothing").second["missing_script"].is_null());
}

TEST_F(ApiTest, ItemsSayHowTheyAreDrawnWherePagesShowThem) {
  api_.state().set_model(served_films(dataset_));
  const auto [status, body] = get("/api/v1/items/5%206/similar", "reasons=true");
  ASSERT_EQ(status, 200);
  for (const auto& entry : body["items"]) {
    if (entry["id"] == "2") {
      EXPECT_EQ(entry["look"]["motif"], "computer");
    }
  }
  EXPECT_FALSE(get("/api/v1/items/5%206/similar").second["items"][0].contains("look"));
  const auto item = get("/api/v1/items/1").second["item"];
  EXPECT_EQ(item["look"]["motif"], "computer");
  EXPECT_FALSE(item["look"].contains("hue")) << "this model has no map";
}

TEST(Glyphs, EveryMotifIsDrawnByThePages) {
  std::string_view glyphs;
  for (const WebFile& file : web_files())
    if (file.path == "/glyphs.js") glyphs = file.bytes;
  ASSERT_FALSE(glyphs.empty());
  for (const auto motif : live::motif_names())
    EXPECT_NE(glyphs.find("\n" + std::string(motif) + ": {"), std::string_view::npos) << motif;
}

TEST_F(ApiTest, SparrowRecSysShapes) {
  api_.state().set_model(served_films(dataset_));
  const auto movie = get("/getmovie", "id=1").second;
  EXPECT_EQ(movie["movieId"], 1);
  EXPECT_EQ(movie["ratingNumber"], 1);
  EXPECT_EQ(movie["topRatings"][0]["rating"]["userId"], 7);
  EXPECT_EQ(movie.size(), 9U);
  EXPECT_EQ(get("/getsimilarmovie", "movieId=1&size=3&model=emb").second.size(), 3U);
  EXPECT_EQ(get("/getrecommendation", "genre=Action&size=2&sortby=rating").second.size(), 2U);
  const auto user = get("/getuser", "id=7").second;
  EXPECT_EQ(user["ratingCount"], 2);
  EXPECT_EQ(user["ratings"][1]["rating"]["movieId"], "5 6");
  EXPECT_EQ(get("/getrecforyou", "id=7&size=2&model=nerualcf").second.size(), 2U);
}

}  // namespace
}  // namespace sparrow::api
