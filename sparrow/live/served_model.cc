#include "sparrow/live/served_model.h"

#include "sparrow/live/look.h"

namespace sparrow::live {

Result<std::shared_ptr<const ServedModel>> open_served(
    std::shared_ptr<const data::Dataset> dataset, model::Model model,
    std::shared_ptr<const recall::ItemFacts> facts, const rank::Recommender* before) {
  auto served = std::make_shared<ServedModel>();
  served->dataset = std::move(dataset);
  served->model = std::move(model);
  served->facts = facts != nullptr ? std::move(facts)
                                   : std::make_shared<const recall::ItemFacts>(*served->dataset);
  auto recommender =
      rank::Recommender::open(served->dataset->catalog, served->model, served->facts.get(), before);
  if (!recommender) return recommender.error();
  served->recommender = std::move(*recommender);
  served->hues = hues_of(served->dataset->catalog, served->model);
  return std::shared_ptr<const ServedModel>(std::move(served));
}

}  // namespace sparrow::live
