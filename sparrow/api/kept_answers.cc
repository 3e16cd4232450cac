// What a Call asks of the AnswerCache: its key, what differs each time, what may not be kept.
#include "sparrow/api/call.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {
namespace {

// 1234 -> 1.234
void append_thousandths(std::string& out, long long thousandths) {
  http::append_json(out, thousandths / 1000);
  const auto rest = static_cast<unsigned>(thousandths % 1000);
  const char digits[] = {'.', static_cast<char>('0' + rest / 100),
                         static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  out.append(digits, sizeof(digits));
}

}  // namespace

void Call::append_id_and_time(std::string& out) const {
  append_request_id(out);
  out += "\",\"took_ms\":";
  const auto took = std::chrono::steady_clock::now() - began_;
  append_thousandths(out, std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

// The query as it is written: the same asked in other words is made once more.
std::string Call::answer_key(char kind, Row row) const {
  std::string key;
  key.reserve(sizeof(now_->lists) + sizeof(row) + 1 + request_.query.size());
  key.append(reinterpret_cast<const char*>(&now_->lists), sizeof(now_->lists));
  key.append(reinterpret_cast<const char*>(&row), sizeof(row));
  key += kind;
  key += request_.query;
  return key;
}

bool Call::answer_again(char kind, Row row) {
  bool degraded = false;
  if (!api_.answers_.keeps() ||
      !api_.answers_.append(answer_key(kind, row), response_.body, degraded,
                            [this](std::string& out) { append_id_and_time(out); }))
    return false;
  if (degraded) api_.metrics_.count_degraded();
  return true;
}

void Call::keep(char kind, Row row) {
  if (!repeatable_ || !api_.answers_.keeps()) return;
  AnswerCache::Kept kept{response_.body, gap_begin_, degraded_};
  kept.text.erase(gap_begin_, gap_end_ - gap_begin_);
  api_.answers_.put(answer_key(kind, row), std::move(kept));
}

}  // namespace sparrow::api
