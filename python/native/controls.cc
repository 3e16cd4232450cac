#include "controls.h"

#include <algorithm>
#include <array>
#include <optional>

#include "errors.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace sparrow::python {
namespace {

namespace nb = nanobind;

constexpr std::array kControls = {"size",           "offset",        "popularity",  "diversity",
                                  "min_score",      "filter",        "exclude",     "pin",
                                  "boosts",         "channels",      "same_series", "max_per_genre",
                                  "max_per_series", "max_per_person"};

// Reads single controls, with errors that name them.
class Reader {
 public:
  Reader(const ModelHandle& handle, const nb::dict& controls)
      : handle_(handle), controls_(controls) {
    for (const auto& [key, value] : controls) {
      const auto name = nb::cast<std::string>(key);
      if (std::find(kControls.begin(), kControls.end(), name) == kControls.end())
        invalid(
            fmt::format("\"{}\" is not a control; there are {}", name, fmt::join(kControls, ", ")));
    }
  }

  template <typename T>
  T number(const char* name, T usual, T low, T high) const {
    if (!controls_.contains(name)) return usual;
    T value{};
    if (!nb::try_cast(controls_[name], value) || !(value >= low && value <= high))
      invalid(fmt::format("\"{}\" must be a number from {} to {}, not \"{}\"", name, low, high,
                          nb::str(nb::handle(controls_[name])).c_str()));
    return value;
  }
  bool flag(const char* name, bool usual) const {
    bool value = usual;
    if (controls_.contains(name) && !nb::try_cast(controls_[name], value))
      invalid(fmt::format("\"{}\" must be true or false", name));
    return value;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> values;
    if (controls_.contains(name) && !nb::try_cast(controls_[name], values))
      invalid(fmt::format("\"{}\" must be a list of texts", name));
    return values;
  }
  std::vector<Row> items(const char* name) const {
    std::vector<Row> rows;
    for (const auto& id : texts(name)) rows.push_back(row_of(handle_.catalog(), id));
    return rows;
  }
  rank::FilterPtr filter(const char* name, const std::string& text) const {
    auto filter = rank::Filter::parse(text, handle_.dataset().facts());
    if (!filter) invalid(fmt::format("\"{}\" is not understood: {}", name, filter.error().message));
    return *filter;
  }
  std::vector<rank::FilterPtr> filters() const {
    if (!controls_.contains("filter")) return {};
    std::string text;
    if (!nb::try_cast(controls_["filter"], text)) invalid("\"filter\" must be a text");
    if (text.empty()) return {};
    return {filter("filter", text)};
  }
  std::vector<rank::Boost> boosts() const {
    std::vector<std::pair<std::string, float>> given;
    if (controls_.contains("boosts") && !nb::try_cast(controls_["boosts"], given))
      invalid("\"boosts\" must be a list of (filter, factor)");
    std::vector<rank::Boost> boosts;
    for (const auto& [text, factor] : given) {
      if (!(factor >= 0 && factor <= 10)) invalid("\"boosts\": a factor must be from 0 to 10");
      boosts.push_back({nullptr, filter("boosts", text), factor});
    }
    return boosts;
  }
  std::vector<std::string> channels() const {
    auto names = texts("channels");
    const auto& known = recall::kChannelNames;
    for (const auto& name : names) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        invalid(fmt::format("\"channels\": \"{}\" is not a channel; there are {}", name,
                            fmt::join(known, ", ")));
    }
    return names;
  }

 private:
  const ModelHandle& handle_;
  const nb::dict& controls_;
};

}  // namespace

Row row_of(const data::Catalog& catalog, const std::string& id) {
  const auto row = catalog.find(id);
  if (!row) throw Failure({ErrorCode::kNotFound, fmt::format("no item has the id \"{}\"", id)});
  return *row;
}

rank::Request read_request(const ModelHandle& handle,
                           const std::vector<std::pair<std::string, float>>& seeds,
                           const nb::dict& given) {
  const Reader reader(handle, given);
  rank::Request request;
  for (const auto& [id, weight] : seeds)
    request.seeds.push_back({row_of(handle.catalog(), id), weight});
  request.size = reader.number<std::size_t>("size", 20, 1, 1000);
  request.offset = reader.number<std::size_t>("offset", 0, 0, 10'000);
  rank::Controls& controls = request.controls;
  controls.popularity = reader.number<float>("popularity", 0, -1, 1);
  controls.diversity = reader.number<float>("diversity", 0, 0, 1);
  controls.min_match = reader.number<float>("min_score", 0, 0, 100);
  controls.caps.genre = reader.number<std::size_t>("max_per_genre", 0, 0, 1000);
  controls.caps.series = reader.number<std::size_t>("max_per_series", 0, 0, 1000);
  controls.caps.person = reader.number<std::size_t>("max_per_person", 0, 0, 1000);
  controls.same_series = reader.flag("same_series", true);
  controls.exclude = reader.items("exclude");
  controls.pins = reader.items("pin");
  controls.filters = reader.filters();
  controls.boosts = reader.boosts();
  controls.channels = reader.channels();
  return request;
}

}  // namespace sparrow::python
