// Who may do what, and how often: tokens, foreign pages, quotas of those that have no token.
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sparrow/api/api.h"
#include "sparrow/rank/small_world.h"

namespace sparrow::api {
namespace {

class WhoMay : public testing::Test {
 protected:
  WhoMay()
      : api_(options(), std::make_shared<const live::CatalogView>(world_.dataset, world_.facts)) {
    api_.state().set_model(*live::open_served(world_.dataset, world_.model, world_.facts));
    request_.client = "192.0.2.1";
    request_.host = "localhost:6010";
    request_.content_type = "application/json";
  }
  static ApiOptions options() {
    ApiOptions options;
    options.tokens["secret"] = Role::kAdmin;
    options.cors_origins = {"https://shop.example"};
    return options;
  }
  int send(std::string_view method, std::string_view path, std::string_view body = "") {
    request_.method = method;
    request_.path = path;
    request_.body = body;
    response_ = {};
    api_.handle(request_, response_);
    return response_.status;
  }
  int judge() {
    return send("POST", "/api/v1/judgements",
                R"({"grader":"ann","seed":"100","item":"101","grade":2})");
  }

  rank::SmallWorld world_;
  Api api_;
  http::Request request_;
  http::Response response_;
};

TEST_F(WhoMay, PagesOfOtherOriginsMayNotWrite) {
  EXPECT_EQ(judge(), 200) << response_.body;
  request_.origin = "https://evil.example";
  EXPECT_EQ(judge(), 403);
  EXPECT_EQ(send("GET", "/api/v1/items/100"), 200);
  request_.origin = "http://localhost:6010";
  EXPECT_EQ(judge(), 200);
  request_.origin = "https://shop.example";
  EXPECT_EQ(judge(), 200);
}

TEST_F(WhoMay, AHostThatIsNotOursMayNotWriteWithoutAToken) {
  request_.host = "evil.example";
  EXPECT_EQ(judge(), 403);
  EXPECT_NE(response_.body.find("--host-name"), std::string::npos);
  request_.authorization = "Bearer secret";
  EXPECT_EQ(judge(), 200);
  request_.authorization = {};
  for (const char* own : {"127.0.0.1:6010", "[::1]:6010", "localhost"}) {
    request_.host = own;
    EXPECT_EQ(judge(), 200) << own;
  }
}

// A text/plain POST needs no leave of the server: any page may make a browser send it.
TEST_F(WhoMay, ABodyThatIsNotDeclaredJsonIsRefused) {
  request_.content_type = "text/plain";
  EXPECT_EQ(judge(), 415);
  request_.content_type = {};
  EXPECT_EQ(judge(), 415);
  request_.content_type = "application/json; charset=utf-8";
  EXPECT_EQ(judge(), 200);
}

TEST_F(WhoMay, WrongTokensAreFewAndTheRightOneCountsNothing) {
  int unauthorized = 0;
  int too_many = 0;
  for (int guess = 0; guess < 300; ++guess) {
    const std::string token = "Bearer guess" + std::to_string(guess);
    request_.authorization = token;
    const int status = send("DELETE", "/api/v1/items/100");
    unauthorized += status == 401 ? 1 : 0;
    too_many += status == 429 ? 1 : 0;
  }
  EXPECT_LE(unauthorized, 110);
  EXPECT_GE(too_many, 190);
  EXPECT_NE(response_.headers.find("Retry-After"), std::string::npos);
  request_.client = "192.0.2.2";
  for (const char* scheme : {"Bearer secret", "bearer secret", "BEARER secret"}) {
    request_.authorization = scheme;
    EXPECT_NE(send("PUT", "/api/v1/rules", R"({"version":99,"rules":[]})"), 401) << scheme;
  }
}

TEST_F(WhoMay, HeavyRequestsAreFewWithoutAToken) {
  int answered = 0;
  for (int i = 0; i < 200; ++i) answered += send("GET", "/api/v1/votes") == 200 ? 1 : 0;
  EXPECT_GE(answered, 60);
  EXPECT_LE(answered, 70);
  EXPECT_EQ(send("GET", "/api/v1/items/100"), 200);  // what is cheap goes on
  request_.authorization = "Bearer secret";
  EXPECT_EQ(send("GET", "/api/v1/votes"), 200);
}

TEST_F(WhoMay, OneClientCannotFillTheJournalForAll) {
  nlohmann::json thousand = nlohmann::json::array();
  for (int i = 0; i < 1000; ++i)
    thousand.push_back({{"grader", "mob"}, {"seed", "100"}, {"item", "101"}, {"grade", 1}});
  const std::string body = thousand.dump();
  int saved = 0;
  for (int i = 0; i < 20; ++i) saved += send("POST", "/api/v1/judgements", body) == 200 ? 1 : 0;
  EXPECT_EQ(saved, 5);
  request_.client = "192.0.2.9";
  EXPECT_EQ(judge(), 200);
}

// All members of an object were compared with each other once.
TEST_F(WhoMay, ABodyOfManyUnknownMembersIsRefusedAtOnce) {
  nlohmann::json object;
  for (int i = 0; i < 20'000; ++i) object["member" + std::to_string(i)] = 1;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(send("POST", "/api/v1/similar", object.dump()), 400);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace sparrow::api
