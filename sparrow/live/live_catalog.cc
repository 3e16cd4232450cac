// change() keeps and queues; run() builds. build() and serve() are the two ways to a new state.
#include "sparrow/live/live_catalog.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/sealed_lines.h"
#include "sparrow/embed/content.h"
#include "sparrow/model/extension.h"

namespace sparrow::live {
namespace {

std::string object_of(const ItemRecord& record, const data::Schema& schema) {
  const nlohmann::json line = {{"state", item_state_name(record.state)},
                               {"item", item_to_json(record, schema)}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<ItemRecord> record_of_line(std::string_view line, data::Schema& schema) {
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("item")) return std::nullopt;
  ItemRecord record;
  if (read_item(parsed["item"], "", Bounds::kStored, schema, record)) return std::nullopt;
  if (parsed.value("state", "") == "removed") record.state = ItemState::kRemoved;
  return record;
}

// Whether what content vectors are made of is the same.
bool same_content(const data::Item& a, const data::Item& b) {
  const auto without_links = [](const data::Item& item) {
    auto values = item.values;
    std::erase_if(values, [](const data::ItemValue& v) {
      return v.attribute == data::kImdbId || v.attribute == data::kTmdbId;
    });
    return values;
  };
  return a.title == b.title && a.year == b.year && a.tags == b.tags &&
         without_links(a) == without_links(b);
}

// A model of other data than are prepared here: which of its items nobody can be shown. Empty:
// none.
std::string missing_items(const model::Model& model, const data::Catalog& catalog) {
  std::size_t count = 0;
  const std::string* first = nullptr;
  for (Row m = 0; m < model.items.size(); ++m) {
    if (catalog.find(model.items[m], m)) continue;
    if (count++ == 0) first = &model.items[m];
  }
  if (count == 0) return {};
  return fmt::format(
      "{} {}: {} of its items are not in the data prepared here, for example \"{}\": they are in "
      "no "
      "list (`sparrow prepare` reads data)",
      model.manifest.name, model.manifest.version, count, first->substr(0, 64));
}

}  // namespace

LiveCatalog::LiveCatalog(LiveCatalogOptions options, std::shared_ptr<const data::Dataset> prepared)
    : options_(std::move(options)),
      prepared_(std::move(prepared)),
      schema_(prepared_->catalog.schema()) {}

LiveCatalog::~LiveCatalog() { detach(); }

Result<std::unique_ptr<LiveCatalog>> LiveCatalog::open(
    const LiveCatalogOptions& options, std::shared_ptr<const data::Dataset> prepared) {
  std::unique_ptr<LiveCatalog> live(new LiveCatalog(options, std::move(prepared)));
  if (auto read = live->read(); !read) return read.error();
  return live;
}

// Later lines win. An item that was added here and removed is forgotten, unless a rule names it. A
// line that is no item is skipped and told, an end that a crash tore off is cut off.
Result<void> LiveCatalog::read() {
  view_ = std::make_shared<const CatalogView>(prepared_);
  const auto file = options_.home.changed_items();
  auto lines = mend_sealed_lines(file);
  if (!lines) return lines.error();
  std::vector<std::string> order;
  for (const std::string& line : lines->objects) {
    auto record = record_of_line(line, schema_);
    if (!record) {
      if (++lines->skipped == 1) lines->first_skipped = fmt::format("{:.60}", line);
      continue;
    }
    if (!records_.contains(record->item.id)) order.push_back(record->item.id);
    records_[record->item.id] = std::move(*record);
  }
  if (lines->skipped > 0)
    notices_.push_back(
        fmt::format("{}: {} changes of items could not be read and are skipped, "
                    "first {}",
                    file.string(), lines->skipped, lines->first_skipped));
  Records kept;
  const auto rules = read_file(options_.home.rules());
  for (const auto& id : order) {
    const ItemRecord& record = records_.at(id);
    const bool ruled = rules && rules->find(nlohmann::json(id).dump()) != std::string::npos;
    if (record.state == ItemState::kRemoved && !ruled && !prepared_->catalog.find(id)) {
      records_.erase(id);
      continue;
    }
    kept.push_back(record);
  }
  if (kept.size() < lines->objects.size() && lines->skipped == 0) write_anew(kept);
  if (!kept.empty()) view_ = next_view(kept);
  return {};
}

// What is out of date takes room and costs time at each start, no more: a disk that is full is told
// and changes nothing.
void LiveCatalog::write_anew(const Records& records) {
  std::string lines;
  for (const ItemRecord& record : records) lines += sealed(object_of(record, schema_)) + "\n";
  if (auto written = write_file_atomically(options_.home.changed_items(), lines); !written)
    notices_.push_back(written.error().message);
}

std::shared_ptr<const CatalogView> LiveCatalog::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void LiveCatalog::attach(State& state, std::function<void()> swapped) {
  state_ = &state;
  swapped_ = std::move(swapped);
  thread_ = std::thread([this] { run(); });
}

void LiveCatalog::stop_waiting() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  live_.notify_all();
}

bool LiveCatalog::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void LiveCatalog::detach() {
  stop_waiting();
  if (thread_.joinable()) thread_.join();
}

std::optional<ItemRecord> LiveCatalog::present(const std::string& id) const {
  const auto found = records_.find(id);
  if (found != records_.end()) return found->second;
  const auto row = prepared_->catalog.find(id);
  if (!row) return std::nullopt;
  return ItemRecord{prepared_->catalog[*row], ItemState::kShown};
}

Result<void> LiveCatalog::append(const Records& records) {
  std::vector<std::string> objects;
  objects.reserve(records.size());
  for (const ItemRecord& record : records) objects.push_back(object_of(record, schema_));
  return append_sealed_lines(options_.home.changed_items(), objects);
}

Result<ItemsChanged> LiveCatalog::change(const std::vector<ItemChange>& changes,
                                         std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  ItemsChanged done;
  std::map<std::string, ItemRecord> after;
  Records records;
  std::size_t fresh = 0;
  for (const ItemChange& change : changes) {
    const auto within = after.find(change.id);
    const auto before = within != after.end() ? std::optional(within->second) : present(change.id);
    auto record = apply_change(before ? &*before : nullptr, change, schema_);
    if (!record) return record.error();
    done.created.push_back(!before || before->state == ItemState::kRemoved ? 1 : 0);
    done.states.push_back(record->state);
    if (within == after.end() && !records_.contains(change.id)) ++fresh;
    after[change.id] = *record;
    records.push_back(std::move(*record));
  }
  if (records_.size() + fresh > options_.max_changed)
    return Error{ErrorCode::kExhausted,
                 fmt::format("{} items are changed already, at most {} can be (--max-changed-items)"
                             ": put them into the catalogue and train again",
                             records_.size(), options_.max_changed)};
  if (auto kept = append(records); !kept) return kept.error();
  for (ItemRecord& record : records) {
    records_[record.item.id] = record;
    waiting_.push_back(std::move(record));
  }
  done.revision = ++accepted_;
  wake_.notify_all();
  live_.wait_for(lock, patience, [&] { return built_ >= done.revision || stopping_; });
  done.live = built_ >= done.revision;
  if (!done.live && !problem_.empty())
    return Error{ErrorCode::kUnavailable, "kept, but not in answers: " + problem_};
  return done;
}

void LiveCatalog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Records batch = std::move(waiting_);
    waiting_.clear();
    const std::uint64_t revision = accepted_;
    lock.unlock();
    auto built = build(batch);
    if (built && swapped_) swapped_();
    if (!built && !stopping()) options_.say("degraded: " + built.error().message);
    lock.lock();
    if (built) {
      problem_.clear();
      built_ = revision;
      live_.notify_all();
      continue;
    }
    // Tried again, with what comes meanwhile.
    problem_ = built.error().message;
    waiting_.insert(waiting_.begin(), batch.begin(), batch.end());
    live_.notify_all();
    wake_.wait_for(lock, std::chrono::seconds(5), [this] { return stopping_; });
  }
}

