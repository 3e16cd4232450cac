// Filters as people write them: parsed or refused with a reason, and then safe to ask.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/rank/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sparrow;
  static const data::Dataset dataset = [] {
    data::Dataset made;
    std::vector<data::Item> items(2);
    items[0] = {.id = "1",
                .title = "The Matrix",
                .year = 1999,
                .values = {{data::kGenres, data::Names{"Action"}}}};
    items[1] = {.id = "2",
                .title = "Amélie",
                .year = 2001,
                .values = {{data::kGenres, data::Names{"Comedy", "Romance"}}}};
    made.catalog = data::Catalog(std::move(items));
    return made;
  }();
  static const recall::ItemFacts facts(dataset);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto filter = rank::Filter::parse(text, facts);
  if (!filter) {
    if (filter.error().message.empty()) std::abort();
    return 0;
  }
  (*filter)->holds(0, 1);
  (*filter)->holds(1, kNoRow);
  // What was understood once is understood again.
  if (!rank::Filter::parse((*filter)->text(), facts)) std::abort();
  return 0;
}
