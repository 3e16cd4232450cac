#include "sparrow/live/state.h"

#include <fmt/format.h>

#include "sparrow/core/file.h"

namespace sparrow::live {
namespace {

// What the pool and the catalogue hide together.
void join_hidden(Snapshot& s) {
  auto hidden = s.pool->hidden;
  const auto& marks = s.view->marks.hidden;
  if (hidden.empty()) hidden = marks;
  hidden.resize(hidden.empty() ? 0 : s.view->dataset->catalog.size(), 1);
  for (std::size_t row = 0; row < marks.size(); ++row) hidden[row] |= marks[row];
  s.hidden = std::make_shared<const std::vector<std::uint8_t>>(std::move(hidden));
}

}  // namespace

State::State(std::shared_ptr<const CatalogView> view, OnTrouble on_trouble)
    : on_trouble_(std::move(on_trouble)) {
  auto first = std::make_shared<Snapshot>();
  first->rules =
      *rank::Rules::parse({{"version", 0}, {"rules", nlohmann::json::array()}}, *view->facts);
  first->pool = std::make_shared<const CandidatePool>();
  first->view = std::move(view);
  join_hidden(*first);
  snapshot_ = std::move(first);
}

void State::set_model(std::shared_ptr<const ServedModel> model) {
  change([&](Snapshot& s) { s.models[model->model.manifest.name] = model; });
}

void State::set_degraded(std::string reason) {
  if (snapshot()->degraded == reason) return;
  if (!reason.empty() && on_trouble_) on_trouble_(reason);
  change([&](Snapshot& s) { s.degraded = std::move(reason); }, Lists::kSame);
}

void State::set_pool(CandidatePool pool) {
  if (!pool.error.empty() && on_trouble_) on_trouble_(pool.error);
  auto next = std::make_shared<const CandidatePool>(std::move(pool));
  const bool same = next->hidden == snapshot()->pool->hidden;  // only one thread sets it
  change(
      [&](Snapshot& s) {
        s.pool = next;
        if (!same) join_hidden(s);
      },
      same ? Lists::kSame : Lists::kChanged);
}

void State::set_posters(std::shared_ptr<const picture::Posters> posters) {
  change([&](Snapshot& s) { s.posters = std::move(posters); });  // kept answers name them
}

void State::set_live(std::shared_ptr<const recall::LiveSignals> live) {
  change([&](Snapshot& s) { s.live = std::move(live); }, Lists::kSame);
}

Result<void> State::set_catalog(std::shared_ptr<const CatalogView> view,
                                std::vector<std::shared_ptr<const ServedModel>> models) {
  const std::lock_guard one_change(rules_mutex_);
  auto rules =
      rank::Rules::parse(snapshot()->rules->source(), *view->facts, rank::Rules::Faulty::kRests);
  if (!rules) return rules.error();
  change([&](Snapshot& s) {
    s.view = std::move(view);
    s.rules = *rules;
    for (const auto& model : models) s.models[model->model.manifest.name] = model;
    join_hidden(s);
  });
  return {};
}

Result<void> State::set_rules(const nlohmann::json& rules) {
  const std::lock_guard one_change(rules_mutex_);
  auto parsed = rank::Rules::parse(rules, *snapshot()->view->facts);
  if (!parsed) return parsed.error();
  change([&](Snapshot& s) { s.rules = *parsed; });
  return {};
}

Result<void> State::replace_rules(const std::filesystem::path& home, const nlohmann::json& rules) {
  auto parsed = rank::Rules::parse(rules, *snapshot()->view->facts);
  if (!parsed) return parsed.error();
  if (!home.empty()) {
    const std::string text = (*parsed)->source().dump() + "\n";
    if (auto written = write_file_atomically(home / "rules.json", text); !written) return written;
  }
  return set_rules(rules);
}

void State::load_rules(const std::filesystem::path& home) {
  const auto file = home / "rules.json";
  std::error_code code;
  if (home.empty() || !std::filesystem::exists(file, code)) return;
  const auto text = read_file(file);
  if (!text) return add_notice(fmt::format("no rule is in force: {}", text.error().message));
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  auto parsed = document.is_discarded() ? Error{ErrorCode::kInvalidInput, "is not valid JSON"}
                                        : rank::Rules::parse(document, *snapshot()->view->facts,
                                                             rank::Rules::Faulty::kRests);
  if (!parsed) {
    const auto aside = set_aside(file);
    return add_notice(
        fmt::format("no rule is in force: {}: {}; {}", file.string(), parsed.error().message,
                    aside ? "set aside as " + aside->string() : aside.error().message));
  }
  change([&](Snapshot& s) { s.rules = *parsed; });
}

std::vector<std::string> State::notices() const {
  std::vector<std::string> all = start_notices_;
  const auto now = snapshot();
  const auto& resting = now->rules->resting();
  if (!resting.empty())
    all.push_back(fmt::format("{} rules rest, first {}", resting.size(), resting.front()));
  return all;
}

}  // namespace sparrow::live
