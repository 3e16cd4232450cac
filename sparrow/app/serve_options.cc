// add_serve_options() is the table; read_serve_arguments() judges what is written as text.
#include "sparrow/app/serve_options.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/data/field_values.h"
#include "sparrow/flags/checks.h"

namespace sparrow::app {
namespace {

void add_network_options(CLI::App& sub, ServeArguments& o) {
  sub.add_option("--port", o.server.port, "Port; 0 takes any free one")
      ->check(CLI::Range(0, 65535));
  sub.add_option("--host", o.server.address,
                 "Address to listen on; the default is this machine only");
  sub.add_option("--cors", o.api.cors_origins, "Origins that browsers may call from")
      ->delimiter(',');
  sub.add_option("--host-name", o.api.host_names,
                 "Names that browsers may call this server by, beside localhost and addresses")
      ->delimiter(',');
  sub.add_option("--token", o.tokens,
                 "ROLE:SECRET for calls that change something; roles: viewer, editor, admin")
      ->delimiter(',')
      ->envname("SPARROW_TOKENS");
  sub.add_option("--max-connections", o.server.max_connections, "At a time; more are closed");
  sub.add_option("--max-header-kb", o.max_header_kb, "Of a request")->check(CLI::Range(1, 1024));
  sub.add_option("--max-body-kb", o.max_body_kb, "Of a request")->check(CLI::Range(1, 65'536));
  sub.add_option("--request-timeout-ms", o.request_timeout_ms,
                 "A client that has not sent a request after this is cut")
      ->check(CLI::Range(100, 600'000));
  sub.add_option("--slow-threads", o.server.slow_threads,
                 "For requests that wait for a disk or a peer")
      ->check(CLI::Range(1, 256));
  sub.add_option("--requests-per-second", o.api.requests_per_second,
                 "Of one token, else of one address; 0: no limit")
      ->check(flags::number_from(0, 1e6));
  sub.add_option("--burst", o.api.burst, "Requests at once under that limit; 0: twice as many")
      ->check(flags::number_from(0, 1e6));
  sub.add_option("--log", o.log_file, "File for one JSON line a request; -: stderr; empty: none");
}

void add_list_options(CLI::App& sub, ServeArguments& o) {
  sub.add_option("--model", o.api.default_model, "Model for requests that name none");
  sub.add_option("--channel", o.channels,
                 "NAME=on|ask|off[,quota=N][,weight=W]: on: asked for every list; ask: when a "
                 "request names it; weight: points of match that its first candidate gains")
      ->envname("SPARROW_CHANNELS");
  sub.add_option("--rank-weight", o.rank_weights,
                 "FEATURE=POINTS, instead of the model's: co_watch, content, years, quality, "
                 "popularity")
      ->delimiter(',')
      ->envname("SPARROW_RANK_WEIGHTS");
  sub.add_option("--ranker", o.ranker.url,
                 "Remote ranker, TensorFlow Serving or KServe: "
                 "http://HOST:PORT/v1/models/NAME:predict");
  sub.add_option("--ranker-timeout-ms", o.ranker_timeout_ms, "After this lists are ranked here")
      ->check(CLI::Range(1, 10'000));
  sub.add_option("--ranker-candidates", o.ranker.max_candidates, "Sent at most, best match first")
      ->check(CLI::Range(1, 1000));
  sub.add_option("--answer-cache-mb", o.answer_cache_mb,
                 "Recent answers are kept until lists change, in this much memory; 0: none")
      ->check(CLI::Range(0, 65'536));
  sub.add_option("--poster-url", o.api.poster_url,
                 "Address of pictures elsewhere, with {id}, {imdb_id} or {tmdb_id} in it");
}

void add_event_options(CLI::App& sub, ServeArguments& o) {
  sub.add_flag("--events,!--no-events", o.events,
               "Keep what people do and the lists they were given (HOME/events)");
  sub.add_option("--event-days", o.event_days, "Days that are kept; 0: all")
      ->check(CLI::Range(0, 36'500));
  sub.add_option(
         "--event-mb", o.event_mb,
         "The oldest days go when all take more; when today alone does, nothing more is taken "
         "in; 0: no bound")
      ->check(CLI::Range(0, 100'000'000));
  sub.add_option("--events-kafka", o.kafka.brokers,
                 "HOST:PORT[,HOST:PORT] of Kafka, through which servers exchange their events; "
                 "empty: none");
  sub.add_option("--events-topic", o.kafka.topic, "Topic in Kafka, the same for all servers");
  sub.add_option("--events-kafka-properties", o.kafka.properties,
                 "File of KEY=VALUE lines for librdkafka, for TLS and passwords");
  sub.add_option("--event-weights", o.event_weights,
                 "How much events speak for their items in what trends and what is used together, "
                 "where not as usual: click=1,added_to_list=3");
}

void add_source_options(CLI::App& sub, ServeArguments& o) {
  sub.add_option(
      "--pool", o.pool.uri,
      "What may be shown: sqlite:FILE, postgresql://HOST/DB or http://HOST/PATH; default: "
      "everything");
  sub.add_option("--pool-sql", o.pool.query, "Query that gives the ids that may be shown");
  sub.add_option("--pool-refresh-s", o.pool_refresh_s, "How often the pool is asked for")
      ->check(CLI::Range(1, 86400));
  sub.add_option("--poll-ms", o.poll_ms, "How often to look for a promotion")
      ->check(CLI::Range(50, 600000));
  sub.add_option("--max-changed-items", o.max_changed_items,
                 "Added, changed, hidden or removed at run time, at most")
      ->check(CLI::Range(0, 1'000'000));
  sub.add_option("--sample", o.sample,
                 "items.csv to begin with while nothing is prepared in the home; its viewers are "
                 "SIMULATED");
}

Result<void> read_tokens(ServeArguments& arguments) {
  static const std::map<std::string, api::Role> roles = {
      {"viewer", api::Role::kViewer}, {"editor", api::Role::kEditor}, {"admin", api::Role::kAdmin}};
  constexpr std::size_t kShortest = 8;
  for (const auto& token : arguments.tokens) {
    const auto colon = token.find(':');
    const auto role = roles.find(token.substr(0, colon));
    if (role == roles.end() || colon == std::string::npos || token.size() < colon + 1 + kShortest)
      return Error{ErrorCode::kInvalidInput,
                   "--token: is ROLE:SECRET with the role viewer, editor or admin and a secret of "
                   "8 characters or more"};
    arguments.api.tokens[token.substr(colon + 1)] = role->second;
  }
  return {};
}

// "co-watch=on,quota=100,weight=2"
Result<void> read_channel(const std::string& text, rank::Ranking& ranking) {
  using Use = rank::ChannelSetting::Use;
  const auto& names = recall::kChannelNames;
  const auto wrong = [&](std::string_view what) {
    return Error{ErrorCode::kInvalidInput, fmt::format("--channel {}: {}", text, what)};
  };
  const auto equals = text.find('=');
  const auto at = std::find(names.begin(), names.end(), text.substr(0, equals));
  if (at == names.end() || equals == std::string::npos)
    return wrong(fmt::format("is NAME=on|ask|off; the names are {}", fmt::join(names, ", ")));
  rank::ChannelSetting& channel = ranking.channels[static_cast<std::size_t>(at - names.begin())];
  for (const auto& part : data::split_list(std::string_view(text).substr(equals + 1), ',')) {
    const std::string_view value = std::string_view(part).substr(part.find('=') + 1);
    if (part == "on")
      channel.use = Use::kAlways;
    else if (part == "ask")
      channel.use = Use::kOnRequest;
    else if (part == "off")
      channel.use = Use::kOff;
    else if (part.starts_with("quota=")) {
      if (!data::parse_number(value, channel.quota) || channel.quota > 10'000)
        return wrong("the quota must be in 0..10000");
    } else if (part.starts_with("weight=")) {
      if (!data::parse_value(value, channel.weight) || channel.weight < 0 || channel.weight > 1000)
        return wrong("the weight must be in 0..1000");
    } else {
      return wrong(fmt::format("\"{}\" is not understood", part));
    }
  }
  return {};
}

Result<void> read_ranking(ServeArguments& arguments) {
  rank::Ranking& ranking = arguments.api.ranking;
  for (const auto& text : arguments.channels) {
    if (auto read = read_channel(text, ranking); !read) return read;
  }
  if (std::none_of(ranking.channels.begin(), ranking.channels.end(),
                   [](const auto& c) { return c.use == rank::ChannelSetting::Use::kAlways; }))
    return Error{ErrorCode::kInvalidInput, "--channel: none is on: lists would be empty"};
  if (!arguments.rank_weights.empty()) {
    nlohmann::json weights = {{"match", 1}};
    for (const auto& text : arguments.rank_weights) {
      const auto equals = text.find('=');
      float value = 0;
      if (equals == std::string::npos ||
          !data::parse_value(std::string_view(text).substr(equals + 1), value))
        return Error{ErrorCode::kInvalidInput,
                     fmt::format("--rank-weight {}: is FEATURE=POINTS", text)};
      weights[text.substr(0, equals)] = value;
    }
    auto ranker = rank::LinearRanker::of_json(weights);
    if (!ranker) return Error{ErrorCode::kInvalidInput, "--rank-weight: " + ranker.error().message};
    ranking.weights = *ranker;
  }
  if (arguments.ranker.url.empty()) return {};
  arguments.ranker.timeout = std::chrono::milliseconds(arguments.ranker_timeout_ms);
  auto remote = live::RemoteRanker::open(arguments.ranker);
  if (!remote) return remote.error();
  arguments.api.remote_ranker = remote->get();
  ranking.remote = std::move(*remote);
  return {};
}

}  // namespace

std::string environment_name(const CLI::Option& option) {
  if (!option.get_envname().empty()) return option.get_envname();
  std::string name = "SPARROW_";
  for (const char c : option.get_single_name())
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

void add_serve_options(CLI::App& sub, ServeArguments& arguments) {
  add_network_options(sub, arguments);
  add_list_options(sub, arguments);
  add_source_options(sub, arguments);
  add_event_options(sub, arguments);
  for (CLI::Option* option : sub.get_options()) {
    if (option->get_single_name() == "help") continue;
    option->capture_default_str();
    option->envname(environment_name(*option));
  }
}

namespace {

// Every brace belongs to an id that pictures are named by.
Result<void> check_poster_url(std::string_view address) {
  const auto refused = [&](std::string_view why) {
    return Error{ErrorCode::kInvalidInput, fmt::format("--poster-url: \"{}\" {}", address, why)};
  };
  if (!address.starts_with("http://") && !address.starts_with("https://") &&
      !address.starts_with("/"))
    return refused("is not an address that begins with https://, http:// or /");
  std::string_view rest = address;
  bool named = false;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    rest.remove_prefix(open);
    const auto name = rest.substr(0, rest.find('}') + 1);
    if (name != "{id}" && name != "{imdb_id}" && name != "{tmdb_id}")
      return refused("has a brace that is not {id}, {imdb_id} or {tmdb_id}");
    rest.remove_prefix(name.size());
    named = true;
  }
  if (!named)
    return refused("has no {id}, {imdb_id} or {tmdb_id}: all items would have one picture");
  return {};
}

}  // namespace

Result<void> read_serve_arguments(ServeArguments& arguments) {
  if (auto read = read_tokens(arguments); !read) return read;
  if (auto read = read_ranking(arguments); !read) return read;
  auto weights = events::EventWeights::parse(arguments.event_weights);
  if (!weights) return weights.error();
  arguments.feed.weights = *weights;
  if (!arguments.pool.uri.empty()) {
    if (auto opened = live::open_pool_source(arguments.pool); !opened)
      return Error{opened.error().code, "--pool: " + opened.error().message};
  }
  if (!arguments.kafka.brokers.empty()) {
    if (!arguments.events)
      return Error{ErrorCode::kInvalidInput,
                   "--events-kafka: needs the log of events; take --no-events away"};
    if (auto checked = events::check_kafka(arguments.kafka); !checked) return checked;
  }
  if (!arguments.api.poster_url.empty()) {
    if (auto sound = check_poster_url(arguments.api.poster_url); !sound) return sound;
  }
  for (const auto& origin : arguments.api.cors_origins) {
    if (!origin.starts_with("http://") && !origin.starts_with("https://"))
      return Error{
          ErrorCode::kInvalidInput,
          fmt::format("--cors: \"{}\" is not an origin such as https://example.org", origin)};
  }
  arguments.api.answer_cache_bytes = arguments.answer_cache_mb << 20;
  arguments.server.max_header_bytes = static_cast<std::uint32_t>(arguments.max_header_kb * 1024);
  arguments.server.max_body_bytes = arguments.max_body_kb * 1024;
  arguments.server.request_timeout = std::chrono::milliseconds(arguments.request_timeout_ms);
  return {};
}

}  // namespace sparrow::app
