// SmallWorld: a made-up catalogue with viewers and a model of it, for the tests of rank, live and
// api. Sixty items in four genres, some in series, some by the same people, a few that nobody
// watched; equal seeds give equal worlds.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sparrow/core/random.h"
#include "sparrow/data/dataset.h"
#include "sparrow/model/model.h"
#include "sparrow/model/neighbor_lists.h"
#include "sparrow/model/similarity.h"
#include "sparrow/rank/recommender.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::rank {

struct SmallWorld {
  static constexpr std::size_t kItems = 60;
  static constexpr std::size_t kUsers = 40;
  static constexpr std::size_t kUnseen = 6;  // the last items

  std::shared_ptr<data::Dataset> dataset;
  std::shared_ptr<const recall::ItemFacts> facts;
  model::Model model;

  explicit SmallWorld(std::uint64_t seed = 1) : dataset(std::make_shared<data::Dataset>()) {
    Random random(seed);
    make_items();
    make_viewers(random);
    facts = std::make_shared<const recall::ItemFacts>(*dataset);
    make_model(random);
  }

  std::unique_ptr<Recommender> recommender() const {
    return std::move(*Recommender::open(dataset->catalog, model, facts.get()));
  }

 private:
  static std::size_t genre_of(std::size_t item) { return item % 4; }

  void make_items() {
    static const char* const kGenreNames[] = {"Action", "Comedy", "Drama", "Western"};
    std::vector<data::Item> items(kItems);
    for (std::size_t i = 0; i < kItems; ++i) {
      data::Item& item = items[i];
      item.id = std::to_string(100 + i);
      item.title = i % 10 < 2 ? "Saga " + std::to_string(i / 10) + (i % 10 == 0 ? "" : " 2")
                              : "Film number " + std::to_string(i);
      item.year = static_cast<int>(1960 + i);
      item.set(data::kGenres, data::Names{kGenreNames[genre_of(i)]});
      item.set(data::kDirectors, data::Names{"Director " + std::to_string(i % 7)});
    }
    dataset->catalog = data::Catalog(std::move(items));
    dataset->info.name = "small world";
    dataset->info.items = kItems;
  }

  // Everybody likes one genre and rates twelve items, most of them of it.
  void make_viewers(Random& random) {
    data::Interactions& log = dataset->interactions;
    std::vector<std::uint64_t> offsets{0};
    std::vector<Row> rows;
    std::vector<float> values;
    std::vector<std::int64_t> times;
    for (std::size_t u = 0; u < kUsers; ++u) {
      dataset->users.push_back("u" + std::to_string(u));
      std::vector<Row> seen;
      while (seen.size() < 12) {
        const Row row = random.below(static_cast<std::uint32_t>(kItems - kUnseen));
        const bool own = genre_of(row) == u % 4;
        if (!own && random.uniform() < 0.7) continue;
        if (std::find(seen.begin(), seen.end(), row) != seen.end()) continue;
        seen.push_back(row);
        rows.push_back(row);
        values.push_back(own ? 4.5F : 2.5F);
        times.push_back(static_cast<std::int64_t>(1'000'000 + rows.size()));
      }
      offsets.push_back(rows.size());
    }
    dataset->info.users = kUsers;
    dataset->info.interactions = rows.size();
    log.offsets = offsets;
    log.items = rows;
    log.values = values;
    log.times = times;
  }

  // Vectors around a direction of their genre; content of the genre alone.
  void make_model(Random& random) {
    constexpr std::size_t kDim = 8;
    model.manifest.name = "fusion";
    model.manifest.version = "v1";
    std::vector<float> vectors;
    std::vector<std::uint32_t> popularity;
    std::vector<std::uint32_t> indptr{0};
    std::vector<std::uint32_t> indices;
    std::vector<float> content;
    for (std::size_t i = 0; i < kItems; ++i) {
      model.items.push_back(dataset->catalog[static_cast<Row>(i)].id);
      const bool unseen = i >= kItems - kUnseen;
      for (std::size_t d = 0; d < kDim; ++d)
        vectors.push_back(
            unseen ? 0.0F
                   : static_cast<float>((d == genre_of(i) ? 1.0 : 0.0) + 0.3 * random.normal()));
      popularity.push_back(static_cast<std::uint32_t>(facts->liked_by(static_cast<Row>(i)).size()));
      indices.push_back(static_cast<std::uint32_t>(genre_of(i)));
      content.push_back(1);
      indptr.push_back(static_cast<std::uint32_t>(indices.size()));
    }
    const auto floats = [](const std::vector<float>& v, std::vector<std::uint64_t> shape) {
      return model::Tensor::of(std::span<const float>(v), std::move(shape));
    };
    const auto numbers = [](const std::vector<std::uint32_t>& v) {
      return model::Tensor::of(std::span<const std::uint32_t>(v), {v.size()});
    };
    model.tensors["vectors"] = floats(vectors, {kItems, kDim});
    model.tensors["popularity"] = numbers(popularity);
    model.tensors["content.indptr"] = numbers(indptr);
    model.tensors["content.indices"] = numbers(indices);
    model.tensors["content.values"] = floats(content, {content.size()});
    const auto similarity = model::Similarity::open(model);
    (void)model::add_neighbor_table(model, **similarity, {.neighbors = 20, .threads = 1});
  }
};

}  // namespace sparrow::rank