std::shared_ptr<const CatalogView> LiveCatalog::next_view(const Records& changed) const {
  const CatalogView& before = *view_;
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items = before.dataset->catalog.items();
  CatalogMarks marks = before.marks;
  std::map<std::string, Row> fresh;
  for (const ItemRecord& record : changed) {
    auto row = before.dataset->catalog.find(record.item.id);
    if (!row) {
      const auto [at, is_new] = fresh.emplace(record.item.id, static_cast<Row>(items.size()));
      if (is_new) items.emplace_back();
      row = at->second;
    }
    marks.hidden.resize(items.size(), 0);
    marks.removed.resize(items.size(), 0);
    items[*row] = record.item;
    marks.hidden[*row] = record.state == ItemState::kShown ? 0 : 1;
    marks.removed[*row] = record.state == ItemState::kRemoved ? 1 : 0;
  }
  const auto none = [](const auto& v) {
    return std::none_of(v.begin(), v.end(), [](auto x) { return x != 0; });
  };
  if (none(marks.hidden)) marks.hidden.clear();
  if (none(marks.removed)) marks.removed.clear();
  dataset->users = before.dataset->users;
  dataset->interactions = before.dataset->interactions;
  dataset->info = before.dataset->info;
  dataset->info.items = items.size() - static_cast<std::size_t>(std::count(marks.removed.begin(),
                                                                           marks.removed.end(), 1));
  data::TagGenome genome = before.dataset->catalog.genome;
  const auto schema = [this] {
    const std::lock_guard lock(mutex_);
    return schema_;
  };
  dataset->catalog = data::Catalog(std::move(items), schema());
  dataset->catalog.genome = std::move(genome);
  return std::make_shared<const CatalogView>(std::move(dataset), nullptr, std::move(marks));
}

