#include "sparrow/live/model_features.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/model/views.h"

namespace sparrow::live {
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

void add_items(const data::Dataset& dataset, store::Features& features) {
  std::vector<Moments> ratings(dataset.catalog.size());
  for (std::size_t e = 0; e < dataset.interactions.size(); ++e)
    ratings[dataset.interactions.items[e]].add(static_cast<double>(dataset.interactions.values[e]));
  for (std::size_t row = 0; row < dataset.catalog.size(); ++row) {
    const data::Item& item = dataset.catalog[static_cast<Row>(row)];
    store::FeatureHash& hash = features.items[item.id];
    set_ratings(hash, ratings[row]);
    if (item.year != 0) hash["year"] = std::to_string(item.year);
    if (!item.list(data::kGenres).empty())
      hash["genres"] = fmt::format("{}", fmt::join(item.list(data::kGenres), "|"));
  }
}

// Row of the catalogue -> the model's vector, empty where it has none.
std::vector<std::vector<float>> vectors_by_row(const data::Dataset& dataset,
                                               const model::Model& model) {
  std::vector<std::vector<float>> vectors(dataset.catalog.size());
  const auto view = model::VectorsView::of(model);
  for (Row m = 0; view && m < model.items.size(); ++m) {
    const auto row = dataset.catalog.find(model.items[m]);
    if (row && view->has(m)) vectors[*row] = view->row(m);
  }
  return vectors;
}

// Features of single users; immutable, so that several threads may ask.
class UserFeatures {
 public:
  struct Sums {  // reused from user to user
    std::vector<double> vector;
    std::vector<double> genres;
  };

  UserFeatures(const data::Dataset& dataset, const model::Model& model)
      : dataset_(dataset), dim_(model.dim()), vectors_(vectors_by_row(dataset, model)) {
    std::map<std::string, std::uint32_t> numbers;
    for (const auto& item : dataset.catalog.items()) {
      for (const auto& genre : item.list(data::kGenres)) numbers.emplace(genre, 0);
    }
    for (auto& [name, number] : numbers) {  // by name, so that ties are in the order of names
      number = static_cast<std::uint32_t>(names_.size());
      names_.push_back(name);
    }
    genres_.resize(dataset.catalog.size());
    for (std::size_t row = 0; row < genres_.size(); ++row) {
      for (const auto& genre : dataset.catalog[static_cast<Row>(row)].list(data::kGenres))
        genres_[row].push_back(numbers[genre]);
    }
  }

  void fill(std::size_t user, Sums& sums, store::Features& features) const {
    const auto& log = dataset_.interactions;
    Moments ratings;
    Moments years;
    sums.vector.assign(dim_, 0);
    sums.genres.assign(names_.size(), 0);
    double weight = 0;
    for (std::uint64_t e = log.offsets[user]; e < log.offsets[user + 1]; ++e) {
      const Row row = log.items[e];
      const auto value = static_cast<double>(log.values[e]);
      ratings.add(value);
      if (const int year = dataset_.catalog[row].year; year != 0) years.add(year);
      for (const std::uint32_t genre : genres_[row]) sums.genres[genre] += value;
      const auto& vector = vectors_[row];
      if (vector.empty() || value <= 0) continue;
      for (std::size_t c = 0; c < dim_; ++c)
        sums.vector[c] += value * static_cast<double>(vector[c]);
      weight += value;
    }
    store::FeatureHash& hash = features.user_features[user];
    set_ratings(hash, ratings);
    if (const std::string top = top_genres(sums.genres); !top.empty()) hash["genres"] = top;
    if (years.count() > 0) {
      hash["mean_year"] = fmt::format("{:.0f}", years.mean());
      hash["year_deviation"] = fmt::format("{:.4g}", years.deviation());
    }
    for (std::size_t c = 0; c < dim_ && weight > 0; ++c)
      features.user_vectors[user * dim_ + c] = static_cast<float>(sums.vector[c] / weight);
  }

 private:
  // The five of most weight, of those with any.
  std::string top_genres(const std::vector<double>& weights) const {
    constexpr std::size_t kGenres = 5;
    std::vector<std::pair<double, std::uint32_t>> order;
    for (std::uint32_t g = 0; g < weights.size(); ++g) {
      if (weights[g] != 0) order.emplace_back(-weights[g], g);
    }
    std::sort(order.begin(), order.end());
    std::string text;
    for (std::size_t g = 0; g < std::min(kGenres, order.size()); ++g)
      text += (g == 0 ? "" : "|") + names_[order[g].second];
    return text;
  }

  const data::Dataset& dataset_;
  std::size_t dim_;
  std::vector<std::vector<float>> vectors_;         // by row
  std::vector<std::string> names_;                  // of genres
  std::vector<std::vector<std::uint32_t>> genres_;  // by row
};

}  // namespace

store::Features features_of(const data::Dataset& dataset, const model::Model& model,
                            std::size_t threads) {
  store::Features features;
  add_items(dataset, features);
  features.user_dim = model.dim();
  features.users = dataset.users;
  features.user_features.resize(dataset.users.size());
  features.user_vectors.assign(dataset.users.size() * model.dim(), 0.0F);
  const UserFeatures users(dataset, model);
  constexpr std::size_t kBlock = 256;
  parallel_for(dataset.interactions.users(), kBlock, threads,
               [&](std::size_t begin, std::size_t end, std::size_t) {
                 UserFeatures::Sums sums;
                 for (std::size_t u = begin; u < end; ++u) users.fill(u, sums, features);
               });
  return features;
}

}  // namespace sparrow::live
