// The way out: a server may go at any time, whatever its handlers are doing.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sparrow/http/server.h"

namespace sparrow::http {
namespace {

using Clock = std::chrono::steady_clock;

// A connection that has asked and does not wait for the answer.
int ask(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(::connect(fd, generic, sizeof address), 0);
  constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(::send(fd, kRequest.data(), kRequest.size(), 0), static_cast<ssize_t>(kRequest.size()));
  return fd;
}

ServerOptions options_of(std::chrono::milliseconds drain) {
  ServerOptions options;
  options.port = 0;
  options.threads = 2;
  options.drain_timeout = drain;
  return options;
}

// Issue: requests that waited in the pool outlived the workers whose sockets they held.
TEST(ServerParallel, GoesWhileSlowRequestsRunAndWait) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> begun{0};
    std::vector<int> connections;
    {
      auto server =
          Server::start(options_of(std::chrono::milliseconds(30)),
                        {[&](const Request&, Response& response) {
                           ++begun;
                           std::this_thread::sleep_for(std::chrono::milliseconds(20 + 5 * round));
                           response.body = "{}";
                         },
                         [](const Request&) { return Lane::kSlow; },
                         {}});
      ASSERT_TRUE(server.ok());
      for (int i = 0; i < 12; ++i) connections.push_back(ask((*server)->port()));
      while (begun.load() == 0) std::this_thread::yield();
      (void)(*server)->stop();
    }
    EXPECT_LT(begun.load(), 12) << "those that waited were begun all the same";
    for (const int fd : connections) ::close(fd);
  }
}

// Issue: long work went on for a client that had gone, and for a server that was told to end.
TEST(ServerParallel, LongWorkHearsThatNobodyWantsIt) {
  for (const bool by_client : {true, false}) {
    std::atomic<bool> begun{false};
    std::atomic<bool> heard{false};
    auto server = Server::start(options_of(std::chrono::milliseconds(50)),
                                {[&](const Request& request, Response& response) {
                                   begun.store(true);
                                   const auto last = Clock::now() + std::chrono::seconds(10);
                                   while (!request.stop.stop_requested() && Clock::now() < last)
                                     std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                   heard.store(request.stop.stop_requested());
                                   response.body = "{}";
                                 },
                                 [](const Request&) { return Lane::kHeavy; },
                                 {}});
    const int fd = ask((*server)->port());
    while (!begun.load()) std::this_thread::yield();
    const auto start = Clock::now();
    if (by_client) {
      ::close(fd);
      while (!heard.load() && Clock::now() < start + std::chrono::seconds(5))
        std::this_thread::yield();
    } else {
      EXPECT_TRUE((*server)->stop());
      ::close(fd);
    }
    EXPECT_TRUE(heard.load()) << by_client;
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
    server->reset();
  }
}

TEST(ServerParallel, StopSaysWhetherSomethingIsStillRunning) {
  std::atomic<bool> go_on{false};
  std::atomic<bool> begun{false};
  auto server = Server::start(options_of(std::chrono::milliseconds(50)),
                              {[&](const Request&, Response&) {
                                 begun.store(true);
                                 while (!go_on.load()) std::this_thread::yield();
                               },
                               [](const Request&) { return Lane::kSlow; },
                               {}});
  ASSERT_TRUE(server.ok());
  const int fd = ask((*server)->port());
  while (!begun.load()) std::this_thread::yield();
  const auto start = Clock::now();
  EXPECT_FALSE((*server)->stop());
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  go_on.store(true);
  server->reset();
  ::close(fd);
}

}  // namespace
}  // namespace sparrow::http
