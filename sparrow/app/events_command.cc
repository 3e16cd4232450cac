// events: export what people did, the lists they were given and who met which variant.
#include <cstdio>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/events/event_log.h"
#include "sparrow/experiment/records.h"

namespace sparrow::app {
namespace {

struct EventsArguments {
  std::string format = "jsonl";
  std::string what = "all";
  int days = 0;
};

// RFC 4180.
std::string cell(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

void print_csv(const events::Event& event) {
  const auto line = to_json(event);
  fmt::print("{},{},{},{},{},{},{},{},{},{}\n", cell(event.id), event.type,
             line["time"].get<std::string>(), cell(event.user), cell(event.session),
             cell(event.item), cell(event.request),
             event.position == events::kNoPosition ? "" : std::to_string(event.position),
             std::isnan(event.value) ? "" : fmt::format("{}", event.value), cell(event.text));
}

void print_line(const nlohmann::json& line) {
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<void> run_export(const Context& context, const EventsArguments& o) {
  if (o.format == "csv" && o.what != "all" && o.what != "events")
    return Error{ErrorCode::kInvalidInput,
                 "--what " + o.what + ": lists in lists do not fit a table; take --format jsonl"};
  auto log = events::EventLog::open_to_read(context.paths().root / "events");
  if (!log) return log.error();
  events::TimeSpan span;
  if (o.days > 0)
    span.from_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count() -
                   std::int64_t{o.days} * events::kDayMs;
  const bool csv = o.format == "csv";
  if (csv) fmt::print("id,type,time,user,session,item,request_id,position,value,query\n");
  const auto wanted = [&](const char* part) { return o.what == "all" || o.what == part; };
  if (wanted("events")) {
    auto read = (*log)->each_event(span, [&](const events::Event& event) {
      csv ? print_csv(event) : print_line(to_json(event));
      return !interrupted;
    });
    if (!read) return read;
  }
  if (wanted("lists") && !csv) {
    auto read = (*log)->each_impression(span, [&](const events::Impression& list) {
      print_line(to_json(list));
      return !interrupted;
    });
    if (!read) return read;
  }
  if (!wanted("exposures") || csv) return {};
  return (*log)->each_exposure("", [&](const events::Exposure& exposure) {
    print_line(experiment::to_json(exposure));
    return !interrupted;
  });
}

}  // namespace

Command add_events(CLI::App& sub) {
  sub.require_subcommand(1);
  auto o = std::make_shared<EventsArguments>();
  CLI::App* out = sub.add_subcommand(
      "export", "Write events, lists and exposures to standard output, for other programs");
  out->fallthrough();
  out->add_option("--format", o->format, "jsonl, or csv for events alone")
      ->check(CLI::IsMember({"jsonl", "csv"}))
      ->capture_default_str();
  out->add_option("--what", o->what, "Only this part")
      ->check(CLI::IsMember({"all", "events", "lists", "exposures"}))
      ->capture_default_str();
  out->add_option("--days", o->days, "The last so many days; 0: all there are")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  return [=](const Context& context) { return run_export(context, *o); };
}

}  // namespace sparrow::app
