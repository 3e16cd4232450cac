// Judged pairs and groups against a small catalogue.
#include <cstdint>
#include <string_view>

#include "sparrow/evaluate/ground_truth.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sparrow::data::Catalog catalog = [] {
    std::vector<sparrow::data::Item> items(2);
    items[0] = {.id = "1", .title = "The Matrix", .year = 1999};
    items[1] = {.id = "2", .title = "Solaris", .year = 1972};
    return sparrow::data::Catalog(std::move(items));
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)sparrow::evaluate::parse_ground_truth(text, catalog).ok();
  (void)sparrow::evaluate::parse_groups(text, catalog).ok();
  return 0;
}
