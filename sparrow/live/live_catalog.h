// LiveCatalog: the prepared catalogue with what was added, changed, hidden and removed at run time.
// Changes are kept in HOME/items.jsonl; a thread builds the next view and the next state of every
// served model, and swaps them into the State as a whole.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sparrow/core/home.h"
#include "sparrow/embed/content.h"
#include "sparrow/embed/text_table.h"
#include "sparrow/live/item_changes.h"
#include "sparrow/live/say.h"
#include "sparrow/live/state.h"

namespace sparrow::live {

struct LiveCatalogOptions {
  Home home;
  std::size_t max_changed = 10'000;  // items
  Say say;                           // of troubles
};

class LiveCatalog {
 public:
  // Rows of `prepared` stay as they are; further items follow in the order they came. Reads
  // HOME/items.jsonl and writes it anew without what is out of date. Error kUnavailable when the
  // file is there and cannot be read.
  static Result<std::unique_ptr<LiveCatalog>> open(const LiveCatalogOptions& options,
                                                   std::shared_ptr<const data::Dataset> prepared);
  ~LiveCatalog();

  std::shared_ptr<const CatalogView> view() const;
  // What open() could not read or write, in words.
  const std::vector<std::string>& notices() const { return notices_; }
  // From now on, until detach(), changes reach this state. `swapped` is called after each.
  void attach(State& state, std::function<void()> swapped);
  void detach();
  // From now on change() only keeps: what it keeps is in answers after the next start.
  void stop_waiting();

  // Durable on return; waits at most `patience` for the change to be in answers.
  Result<ItemsChanged> change(const std::vector<ItemChange>& changes,
                              std::chrono::milliseconds patience);
  // Serves a model that was trained on the prepared catalogue, with all changes in it. Returns what
  // could not be done, in words; empty: nothing.
  Result<std::string> serve(model::Model model);

 private:
  using Records = std::vector<ItemRecord>;

  LiveCatalog(LiveCatalogOptions options, std::shared_ptr<const data::Dataset> prepared);
  Result<void> read();
  void write_anew(const Records& records);
  Result<void> append(const std::vector<ItemRecord>& records);
  // The record as it stands, waiting changes included; nullopt when there is none.
  std::optional<ItemRecord> present(const std::string& id) const;
  bool stopping() const;
  void run();
  Result<void> build(const Records& changed);
  std::shared_ptr<const CatalogView> next_view(const Records& changed) const;
  Result<const embed::ContentPlacer*> placer_of(const model::Model& model) const;
  Result<model::Model> extended(const model::Model& model, const Records& changed,
                                const data::Schema& schema) const;

  LiveCatalogOptions options_;
  std::shared_ptr<const data::Dataset> prepared_;
  State* state_ = nullptr;
  std::function<void()> swapped_;

  std::mutex build_mutex_;  // one change of view and models at a time
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable live_;
  std::shared_ptr<const CatalogView> view_;
  data::Schema schema_;                        // of records_: the prepared one, and what came
  std::map<std::string, ItemRecord> records_;  // of all changed items, by id
  Records waiting_;                            // not in view_ yet
  std::uint64_t accepted_ = 0;                 // revisions
  std::uint64_t built_ = 0;
  std::string problem_;
  bool stopping_ = false;
  std::vector<std::string> notices_;
  // Of the models that were served last, by name; made when a model comes, so that a change waits
  // for none. The table of texts is read when a model first names one.
  struct Placer {
    std::string version;
    embed::ContentPlacer placer;
  };
  mutable std::map<std::string, Placer> placers_;
  mutable std::unique_ptr<embed::TextTable> text_;
  std::thread thread_;
};

}  // namespace sparrow::live
