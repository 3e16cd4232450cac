#include "sparrow/data/synth.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/core/random.h"
#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/interaction_builder.h"
#include "sparrow/data/weighted_draw.h"

namespace sparrow::data {
namespace {

double half_star(double rating) { return std::clamp(std::round(rating * 2) / 2, 0.5, 5.0); }

// How much a viewer likes each trait: drawn when first met.
class Taste {
 public:
  explicit Taste(std::uint64_t seed) : seed_(seed) {}
  double of(const std::string& trait) const {
    std::uint64_t state = seed_;
    for (const char c : trait) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    Random random(splitmix64(state));
    return random.normal();
  }

 private:
  std::uint64_t seed_;
};

double liking(const Taste& taste, const Item& item) {
  double sum = 0;
  double weight = 0.01;
  const auto add = [&](const std::vector<std::string>& traits, const char* kind, double each) {
    for (const auto& trait : traits) {
      sum += each * taste.of(kind + trait);
      weight += each * each;
    }
  };
  add(item.list(kGenres), "genre ", 1.0);
  add(item.list(kKeywords), "keyword ", 0.7);
  add(item.list(kDirectors), "director ", 0.8);
  add(item.list(kCountries), "country ", 0.5);
  sum += 0.6 * taste.of(fmt::format("decade {}", item.year / 10));
  return sum / std::sqrt(weight + 0.36);
}

constexpr std::int64_t kStart = 1'100'000'000;

}  // namespace

Result<Dataset> sample_dataset(const std::filesystem::path& items_csv, std::uint64_t users,
                               std::uint64_t seed) {
  auto catalog = read_catalog(items_csv);
  if (!catalog) return catalog.error();
  const std::size_t n = catalog->size();
  if (n < 2) return Error{ErrorCode::kInvalidInput, items_csv.string() + ": fewer than two items"};
  InteractionBuilder builder;
  Random random(seed);
  std::vector<double> fame(n);  // made up: a few films are known to nearly everybody
  for (double& f : fame) f = 0.9 * random.normal();
  std::vector<double> weights(n);
  for (std::uint64_t u = 0; u < users; ++u) {
    const Taste taste(random.next());
    std::vector<double> like(n);
    for (Row row = 0; row < n; ++row) {
      like[row] = liking(taste, (*catalog)[row]);
      weights[row] = std::exp(1.3 * like[row] + fame[row]);
    }
    const WeightedDraw draw(weights);
    const auto length = static_cast<std::size_t>(
        std::min(20 + 20 * std::exp(0.8 * random.normal()), 0.4 * static_cast<double>(n)));
    std::vector<std::uint8_t> seen(n, 0);
    std::int64_t time = kStart + random.below(500'000'000);
    for (std::size_t e = 0; e < length; ++e) {
      const std::size_t row = draw(random);
      time += random.below(50'000);
      if (seen[row] != 0) continue;
      seen[row] = 1;
      const double rating = half_star(3.4 + 0.6 * like[row] + 0.5 * random.normal());
      builder.add(fmt::format("{}", u + 1), static_cast<Row>(row), static_cast<float>(rating),
                  time);
    }
  }
  Dataset dataset;
  dataset.info.simulated = true;
  dataset.info.name = "sample";
  dataset.info.format = "generic";
  dataset.info.source = items_csv.string();
  dataset.interactions = builder.build(dataset.users, dataset.info.duplicate_interactions);
  dataset.catalog = std::move(*catalog);
  dataset.info.items = dataset.catalog.size();
  dataset.info.users = dataset.users.size();
  dataset.info.interactions = dataset.interactions.size();
  const auto& values = dataset.interactions.values;
  auto scale = find_scale({values.data(), values.size()}, {});
  if (!scale) return scale.error();
  dataset.info.scale = *scale;
  if (auto sealed = seal_dataset(dataset); !sealed) return sealed.error();
  return dataset;
}

}  // namespace sparrow::data
