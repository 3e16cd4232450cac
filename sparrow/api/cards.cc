#include "sparrow/api/cards.h"

#include <fmt/format.h>

namespace sparrow::api {

void append_look(std::string& out, const Context& c, Row row) {
  const live::Look& look = c.view.looks()[row];
  const auto put = std::back_inserter(out);
  const char* comma = "";
  out += ",\"look\":{";
  if (!look.motif.empty()) {
    fmt::format_to(put, "\"motif\":\"{}\"", look.motif);
    comma = ",";
  }
  if (look.part > 0) {
    fmt::format_to(put, "{}\"part\":{}", comma, look.part);
    comma = ",";
  }
  const auto& usual = c.now->default_model(c.services.options.default_model);
  if (usual != nullptr && row < usual->hues.size() && usual->hues[row] != live::kNoHue) {
    fmt::format_to(put, "{}\"hue\":{}", comma, usual->hues[row]);
    comma = ",";
  }
  if (!look.maker.empty()) {
    fmt::format_to(put, "{}\"maker\":", comma);
    http::append_json(out, look.maker);
  }
  out += '}';
}

void append_card(std::string& out, const Context& c, Row row) {
  live::append_card(out, c.view, row);
  out.pop_back();
  append_look(out, c, row);
  out += '}';
}

}  // namespace sparrow::api
