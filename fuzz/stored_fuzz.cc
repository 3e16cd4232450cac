// What a store gives back may be anything: one value of a published model (the first byte says
// which) is replaced. Also store addresses.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/store/memory_store.h"
#include "sparrow/store/model_store.h"
#include "sparrow/store/redis_uri.h"

namespace {

using namespace sparrow;

// Remembers the keys, so that each can be replaced.
class KnownKeys final : public store::EmbeddingStore {
 public:
  Result<void> write(std::span<const store::KeyValue> pairs) override {
    for (const auto& pair : pairs) keys.push_back(pair.key);
    return values_.write(pairs);
  }
  Result<std::vector<std::optional<std::string>>> read(
      std::span<const std::string> wanted) const override {
    return values_.read(wanted);
  }
  Result<void> remove(std::span<const std::string> gone) override { return values_.remove(gone); }
  Result<void> compare_and_set(const std::string& key, const std::optional<std::string>& expected,
                               const std::string& desired) override {
    keys.push_back(key);
    return values_.compare_and_set(key, expected, desired);
  }
  std::string uri() const override { return "memory:"; }

  std::vector<std::string> keys;

 private:
  store::MemoryStore values_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return -1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto uri = store::parse_redis_uri(bytes); !uri && uri.error().message.empty())
    std::abort();

  static KnownKeys values;
  static store::ModelStore models(values);
  static const bool ready = [] {
    for (const auto* version : {"v1", "v2"}) {
      model::Model model;
      model.manifest.name = "m";
      model.manifest.version = version;
      model.items = {"1", "2", "3"};
      const std::vector<float> vectors = {1, 0, 0, 1, 0.5F, 0.5F};
      model.tensors["vectors"] = model::Tensor::of(std::span<const float>(vectors), {3, 2});
      store::Features features;
      features.of_items = [](std::span<const std::string> ids) {
        return std::vector<store::FeatureHash>(ids.size(), {{"year", "1999"}});
      };
      features.users = {"7"};
      features.user_dim = 2;
      features.of_users = [](std::size_t, std::size_t) {
        return store::UserFeatures{{{{"ratings", "3"}}}, {1, 0}};
      };
      if (!models.publish(model, {store::VectorEncoding::kInt8, &features})) std::abort();
      if (!models.promote("m", version)) std::abort();
    }
    return true;
  }();
  (void)ready;
  const std::string key = values.keys[data[0] % values.keys.size()];
  const auto sound = *values.read({&key, 1});
  const store::KeyValue changed{key, std::string(bytes)};
  (void)values.write({&changed, 1});
  values.keys.pop_back();

  const std::vector<std::string> ids = {"1", "2", "4"};
  const std::vector<std::string> users = {"7"};
  (void)models.names();
  (void)models.list("m");
  if (const auto promoted = models.promoted("m"); promoted && *promoted) {
    (void)models.load("m", **promoted);
    (void)models.vectors("m", **promoted, ids);
    (void)models.user_vectors("m", **promoted, users);
    (void)models.item_features("m", **promoted, ids);
  }
  if (sound[0]) {
    const store::KeyValue before{key, *sound[0]};
    (void)values.write({&before, 1});
    values.keys.pop_back();
  } else {
    (void)values.remove({&key, 1});
  }
  return 0;
}
