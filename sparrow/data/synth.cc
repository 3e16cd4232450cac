#include "sparrow/data/synth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/data/dataset_reader.h"
#include "sparrow/data/interaction_builder.h"

namespace sparrow::data {
namespace {

// Draws from fixed weights by binary search in their running sum.
class Draw {
 public:
  explicit Draw(const std::vector<double>& weights) : sums_(weights.size()) {
    std::partial_sum(weights.begin(), weights.end(), sums_.begin());
  }
  std::size_t operator()(Random& random) const {
    const double at = random.uniform() * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), at);
    return std::min(static_cast<std::size_t>(found - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

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
  add(item.genres, "genre ", 1.0);
  add(item.keywords, "keyword ", 0.7);
  add(item.directors, "director ", 0.8);
  add(item.countries, "country ", 0.5);
  sum += 0.6 * taste.of(fmt::format("decade {}", item.year / 10));
  return sum / std::sqrt(weight + 0.36);
}

constexpr std::int64_t kStart = 1'100'000'000;

// Items with a popularity and a planted cluster each, and the histories of users who like three
// clusters.
class PlantedItems {
 public:
  PlantedItems(const SynthOptions& options, std::string& movies);
  void write_user(std::uint64_t user, Random& random, std::string& ratings) const;

 private:
  std::size_t items_;
  double mean_extra_;
  std::vector<std::vector<Row>> members_;
  std::vector<Draw> inside_;
  std::optional<Draw> anywhere_;
};

PlantedItems::PlantedItems(const SynthOptions& options, std::string& movies)
    : items_(options.items),
      mean_extra_(std::max(
          1.0,
          static_cast<double>(options.interactions) / static_cast<double>(options.users) - 20)),
      members_(options.clusters) {
  movies = "movieId,title,genres\n";
  std::vector<double> popularity(items_);
  Random random(options.seed);
  for (std::uint64_t i = 0; i < items_; ++i) {
    const std::uint64_t cluster = random.below(static_cast<std::uint32_t>(options.clusters));
    members_[cluster].push_back(static_cast<Row>(i));
    popularity[i] = 1.0 / std::pow(static_cast<double>(i) + 12.0, 1.05);
    movies +=
        fmt::format("{},Item {} ({}),Cluster {}\n", i + 1, i + 1, 1950 + random.below(70), cluster);
  }
  for (const auto& rows : members_) {
    // One weight more, so that an empty cluster can be drawn from.
    std::vector<double> weights(rows.size() + 1, 0.0);
    for (std::size_t r = 0; r < rows.size(); ++r) weights[r] = popularity[rows[r]];
    inside_.emplace_back(weights);
  }
  anywhere_.emplace(popularity);
}

void PlantedItems::write_user(std::uint64_t user, Random& random, std::string& ratings) const {
  const double extra = mean_extra_ * std::exp(1.4 * random.normal() - 0.98);
  const auto length =
      static_cast<std::uint64_t>(std::min(20 + extra, 0.5 * static_cast<double>(items_)));
  const auto clusters = static_cast<std::uint32_t>(members_.size());
  const std::array<std::size_t, 3> liked{random.below(clusters), random.below(clusters),
                                         random.below(clusters)};
  std::unordered_set<std::size_t> seen;
  std::int64_t time = kStart + random.below(300'000'000);
  std::size_t cluster = liked[0];
  for (std::uint64_t attempt = 0; seen.size() < length && attempt < 4 * length; ++attempt) {
    if (random.below(4) == 0) cluster = liked[random.below(3)];
    const auto& members = members_[cluster];
    const bool stray = random.below(4) == 0 || members.empty();
    const std::size_t item = stray
                                 ? (*anywhere_)(random)
                                 : members[std::min(inside_[cluster](random), members.size() - 1)];
    time += random.below(stray ? 4000 : 400);
    if (!seen.insert(item).second) continue;
    const double rating = half_star((stray ? 3.0 : 3.7) + 0.9 * random.normal());
    fmt::format_to(std::back_inserter(ratings), "{},{},{:.1f},{}\n", user + 1, item + 1, rating,
                   time);
  }
}

}  // namespace

Result<void> synth_log(const SynthOptions& options, const std::filesystem::path& directory) {
  if (options.users == 0 || options.items < 2 || options.clusters == 0) {
    return Error{ErrorCode::kInvalidInput,
                 "synth needs at least one user, two items and one cluster"};
  }
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: cannot create: {}", directory.string(), code.message())};
  std::string movies;
  const PlantedItems items(options, movies);
  if (auto written = write_file_atomically(directory / "movies.csv", movies); !written)
    return written;
  Random random(options.seed ^ 0x5eedULL);
  std::string ratings = "userId,movieId,rating,timestamp\n";
  ratings.reserve(options.interactions * 28);
  for (std::uint64_t u = 0; u < options.users; ++u) items.write_user(u, random, ratings);
  return write_file_atomically(directory / "ratings.csv", ratings);
}

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
    const Draw draw(weights);
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
  dataset.info.hash = dataset_hash(dataset);
  return dataset;
}

}  // namespace sparrow::data
