// Why an item is in the list of a seed, or is not.
#include <algorithm>

#include <fmt/format.h>

#include "sparrow/rank/listing.h"

namespace sparrow::rank {
namespace {

constexpr std::size_t kExplainDepth = 200;

}  // namespace

std::vector<Provenance> Recommender::provenance_of(const Request& request, Row item) const {
  const Listing listing(*state_, request);
  const Seed seed{listing.main_seed(), 1};
  std::vector<Provenance> all;
  for (std::size_t i = 0; i < channel_names().size(); ++i) {
    const auto found = state_->channel(i).recall(
        {.seeds = {&seed, 1}, .quota = kExplainDepth, .allowed = &listing.allowed()});
    Provenance p{static_cast<std::uint8_t>(i), 0, 0};
    for (std::size_t r = 0; found && r < found->size(); ++r) {
      if ((*found)[r].row == item)
        p = {p.channel, static_cast<std::uint32_t>(r + 1), (*found)[r].score};
    }
    all.push_back(p);
  }
  return all;
}

Explanation Recommender::explain(const Request& request, Row item) const {
  const State& s = *state_;
  SPARROW_CHECK(s.facts != nullptr && !request.seeds.empty());
  Explanation e;
  const Listing listing(s, request);
  const Row seed = listing.main_seed();
  const Row a = s.to_model(seed);
  const Row b = s.to_model(item);
  std::string why;
  const bool allowed = listing.allows(item, &why);
  if (item == seed) e.why_not.emplace_back("it is the seed itself");
  if (!allowed) e.why_not.push_back(why);
  if (a == kNoRow) e.why_not.emplace_back("the model does not know the seed");
  if (b == kNoRow) e.why_not.emplace_back("the model does not know the item");
  if (a == kNoRow || b == kNoRow) {
    e.item.row = item;
    return e;
  }
  e.item = s.scored({item, s.similarity->score(a, b)}, s.similarity->source(a));
  e.item.adjusted = adjust(*s.facts, request.controls, item, e.item.match);
  e.parts = s.similarity->parts(a, b);
  e.channels = provenance_of(request, item);
  if (item == seed) return e;
  std::vector<float> scores(s.similarity->items());
  s.similarity->scores(a, scores);
  const auto key = [&](Row row, float similarity) {
    return adjust(*s.facts, request.controls, row, s.similarity->to_match(similarity)) +
           1e-4F * similarity;
  };
  const float own = key(item, scores[b]);
  std::size_t ahead = 0;
  for (Row m = 0; m < scores.size(); ++m) {
    const Row row = s.alignment.to_catalog[m];
    if (row == kNoRow || row == seed || !listing.allowed()(row)) continue;
    ++e.ranked;
    ahead += m != b && key(row, scores[m]) > own ? 1U : 0U;
  }
  if (allowed) e.rank = ahead + 1;
  if (allowed && e.item.match < request.controls.min_match)
    e.why_not.push_back(fmt::format("its match of {:.0f} is below the minimum of {:.0f}",
                                    e.item.match, request.controls.min_match));
  if (allowed && e.rank > request.size)
    e.why_not.push_back(fmt::format("{} items are closer; the list holds {}", ahead, request.size));
  return e;
}

}  // namespace sparrow::rank
