// Queries, search, JSON, and the server on real sockets.
#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "sparrow/serve/api.h"
#include "sparrow/serve/http_server.h"
#include "sparrow/serve/json_text.h"
#include "sparrow/serve/query.h"
#include "sparrow/serve/search.h"

namespace sparrow::serve {
namespace {

TEST(Query, DecodesAndValidates) {
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  for (const auto* bad : {"%", "%4", "%zz", "%00", "%ff"})
    EXPECT_EQ(percent_decode(bad, true), std::nullopt) << bad;
  Query query("size=7&q=x%26y&empty=");
  EXPECT_EQ(query.number("size", 20, 1, 10), 7U);
  EXPECT_EQ(query.number("offset", 3, 0, 10), 3U);
  EXPECT_EQ(query.text("q"), "x&y");
  EXPECT_FALSE(query.error());
  for (const auto* wrong :
       {"size=-1", "size=1e9", "size=", "size=11", "size=0", "size=99999999999999999999"}) {
    Query bad(wrong);
    bad.number("size", 20, 1, 10);
    ASSERT_TRUE(bad.error()) << wrong;
    EXPECT_EQ(bad.error()->parameter, "size");
  }
  Query unknown("sise=3");
  unknown.allow_only({"size"});
  EXPECT_EQ(unknown.error()->parameter, "sise");
  Query twice("a=1&a=2");
  twice.allow_only({"a"});
  EXPECT_TRUE(twice.error());
}

TEST(JsonText, EscapesWhatIsMarkupAndBadBytes) {
  std::string out;
  append_json(out, "<script>\"\\\n\x01 é \xff");
  EXPECT_EQ(out.find('<'), std::string::npos);
  EXPECT_TRUE(nlohmann::json::accept(out)) << out;
  out.clear();
  append_json(out, "Amélie <3");
  EXPECT_EQ(nlohmann::json::parse(out).get<std::string>(), "Amélie <3");
  const nlohmann::json rule = {{"items", "year < 2001 & year > 1990"}, {"bad", "\xff"}};
  const std::string text = json_text(rule);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos) << text;
  EXPECT_EQ(nlohmann::json::parse(text)["items"], rule["items"]);
}

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

TEST(Search, ForgivesOrderAccentsBeginningsAndTypos) {
  const auto dataset = films();
  const Search search(*dataset);
  const auto first = [&](std::string_view words) {
    const auto hits = search.find(words, 5);
    return hits.empty() ? std::string() : dataset->catalog[hits.front().row].id;
  };
  EXPECT_EQ(first("matrix the"), "1");
  EXPECT_EQ(first("MATRIX reloa"), "2");
  EXPECT_EQ(first("amelie"), "3");
  EXPECT_EQ(first("fabuleux destin"), "3");
  EXPECT_EQ(first("terminator 2"), "5 6");
  EXPECT_EQ(first("terminatr"), "5 6");
  EXPECT_EQ(first("matrix 2003"), "2");
  EXPECT_EQ(first("zzz"), "");
  EXPECT_EQ(first(""), "");
  EXPECT_FALSE(search.find("terminatr", 1).front().exact);
  EXPECT_TRUE(search.find("terminator", 1).front().exact);
}

std::shared_ptr<const ServedModel> served_films(const std::shared_ptr<data::Dataset>& dataset) {
  auto served = std::make_shared<ServedModel>();
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
  ApiTest() : dataset_(films()), api_({}, std::make_shared<const CatalogView>(dataset_)) {}
  // Status and body of GET path?query.
  std::pair<int, nlohmann::json> get(std::string_view path, std::string_view query = "") {
    Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    Response response;
    api_.handle(request, response);
    EXPECT_EQ(response.body.find('<'), std::string::npos) << path;
    return {response.status, nlohmann::json::parse(response.body)};
  }
  std::shared_ptr<data::Dataset> dataset_;
  Api api_;
};

TEST_F(ApiTest, AnswersOnlyWhenAModelIsThere) {
  EXPECT_EQ(get("/api/v1/readyz").first, 503);
  EXPECT_EQ(get("/api/v1/items/1/similar").first, 400);
  api_.set_model(served_films(dataset_));
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
  api_.set_model(served_films(dataset_));
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

TEST_F(ApiTest, SparrowRecSysShapes) {
  api_.set_model(served_films(dataset_));
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

// Sends bytes, reads until the server closes or `quiet` passes.
std::string talk(std::uint16_t port, const std::string& bytes,
                 std::chrono::milliseconds quiet = std::chrono::milliseconds(300)) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return "no connection";
  const timeval wait{0, static_cast<suseconds_t>(quiet.count() * 1000)};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[4096];
  while (true) {
    const ssize_t n = ::recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return answer;
}

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.port = 0;
    options.threads = 2;
    options.request_timeout = std::chrono::milliseconds(800);
    auto server = Server::start(options, {[](const Request& request, Response& response) {
                                            if (request.path == "/throw")
                                              throw std::runtime_error("secret");
                                            response.body =
                                                "{\"path\":\"" + std::string(request.path) + "\"}";
                                          },
                                          {},
                                          {}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  std::string status(const std::string& bytes) { return talk(server_->port(), bytes).substr(9, 3); }
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, RefusesWhatHttpForbids) {
  const std::string host = "Host: x\r\n";
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "\r\n"), "200");
  EXPECT_EQ(status("nonsense\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(
      status("POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
      "400");
  EXPECT_EQ(status("POST / HTTP/1.1\r\n" + host +
                   "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "X: " + std::string(100'000, 'a') + "\r\n\r\n"),
            "431");
  EXPECT_EQ(status("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n"), "414");
  EXPECT_EQ(status("GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n"), "414");
  EXPECT_EQ(status("POST / HTTP/1.1\r\n" + host + "Content-Length: 1000000\r\n\r\n" +
                   std::string(1000, 'x')),
            "413");
  EXPECT_EQ(status("GET /throw HTTP/1.1\r\n" + host + "\r\n"), "500");
}

TEST_F(ServerTest, PipelinesInOrderAndKnowsHttp10AndHead) {
  const std::string one = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answers =
      talk(server_->port(), one + "GET /b HTTP/1.1\r\nHost: x\r\n\r\n" +
                                "HEAD /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto a = answers.find("{\"path\":\"/a\"}");
  const auto b = answers.find("{\"path\":\"/b\"}");
  EXPECT_LT(a, b);
  EXPECT_NE(b, std::string::npos);
  EXPECT_EQ(answers.find("/c"), std::string::npos);
  EXPECT_NE(answers.find("Date: "), std::string::npos);
  const std::string old =
      talk(server_->port(), "GET /o HTTP/1.0\r\n\r\n", std::chrono::milliseconds(2000));
  EXPECT_NE(old.find("/o"), std::string::npos);
  EXPECT_NE(old.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, CutsSlowSendersAndStopsQuickly) {
  const auto start = std::chrono::steady_clock::now();
  talk(server_->port(), "GET / HTTP/1.1\r\nHost:", std::chrono::milliseconds(5000));
  const auto cut = std::chrono::steady_clock::now() - start;
  EXPECT_LT(cut, std::chrono::milliseconds(2500));
  std::thread idle([&] {
    talk(server_->port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", std::chrono::milliseconds(5000));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto before = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
  idle.join();
}

TEST_F(ServerTest, APortInUseIsAnError) {
  ServerOptions options;
  options.port = server_->port();
  EXPECT_EQ(Server::start(options, {[](const Request&, Response&) {}, {}, {}}).error().code,
            ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sparrow::serve
