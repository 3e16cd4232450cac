// The server on real sockets.
#include "sparrow/http/server.h"

#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sparrow::http {
namespace {

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
}  // namespace sparrow::http
