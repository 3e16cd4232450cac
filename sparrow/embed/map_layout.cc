#include "sparrow/embed/map_layout.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sparrow/core/random.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kNeighbors = 12;
constexpr std::size_t kEpochs = 60;
constexpr std::size_t kNegatives = 4;
constexpr float kStep = 1.0F;
constexpr float kLargestMove = 4;

float clipped(float x) { return std::clamp(x, -kLargestMove, kLargestMove); }

// Each item starts at a random place and takes the mean of its neighbors a few times: a rough
// spectral layout.
std::vector<float> start_layout(std::span<const std::uint32_t> table, std::size_t n, std::size_t k,
                                Random& random) {
  std::vector<float> xy(2 * n);
  for (float& v : xy) v = static_cast<float>(random.normal());
  std::vector<float> next(2 * n);
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    double mean[2] = {0, 0};
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < 2; ++c) {
        float sum = 2 * xy[2 * i + c];
        float weight = 2;
        for (std::size_t j = 0; j < std::min(k, kNeighbors); ++j) {
          const std::uint32_t other = table[i * k + j];
          if (other == kNoRow) break;
          sum += xy[std::size_t{2} * other + c];
          weight += 1;
        }
        next[2 * i + c] = sum / weight;
        mean[c] += static_cast<double>(next[2 * i + c]) / static_cast<double>(n);
      }
    }
    double spread = 1e-12;
    for (std::size_t i = 0; i < 2 * n; ++i) {
      next[i] -= static_cast<float>(mean[i % 2]);
      spread += static_cast<double>(next[i] * next[i]) / static_cast<double>(2 * n);
    }
    const auto scale = static_cast<float>(1.0 / std::sqrt(spread));
    std::transform(next.begin(), next.end(), xy.begin(), [&](float v) { return v * scale; });
  }
  for (float& v : xy) v *= 10;
  return xy;
}

void attract(float* a, float* b, float rate) {
  const float dx = a[0] - b[0];
  const float dy = a[1] - b[1];
  const float pull = -2 / (1 + dx * dx + dy * dy);
  const float mx = clipped(pull * dx) * rate;
  const float my = clipped(pull * dy) * rate;
  a[0] += mx;
  a[1] += my;
  b[0] -= mx;
  b[1] -= my;
}

void repel(float* a, const float* b, float rate) {
  const float dx = a[0] - b[0];
  const float dy = a[1] - b[1];
  const float square = dx * dx + dy * dy;
  const float push = 2 / ((0.01F + square) * (1 + square));
  a[0] += clipped(push * dx) * rate;
  a[1] += clipped(push * dy) * rate;
}

}  // namespace

void add_map(model::Model& model, std::uint64_t seed) {
  const auto table = model::NeighborTable::of(model);
  const std::size_t n = model.items.size();
  if (!table || n < 2 || table->per_item == 0) return;
  const std::size_t k = table->per_item;
  const auto rows = table->rows;
  Random random(seed ^ 0x6d6170ULL);
  std::vector<float> xy = start_layout(rows, n, k, random);
  for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
    const float rate = kStep * (1 - static_cast<float>(epoch) / static_cast<float>(kEpochs)) * 0.5F;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < std::min(k, kNeighbors); ++j) {
        const std::uint32_t other = rows[i * k + j];
        if (other == kNoRow) break;
        // Nearer neighbors pull more often.
        if (random.below(static_cast<std::uint32_t>(kNeighbors)) < j / 2) continue;
        attract(&xy[2 * i], &xy[std::size_t{2} * other], rate);
        for (std::size_t m = 0; m < kNegatives; ++m) {
          const Row far = random.below(static_cast<std::uint32_t>(n));
          if (far != i) repel(&xy[2 * i], &xy[std::size_t{2} * far], rate);
        }
      }
    }
  }
  // Small islands drift far out; the square root of the distance from the middle brings them back.
  for (std::size_t i = 0; i < n; ++i) {
    const float radius = std::hypot(xy[2 * i], xy[2 * i + 1]);
    const float pulled = radius > 0 ? std::sqrt(radius) / radius : 0;
    xy[2 * i] *= pulled;
    xy[2 * i + 1] *= pulled;
  }
  set_map(model, xy);
}

}  // namespace sparrow::embed
