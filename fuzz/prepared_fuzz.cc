// Prepared data: one file of a sound folder is replaced (the first byte says which), its checksum
// too, so that the bytes reach the parser behind it.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "sparrow/core/file.h"
#include "sparrow/data/dataset.h"

namespace {

using namespace sparrow;
namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return -1;
  static const fs::path folder =
      fs::temp_directory_path() / fmt::format("prepared_fuzz.{}", ::getpid());
  static const nlohmann::json meta = [] {
    data::Dataset dataset;
    std::vector<data::Item> items(3);
    for (std::size_t i = 0; i < items.size(); ++i) items[i].id = std::to_string(i + 1);
    dataset.catalog = data::Catalog(std::move(items));
    dataset.catalog.genome = {};
    dataset.users = {"7"};
    dataset.interactions.offsets = {0, 2};
    dataset.interactions.items = {0, 2};
    dataset.interactions.values = {5, 4};
    dataset.interactions.times = {10, 20};
    if (!data::seal_dataset(dataset) || !data::save_dataset(dataset, folder)) std::abort();
    auto made = nlohmann::json::parse(*read_file(folder / "dataset.json"));
    made.erase("checksum");
    return made;
  }();
  static const char* const kNames[] = {"catalog.jsonl", "users.txt", "interactions.bin",
                                       "genome.bin"};
  const char* const name = kNames[data[0] % 4];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto sound = read_file(folder / name);
  auto changed = meta;
  changed["files"][name] = sha256_hex(bytes);
  write(folder / "dataset.json", changed.dump());
  write(folder / name, bytes);
  if (const auto loaded = data::load_dataset(folder)) {
    for (const Row item : loaded->interactions.items)
      if (item >= loaded->catalog.size()) std::abort();
  }
  if (sound)
    write(folder / name, *sound);
  else
    fs::remove(folder / name);
  return 0;
}
