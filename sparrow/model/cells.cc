#include "sparrow/model/cells.h"

#include <algorithm>
#include <numeric>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/core/top_k.h"

namespace sparrow::model {
namespace {

constexpr std::size_t kRowsACell = 64;  // that k-means looks at
constexpr int kRounds = 6;
constexpr std::size_t kSeeds = 64;     // rows that meet all centers together
constexpr std::size_t kCenters = 192;  // stay in the cache while the seeds meet them

// The nearest center of each row.
std::vector<std::uint32_t> nearest_centers(std::span<const Row> rows, const PlaceRow& place,
                                           const Embeddings& centers, std::size_t threads) {
  std::vector<std::uint32_t> nearest(rows.size());
  parallel_for(rows.size(), kSeeds, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    Embeddings seeds(end - begin, centers.dim());
    for (std::size_t i = begin; i < end; ++i) place(rows[i], seeds.row(i - begin));
    std::vector<float> products(kSeeds * kCenters);
    std::vector<float> best(end - begin, -__builtin_inff());
    for (std::size_t first = 0; first < centers.rows(); first += kCenters) {
      const std::size_t count = std::min(kCenters, centers.rows() - first);
      simd::dot_block(seeds.data(), end - begin, centers.row(first).data(), count, centers.dim(),
                      products.data(), kCenters);
      for (std::size_t i = 0; i < end - begin; ++i) {
        for (std::size_t c = 0; c < count; ++c) {
          if (products[i * kCenters + c] <= best[i]) continue;
          best[i] = products[i * kCenters + c];
          nearest[begin + i] = static_cast<std::uint32_t>(first + c);
        }
      }
    }
  });
  return nearest;
}

// The directions of the means of the rows of each cell; an empty cell keeps its center.
void move_centers(std::span<const Row> rows, const PlaceRow& place,
                  std::span<const std::uint32_t> cell, Embeddings& centers) {
  Embeddings sums(centers.rows(), centers.dim());
  Embeddings one(1, centers.dim());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    place(rows[i], one.row(0));
    normalize_rows(one);
    simd::axpy(1, one.data(), sums.row(cell[i]).data(), sums.dim());
  }
  normalize_rows(sums);
  for (std::size_t c = 0; c < centers.rows(); ++c) {
    const auto sum = sums.row(c);
    if (std::any_of(sum.begin(), sum.end(), [](float v) { return v != 0; }))
      std::copy(sum.begin(), sum.end(), centers.row(c).begin());
  }
}

// Cells of `most` rows or fewer.
Cells grouped(std::span<const Row> rows, std::span<const std::uint32_t> cell,
              const Embeddings& centers, std::size_t most) {
  std::vector<std::vector<Row>> members(centers.rows());
  for (std::size_t i = 0; i < rows.size(); ++i) members[cell[i]].push_back(rows[i]);
  Cells cells;
  std::vector<std::size_t> center;  // of each cell
  for (std::size_t c = 0; c < members.size(); ++c) {
    const std::size_t size = members[c].size();
    const std::size_t parts = (size + most - 1) / most;
    for (std::size_t p = 0; p < parts; ++p) {
      const auto from = members[c].begin() + static_cast<std::ptrdiff_t>(size * p / parts);
      const auto to = members[c].begin() + static_cast<std::ptrdiff_t>(size * (p + 1) / parts);
      cells.rows.insert(cells.rows.end(), from, to);
      cells.offsets.push_back(cells.rows.size());
      center.push_back(c);
    }
  }
  cells.centers = Embeddings(center.size(), centers.dim());
  for (std::size_t c = 0; c < center.size(); ++c)
    std::copy_n(centers.row(center[c]).begin(), centers.dim(), cells.centers.row(c).begin());
  return cells;
}

}  // namespace

std::vector<Row> Cells::around(std::size_t cell, std::size_t wanted) const {
  std::vector<Neighbor> nearest(count());
  for (std::size_t c = 0; c < count(); ++c)
    nearest[c] = {static_cast<Row>(c), c == cell ? 2.0F
                                                 : simd::dot(centers.row(cell).data(),
                                                             centers.row(c).data(), centers.dim())};
  std::sort(nearest.begin(), nearest.end(), better);
  std::vector<Row> found;
  for (const Neighbor& next : nearest) {
    if (found.size() >= wanted) break;
    const auto members = of(next.row);
    found.insert(found.end(), members.begin(), members.end());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Cells make_cells(std::span<const Row> rows, std::size_t dim, const PlaceRow& place,
                 std::size_t count, std::uint64_t seed, std::size_t threads) {
  if (rows.empty()) return {};
  count = std::clamp<std::size_t>(count, 1, rows.size());
  std::vector<Row> sample(rows.begin(), rows.end());
  Random random(seed);
  shuffle(sample, random);
  sample.resize(std::min(sample.size(), count * kRowsACell));
  Embeddings centers(count, dim);
  for (std::size_t c = 0; c < count; ++c) place(sample[c], centers.row(c));
  normalize_rows(centers);
  for (int round = 0; round < kRounds; ++round)
    move_centers(sample, place, nearest_centers(sample, place, centers, threads), centers);
  constexpr std::size_t kMostOfMean = 4;
  return grouped(rows, nearest_centers(rows, place, centers, threads), centers,
                 std::max<std::size_t>(1, kMostOfMean * rows.size() / count));
}

}  // namespace sparrow::model
