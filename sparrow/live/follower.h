// Follower: keeps a server's models at what is promoted in the store. run() is the server's main
// loop.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "sparrow/core/home.h"
#include "sparrow/live/live_catalog.h"
#include "sparrow/live/say.h"
#include "sparrow/live/state.h"
#include "sparrow/store/model_store.h"

namespace sparrow::live {

// A published version, as a server keeps it.
struct Published {
  model::Model model;
  std::string hash;
  bool mapped = false;  // from this machine's disk
};

// What the first look at a store finds.
struct FirstLook {
  std::unique_ptr<store::EmbeddingStore> store;  // null: see `problem`
  std::optional<Error> problem;                  // why the store cannot be opened
  std::map<std::string, Published> promoted;     // by name
};

// Begins to read what is promoted, beside whatever else a start has to do. A version that cannot
// be read is left out: the Follower comes upon it itself.
std::future<FirstLook> begin_first_look(Home home, std::string store_uri);

struct FollowerOptions {
  Home home;
  std::string store_uri;
  Say say;  // of versions taken up, troubles and recoveries
  // Whether a model is of data that were prepared after those that the catalogue has. Such a model
  // is left to a follower of those data. May be empty.
  std::function<bool(const model::Manifest&)> of_newer_data;
  std::future<FirstLook> first;  // of the same home and store; may be invalid
  // Called before each look at the store. May be empty.
  std::function<void()> before_each;
};

// A version that cannot be loaded leaves the old one. What was served last is kept under
// HOME/served, so that a server that starts without its store has it.
class Follower {
 public:
  Follower(FollowerOptions options, LiveCatalog& catalog, State& state)
      : options_(std::move(options)), catalog_(catalog), state_(state) {}

  // Loads every promoted version that the server does not have yet; tells readyz what is wrong.
  void follow();
  // What the store did not give: the versions served last, else the newest of `name` that was
  // trained here.
  void use_disk(const std::string& name);
  // follow() now, from any thread.
  void wake();
  // follow() at each wake() and each `poll`, until `stop` is set or a model is left to the next.
  void run(std::chrono::milliseconds poll, const std::atomic<bool>& stop);
  // There is no next follower, for the reason that is given: the model is tried again later.
  void put_off(const std::string& why);

 private:
  struct Refusal {
    std::string version;
    std::string why;
    std::chrono::steady_clock::time_point at;
  };

  Result<void> follow_all(std::string& problem);
  Result<void> follow_one(const std::string& name, std::string& problem);
  Result<void> serve(const std::string& name, model::Model model, const char* from);
  Result<void> write(const model::Model& model);
  void keep(const std::string& name, const std::string& version);

  FollowerOptions options_;
  LiveCatalog& catalog_;
  State& state_;
  std::unique_ptr<store::EmbeddingStore> store_;
  std::map<std::string, Published> ahead_;  // of the first look; not served yet
  std::map<std::string, std::string> served_;
  std::set<std::string> from_store_;  // names whose version came from the store
  std::map<std::string, Refusal> refused_;
  std::string problem_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  struct Left {
    std::string name;
    std::string version;
  };
  std::optional<Left> left_;  // a model to the next follower
};

}  // namespace sparrow::live
