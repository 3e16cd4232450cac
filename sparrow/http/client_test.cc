#include "sparrow/http/client.h"

#include <thread>

#include <boost/asio.hpp>
#include <gtest/gtest.h>

namespace sparrow::http {
namespace {

using boost::asio::ip::tcp;

// Answers one connection with these bytes, then waits until the peer is gone.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes)
      : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}),
        thread_([this, b = std::move(bytes)] {
          tcp::socket peer(io_);
          boost::system::error_code ignored;
          acceptor_.accept(peer, ignored);
          char buffer[4096];
          asked_.append(buffer, peer.read_some(boost::asio::buffer(buffer), ignored));
          boost::asio::write(peer, boost::asio::buffer(b), ignored);
          while (!ignored) peer.read_some(boost::asio::buffer(buffer), ignored);
        }) {}
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
  }
  // What it was asked, once the client has its answer.
  const std::string& asked() {
    thread_.join();
    return asked_;
  }
  std::string url() const {
    return "http://user:pass@127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
           "/a?b";
  }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::string asked_;
  std::thread thread_;
};

std::string told(std::string bytes, const HttpLimits& limits = {std::chrono::seconds(5), 100}) {
  const OneAnswer server(std::move(bytes));
  const auto client = Client::open(server.url(), limits);
  const auto answer = client.value().post_json("{}");
  return answer ? *answer : "error: " + answer.error().message;
}

TEST(Client, TakesUrlsApartAndRefusesOthers) {
  const HttpLimits limits;
  EXPECT_EQ(Client::open("http://u:p@h:81/x?y", limits).value().shown_url(), "http://h:81/x?y");
  EXPECT_EQ(Client::open("http://h", limits).value().shown_url(), "http://h:80/");
  EXPECT_EQ(Client::open("http://[::1]:8/x", limits).value().shown_url(), "http://[::1]:8/x");
  for (const char* bad : {"", "https://h/", "http://", "http:///x", "http://h:/x", "http://h:0x1/",
                          "http://h:70000/", "http://[::1/x", "http://h/a b", "http://h/a\r\nX: y"})
    EXPECT_FALSE(Client::open(bad, limits)) << bad;
}

TEST(Client, ReadsAnswersOfEachForm) {
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "ok");
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            "ok");
}

TEST(Client, PassesTheTraceOn) {
  for (const std::string_view trace :
       {std::string_view(),
        std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}) {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const auto client = Client::open(server.url(), {std::chrono::seconds(5), 100});
    EXPECT_TRUE(client.value().post_json("{}", trace));
    const std::string line = "\r\ntraceparent: " + std::string(trace) + "\r\n";
    EXPECT_EQ(server.asked().find(line) != std::string::npos, !trace.empty()) << server.asked();
  }
}

TEST(Client, SaysWhatIsWrongAndIsBounded) {
  EXPECT_EQ(told("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "error: answered 500");
  EXPECT_TRUE(told("nonsense\r\n\r\n").starts_with("error: cannot be asked"));
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
            "error: answered more than 100 bytes");
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                 std::string(101, 'x') + "\r\n0\r\n\r\n"),
            "error: answered more than 100 bytes");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", {std::chrono::milliseconds(80)}),
            "error: took more than 80 ms");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
  const auto nobody = Client::open("http://127.0.0.1:1/", {}).value().get();
  EXPECT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sparrow::http
