// healthcheck: whether the server of this configuration answers, for containers without curl.
#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/serve_options.h"
#include "sparrow/http/client.h"

namespace sparrow::app {
namespace {

Result<void> ask_server(const Context& context, const ServeArguments& serve, bool ready) {
  const std::string& listens = serve.server.address;
  const std::string host = listens == "0.0.0.0"                     ? "127.0.0.1"
                           : listens == "::"                        ? "[::1]"
                           : listens.find(':') != std::string::npos ? "[" + listens + "]"
                                                                    : listens;
  const std::string url =
      fmt::format("http://{}:{}/api/v1/{}", host, serve.server.port, ready ? "readyz" : "healthz");
  constexpr std::chrono::seconds kPatience{2};
  const auto client = http::Client::open(url, {kPatience, 1 << 16});
  if (!client) return client.error();
  const auto answer = client->get();
  if (!answer)
    return Error{ErrorCode::kUnavailable, fmt::format("{} {}", url, answer.error().message)};
  if (!context.quiet) fmt::print("{}\n", *answer);
  return {};
}

}  // namespace

Command add_healthcheck(CLI::App& sub) {
  struct Arguments {
    ServeArguments serve;
    bool ready = false;
  };
  auto o = std::make_shared<Arguments>();
  add_serve_options(sub, o->serve);
  sub.add_flag("--ready", o->ready, "Whether a model is loaded too, not only whether it answers");
  return [o](const Context& context) { return ask_server(context, o->serve, o->ready); };
}

}  // namespace sparrow::app
