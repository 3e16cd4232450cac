#include "sparrow/app/serving_world.h"

#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sparrow/app/model_control.h"
#include "sparrow/core/file.h"

namespace sparrow::app {

const std::string& PreparedData::hash() {
  std::error_code code;
  const auto written = std::filesystem::last_write_time(file_, code);
  if (code || written == written_) return hash_;
  const auto text = read_file(file_);
  const auto json = nlohmann::json::parse(text ? *text : std::string(), nullptr, false);
  const auto info = json.is_object() ? json.value("info", nlohmann::json()) : nlohmann::json();
  hash_ = info.is_object() ? info.value("hash", "") : "";
  written_ = written;
  return hash_;
}

live::FollowerOptions ServingWorld::follower_options(const Surroundings& around,
                                                     std::future<live::FirstLook> first) {
  return {around.context.paths(),
          around.context.store(),
          around.say,
          [this](const model::Manifest& manifest) {
            return manifest.data_hash != dataset_->info.hash &&
                   manifest.data_hash == prepared_.hash();
          },
          std::move(first),
          [this] { posters_.look(); }};
}

ServingWorld::ServingWorld(const Surroundings& around, std::shared_ptr<const data::Dataset> dataset,
                           std::unique_ptr<live::LiveCatalog> catalog,
                           std::future<live::FirstLook> first, ServingWorld* before)
    : dataset_(std::move(dataset)),
      catalog_(std::move(catalog)),
      prepared_(around.context.paths().prepared() / "dataset.json"),
      api_(around.arguments.api, catalog_->view(),
           model_control(around.context,
                         [this](const std::vector<live::ItemChange>& changes) {
                           return change_items(changes);
                         }),
           before == nullptr ? nullptr : &before->api_),
      posters_(around.context.paths().posters(), api_.state(), around.say),
      follower_(follower_options(around, std::move(first)), *catalog_, api_.state()) {
  live::State& state = api_.state();
  state.load_rules(around.arguments.api.home);
  for (const std::string& notice : catalog_->notices()) state.add_notice(notice);
  for (const std::string& notice : state.notices()) around.say("degraded: " + notice);
  if (!around.arguments.pool.uri.empty())
    refresher_ = std::make_unique<live::PoolRefresher>(
        std::move(*live::open_pool_source(around.arguments.pool)),
        std::chrono::seconds(around.arguments.pool_refresh_s), state, around.say);
  catalog_->attach(state, [this] {
    if (refresher_ != nullptr) refresher_->refresh_soon();
  });
  posters_.look();
  follower_.follow();
  follower_.use_disk(around.arguments.api.default_model);
}

// Before the API goes, nothing may be swapped into it any more.
ServingWorld::~ServingWorld() { catalog_->detach(); }

Result<std::unique_ptr<ServingWorld>> ServingWorld::open(const Surroundings& around,
                                                         ServingWorld* before) {
  auto first = live::begin_first_look(around.context.paths(), around.context.store());
  auto dataset = load_prepared(around.context);
  if (!dataset) return dataset.error();
  if (before != nullptr) before->close_items(true);
  auto catalog = live::LiveCatalog::open(
      {around.context.paths(), around.arguments.max_changed_items, around.say}, *dataset);
  if (!catalog) {
    if (before != nullptr) before->close_items(false);
    return catalog.error();
  }
  return std::make_unique<ServingWorld>(around, std::move(*dataset), std::move(*catalog),
                                        std::move(first), before);
}

// What came to this one while the next reads HOME/items.jsonl would be in neither.
Result<live::ItemsChanged> ServingWorld::change_items(
    const std::vector<live::ItemChange>& changes) {
  constexpr std::chrono::seconds kPatience{5};
  const std::shared_lock lock(items_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || items_closed_)
    return Error{ErrorCode::kUnavailable,
                 "newly prepared data are being taken up: send it again in a second"};
  return catalog_->change(changes, kPatience);
}

void ServingWorld::close_items(bool closed) {
  const std::unique_lock lock(items_mutex_);  // waits for changes that are under way
  items_closed_ = closed;
}

Result<void> ServingWorlds::begin() {
  auto first = ServingWorld::open(around_, nullptr);
  if (!first) return first.error();
  now_ = std::move(*first);
  return {};
}

void ServingWorlds::feed() {
  api::Api& api = now_->api();
  if (around_.log != nullptr)
    around_.feed.start(api.state(), &api.marks(), *around_.log, around_.say);
}

void ServingWorlds::run(const std::atomic<bool>& stop) {
  const std::chrono::milliseconds poll(around_.arguments.poll_ms);
  make_ready(stop);
  while (!stop.load()) {
    now_->follower().run(poll, stop);
    if (!stop.load()) renew(stop);
  }
}

void ServingWorlds::make_ready(const std::atomic<bool>& stop) {
  const auto view = now_->catalog().view();
  (void)view->looks();
  if (stop.load()) return;
  (void)view->search();
  if (stop.load()) return;
  (void)view->top_ratings();
  view->dataset->interactions.items.forget();  // nothing reads all of the log any more
}

void ServingWorlds::renew(const std::atomic<bool>& stop) {
  const auto start = std::chrono::steady_clock::now();
  auto opened = ServingWorld::open(around_, now_.get());
  if (!opened) {
    now_->follower().put_off("newly prepared data cannot be read: " + opened.error().message);
    return;
  }
  std::shared_ptr<ServingWorld> next = std::move(*opened);
  around_.feed.stop();
  next->api().state().load_rules(around_.arguments.api.home);  // may have been replaced meanwhile
  next->api().take_over(now_->api());
  std::shared_ptr<ServingWorld> before = next;
  {
    const std::unique_lock lock(mutex_);
    before.swap(now_);
  }
  feed();
  const std::size_t items = now_->catalog().view()->dataset->catalog.size();
  around_.say(fmt::format("newly prepared data: {} items (before {}), after {}", items,
                          before->catalog().view()->dataset->catalog.size(), since(start)));
  make_ready(stop);
  // Whoever still answers from it is waited for; its threads end here and not in a request's.
  while (before.use_count() > 1 && !stop.load())
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace sparrow::app
