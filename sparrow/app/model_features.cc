#include "sparrow/app/model_features.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

namespace sparrow::app {
namespace {

// Count, mean and standard deviation of what is added.
class Moments {
 public:
  void add(double value) {
    ++count_;
    sum_ += value;
    squares_ += value * value;
  }
  std::size_t count() const { return count_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  double deviation() const {
    return count_ == 0
               ? 0
               : std::sqrt(std::max(0.0, squares_ / static_cast<double>(count_) - mean() * mean()));
  }

 private:
  std::size_t count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

void set_ratings(store::FeatureHash& hash, const Moments& ratings) {
  hash["ratings"] = std::to_string(ratings.count());
  if (ratings.count() == 0) return;
  hash["mean_rating"] = fmt::format("{:.4g}", ratings.mean());
  hash["rating_deviation"] = fmt::format("{:.4g}", ratings.deviation());
}

std::string top_genres(const std::map<std::string, double>& weights) {
  constexpr std::size_t kGenres = 5;
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [genre, weight] : weights) order.emplace_back(-weight, genre);
  std::sort(order.begin(), order.end());
  std::string text;
  for (std::size_t g = 0; g < std::min(kGenres, order.size()); ++g)
    text += (g == 0 ? "" : "|") + order[g].second;
  return text;
}

void add_items(const data::Dataset& dataset, store::Features& features) {
  std::vector<Moments> ratings(dataset.catalog.size());
  for (std::size_t e = 0; e < dataset.interactions.size(); ++e)
    ratings[dataset.interactions.items[e]].add(static_cast<double>(dataset.interactions.values[e]));
  for (std::size_t row = 0; row < dataset.catalog.size(); ++row) {
    const data::Item& item = dataset.catalog[static_cast<Row>(row)];
    store::FeatureHash& hash = features.items[item.id];
    set_ratings(hash, ratings[row]);
    if (item.year != 0) hash["year"] = std::to_string(item.year);
    if (!item.genres.empty()) hash["genres"] = fmt::format("{}", fmt::join(item.genres, "|"));
  }
}

// Row of the catalogue -> the model's vector, empty where it has none.
std::vector<std::span<const float>> vectors_by_row(const data::Dataset& dataset,
                                                   const model::Model& model) {
  std::vector<std::span<const float>> vectors(dataset.catalog.size());
  const model::Tensor* tensor = model.find("vectors");
  if (tensor == nullptr) return vectors;
  for (std::size_t i = 0; i < model.items.size(); ++i) {
    const auto row = dataset.catalog.find(model.items[i]);
    const auto values = tensor->floats().subspan(i * model.dim(), model.dim());
    if (row && std::any_of(values.begin(), values.end(), [](float v) { return v != 0; }))
      vectors[*row] = values;
  }
  return vectors;
}

}  // namespace

store::Features features_of(const data::Dataset& dataset, const model::Model& model) {
  store::Features features;
  add_items(dataset, features);
  const auto vectors = vectors_by_row(dataset, model);
  const std::size_t dim = model.dim();
  const auto& log = dataset.interactions;
  features.user_dim = dim;
  features.users = dataset.users;
  features.user_features.resize(dataset.users.size());
  features.user_vectors.assign(dataset.users.size() * dim, 0.0F);
  for (std::size_t u = 0; u < log.users(); ++u) {
    Moments ratings;
    Moments years;
    std::map<std::string, double> genres;
    std::vector<double> sum(dim);
    double weight = 0;
    for (std::uint64_t e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      const data::Item& item = dataset.catalog[log.items[e]];
      const auto value = static_cast<double>(log.values[e]);
      ratings.add(value);
      if (item.year != 0) years.add(item.year);
      for (const auto& genre : item.genres) genres[genre] += value;
      const auto vector = vectors[log.items[e]];
      if (vector.empty() || value <= 0) continue;
      for (std::size_t c = 0; c < dim; ++c) sum[c] += value * static_cast<double>(vector[c]);
      weight += value;
    }
    store::FeatureHash& hash = features.user_features[u];
    set_ratings(hash, ratings);
    if (!genres.empty()) hash["genres"] = top_genres(genres);
    if (years.count() > 0) {
      hash["mean_year"] = fmt::format("{:.0f}", years.mean());
      hash["year_deviation"] = fmt::format("{:.4g}", years.deviation());
    }
    for (std::size_t c = 0; c < dim && weight > 0; ++c)
      features.user_vectors[u * dim + c] = static_cast<float>(sum[c] / weight);
  }
  return features;
}

}  // namespace sparrow::app