Result<const embed::ContentPlacer*> LiveCatalog::placer_of(const model::Model& model) const {
  const auto& [name, version] = std::tie(model.manifest.name, model.manifest.version);
  const auto known = placers_.find(name);
  if (known != placers_.end() && known->second.version == version) return &known->second.placer;
  auto placer = embed::ContentPlacer::open(model, text_.get());
  if (placer && placer->lacks_table() && text_ == nullptr) {
    if (auto table = embed::TextTable::open(options_.home.text())) {
      text_ = std::make_unique<embed::TextTable>(std::move(*table));
      placer = embed::ContentPlacer::open(model, text_.get());
    }
  }
  if (!placer) return placer.error();
  return &placers_.insert_or_assign(name, Placer{version, std::move(*placer)}).first->second.placer;
}

// Items whose content is as the model has it are left alone: only they that are new to it, or
// changed in what their content is made of, are placed.
Result<model::Model> LiveCatalog::extended(const model::Model& model, const Records& changed,
                                           const data::Schema& schema) const {
  const auto placer = placer_of(model);
  if (!placer) return placer.error();
  std::map<std::string, const data::Item*> last;
  for (const ItemRecord& record : changed) last[record.item.id] = &record.item;
  std::vector<model::ItemContent> contents;
  for (const auto& [id, item] : last) {
    const auto row = view_->dataset->catalog.find(id);
    const bool known = std::find(model.items.begin(), model.items.end(), id) != model.items.end();
    if (known && row && same_content(view_->dataset->catalog[*row], *item)) continue;
    contents.push_back((*placer)->place(*item, schema));
  }
  return model::extend(model, contents);
}

Result<void> LiveCatalog::build(const Records& changed) {
  const std::lock_guard one(build_mutex_);
  // The changes are kept already: a server that stops does not work them in first.
  const Error stopped{ErrorCode::kUnavailable, "the server is stopping"};
  if (stopping()) return stopped;
  const auto view = next_view(changed);
  (void)view->search();
  (void)view->looks();
  (void)view->top_ratings();
  std::vector<std::shared_ptr<const ServedModel>> models;
  const auto now = state_->snapshot();
  for (const auto& [name, served] : now->models) {
    if (stopping()) return stopped;
    auto model = extended(served->model, changed, view->dataset->catalog.schema());
    // A model that cannot take new items serves those it knows; others say what is degraded.
    if (!model) model = served->model;
    auto next =
        open_served(view->dataset, std::move(*model), view->facts, served->recommender.get());
    if (!next) return next.error();
    models.push_back(std::move(*next));
  }
  if (auto set = state_->set_catalog(view, std::move(models)); !set) return set;
  const std::lock_guard lock(mutex_);
  view_ = view;
  return {};
}

Result<std::string> LiveCatalog::serve(model::Model model) {
  const std::lock_guard one(build_mutex_);
  Records all;
  std::shared_ptr<const CatalogView> view;
  {
    const std::lock_guard lock(mutex_);
    view = view_;
    for (const data::Item& item : view->dataset->catalog.items()) {
      const auto row = prepared_->catalog.find(item.id);
      if (!row || !same_content(prepared_->catalog[*row], item)) all.push_back({item, {}});
    }
  }
  std::string trouble;
  const auto placer = placer_of(model);
  if (!all.empty()) {
    if (placer) {
      std::vector<model::ItemContent> contents;
      contents.reserve(all.size());
      for (const ItemRecord& record : all)
        contents.push_back((*placer)->place(record.item, view->dataset->catalog.schema()));
      auto larger = model::extend(model, contents);
      if (!larger) return larger.error();
      model = std::move(*larger);
    } else {
      trouble =
          fmt::format("{} changed items are not in it: {}", all.size(), placer.error().message);
    }
  }
  if (const std::string missing = missing_items(model, view->dataset->catalog); !missing.empty())
    options_.say(missing);
  auto served = open_served(view->dataset, std::move(model), view->facts);
  if (!served) return served.error();
  state_->set_model(std::move(*served));
  return trouble;
}

}  // namespace sparrow::live
