#include "sparrow/embed/text_source.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "sparrow/embed/text_table.h"
#include "sparrow/model/vector_formats.h"

namespace sparrow::embed {

Result<std::string> load_texts(const data::Dataset& dataset, const std::filesystem::path& usual,
                               std::size_t threads, TrainOptions& options) {
  ContentOptions& content = options.fusion.content;
  content.threads = threads;
  if (!options.text_vectors.empty()) {
    const std::filesystem::path file = options.text_vectors;
    const std::string extension = file.extension().string();
    const std::string format = extension == ".npy"           ? "npy"
                               : extension == ".safetensors" ? "safetensors"
                               : extension == ".tsv"         ? "tsv"
                               : extension == ".bin"         ? "word2vec-binary"
                                                             : "word2vec";
    auto named = model::import_vectors(file, format, "");
    if (!named) return named.error();
    ImportedBlock block{file.filename().string(), content.sentence,
                        Embeddings(dataset.catalog.size(), named->vectors.dim())};
    std::size_t found = 0;
    for (std::size_t i = 0; i < named->items.size(); ++i) {
      const auto row = dataset.catalog.find(named->items[i]);
      if (!row) continue;
      std::copy(named->vectors.row(i).begin(), named->vectors.row(i).end(),
                block.vectors.row(*row).begin());
      ++found;
    }
    if (found == 0)
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--text-vectors {}: none of its {} ids is an "
                               "item of the catalogue",
                               file.string(), named->items.size())};
    content.text_vectors = std::move(block);
    return fmt::format("vectors of {} for {} of {} items", file.string(), found,
                       dataset.catalog.size());
  }
  const bool named = !options.text_table.empty();
  const std::filesystem::path folder = named ? std::filesystem::path(options.text_table) : usual;
  if (options.text_table == "off") return std::string("words alone, as --text-table off asks");
  if (!named && !std::filesystem::exists(folder))
    return fmt::format(
        "words alone: no table of text vectors in {} "
        "(tools/get_text_table.sh fetches one; better lists for rare items)",
        folder.string());
  auto table = TextTable::open(folder);
  if (!table) return table.error();
  content.text_table = std::make_shared<const TextTable>(std::move(*table));
  return fmt::format("words, and sentences by {}", content.text_table->name());
}

}  // namespace sparrow::embed
