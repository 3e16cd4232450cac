#include "sparrow/live/model_features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>

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

// Features of items; immutable.
class ItemSums {
 public:
  explicit ItemSums(const data::Dataset& dataset)
      : catalog_(dataset.catalog), ratings_(dataset.catalog.size()) {
    const auto& log = dataset.interactions;
    for (std::size_t e = 0; e < log.size(); ++e)
      ratings_[log.items[e]].add(static_cast<double>(log.values[e]));
  }

  store::FeatureHash of(const std::string& id) const {
    store::FeatureHash hash;
    const auto row = catalog_.find(id);
    if (!row) return hash;
    const data::Item& item = catalog_[*row];
    set_ratings(hash, ratings_[*row]);
    if (item.year != 0) hash["year"] = std::to_string(item.year);
    if (!item.list(data::kGenres).empty())
      hash["genres"] = fmt::format("{}", fmt::join(item.list(data::kGenres), "|"));
    return hash;
  }

 private:
  const data::Catalog& catalog_;
  std::vector<Moments> ratings_;  // by row
};

// Row of the catalogue -> row of the model, kNoRow where that has no vector.
std::vector<Row> rows_with_vectors(const data::Dataset& dataset, const model::Model& model,
                                   const std::optional<model::VectorsView>& view) {
  std::vector<Row> rows(dataset.catalog.size(), kNoRow);
  for (Row m = 0; view && m < model.items.size(); ++m) {
    const auto row = dataset.catalog.find(model.items[m], m);
    if (row && view->has(m)) rows[*row] = m;
  }
  return rows;
}

// Features of single users; immutable, so that several threads may ask.
class UserSums {
 public:
  struct Sums {  // reused from user to user
    std::vector<double> vector;
    std::vector<double> genres;
    std::vector<float> row;
  };

  UserSums(const data::Dataset& dataset, const model::Model& model)
      : dataset_(dataset),
        dim_(model.dim()),
        vectors_(model::VectorsView::of(model)),
        vector_rows_(rows_with_vectors(dataset, model, vectors_)) {
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

  // `vector` has as many values as the model's vectors.
  void fill(std::size_t user, Sums& sums, store::FeatureHash& hash, std::span<float> vector) const {
    const auto& log = dataset_.interactions;
    Moments ratings;
    Moments years;
    sums.vector.assign(dim_, 0);
    sums.genres.assign(names_.size(), 0);
    sums.row.resize(dim_);
    double weight = 0;
    for (std::uint64_t e = log.offsets[user]; e < log.offsets[user + 1]; ++e) {
      const Row row = log.items[e];
      const auto value = static_cast<double>(log.values[e]);
      ratings.add(value);
      if (const int year = dataset_.catalog[row].year; year != 0) years.add(year);
      for (const std::uint32_t genre : genres_[row]) sums.genres[genre] += value;
      if (vector_rows_[row] == kNoRow || value <= 0) continue;
      vectors_->copy(vector_rows_[row], sums.row);
      for (std::size_t c = 0; c < dim_; ++c)
        sums.vector[c] += value * static_cast<double>(sums.row[c]);
      weight += value;
    }
    set_ratings(hash, ratings);
    if (const std::string top = top_genres(sums.genres); !top.empty()) hash["genres"] = top;
    if (years.count() > 0) {
      hash["mean_year"] = fmt::format("{:.0f}", years.mean());
      hash["year_deviation"] = fmt::format("{:.4g}", years.deviation());
    }
    for (std::size_t c = 0; c < dim_ && weight > 0; ++c)
      vector[c] = static_cast<float>(sums.vector[c] / weight);
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
  std::optional<model::VectorsView> vectors_;
  std::vector<Row> vector_rows_;                    // by row of the catalogue
  std::vector<std::string> names_;                  // of genres
  std::vector<std::vector<std::uint32_t>> genres_;  // by row
};

}  // namespace

store::Features features_of(const data::Dataset& dataset, const model::Model& model,
                            std::size_t threads) {
  store::Features features;
  features.of_items =
      [items = std::make_shared<const ItemSums>(dataset)](std::span<const std::string> ids) {
        std::vector<store::FeatureHash> hashes;
        hashes.reserve(ids.size());
        for (const auto& id : ids) hashes.push_back(items->of(id));
        return hashes;
      };
  const std::size_t dim = model.dim();
  features.user_dim = dim;
  features.users = dataset.users;
  features.of_users = [users = std::make_shared<const UserSums>(dataset, model), dim, threads](
                          std::size_t begin, std::size_t end) {
    store::UserFeatures made;
    made.hashes.resize(end - begin);
    made.vectors.assign((end - begin) * dim, 0.0F);
    constexpr std::size_t kBlock = 256;
    parallel_for(end - begin, kBlock, threads, [&](std::size_t from, std::size_t to, std::size_t) {
      UserSums::Sums sums;
      for (std::size_t u = from; u < to; ++u)
        users->fill(begin + u, sums, made.hashes[u], std::span(made.vectors).subspan(u * dim, dim));
    });
    return made;
  };
  return features;
}

}  // namespace sparrow::live
