#include "sparrow/app/content_sources.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/embed/block_weight.h"
#include "sparrow/embed/text_source.h"
#include "sparrow/picture/descriptor.h"
#include "sparrow/picture/posters.h"

namespace sparrow::app {
namespace {

using Described = std::vector<picture::PosterFile::Described>;

constexpr std::size_t kLeastPictures = 20;
constexpr float kLeastWeight = 0.05F;

struct Pictures {
  Embeddings rows;  // catalogue x kDescriptorSize
  std::size_t items = 0;
  std::string fingerprint;
};

// In place: each value in deviations from the mean of all pictures, each part of the descriptor as
// heavy as the others. What hardly varies beside the rest of its part is noise and stays small.
void standardize(Embeddings& rows, const std::vector<Row>& known) {
  constexpr double kLeast = 0.1;  // of the part's mean deviation
  const auto count = static_cast<double>(std::max<std::size_t>(1, known.size()));
  std::size_t begin = 0;
  for (const auto& part : picture::kDescriptorParts) {
    std::vector<double> means(part.size);
    std::vector<double> variances(part.size);
    for (std::size_t i = 0; i < part.size; ++i) {
      for (const Row row : known) means[i] += static_cast<double>(rows.row(row)[begin + i]) / count;
      for (const Row row : known) {
        const double off = static_cast<double>(rows.row(row)[begin + i]) - means[i];
        variances[i] += off * off / count;
      }
    }
    const auto size = static_cast<double>(part.size);
    const double usual = std::sqrt(std::accumulate(variances.begin(), variances.end(), 0.0) / size);
    for (std::size_t i = 0; i < part.size && usual > 0; ++i) {
      const double unit = std::max(std::sqrt(variances[i]), kLeast * usual) * std::sqrt(size);
      for (const Row row : known) {
        float& value = rows.row(row)[begin + i];
        value = static_cast<float>((static_cast<double>(value) - means[i]) / unit);
      }
    }
    begin += part.size;
  }
}

Pictures pictures_of(const data::Catalog& catalog, const Described& described) {
  Pictures pictures;
  pictures.rows = Embeddings(catalog.size(), picture::kDescriptorSize);
  std::vector<Row> known;
  std::string bytes;
  for (const auto& one : described) {
    const auto row = catalog.find(one.item);
    if (!row) continue;
    known.push_back(*row);
    std::copy(one.descriptor.begin(), one.descriptor.end(), pictures.rows.row(*row).begin());
    bytes += one.item + "\n";
    bytes.append(reinterpret_cast<const char*>(one.descriptor.data()),
                 one.descriptor.size() * sizeof(float));
  }
  pictures.items = known.size();
  pictures.fingerprint = sha256_hex(bytes).substr(0, 12);
  standardize(pictures.rows, known);
  return pictures;
}

std::string reason_of(std::optional<double> looks, std::optional<double> genres) {
  if (!looks) return "too little behavior to tell more";
  return fmt::format(
      "pairs that people liked in a row lie {:.2f} deviations above chance by their looks{}",
      *looks, genres ? fmt::format(", {:.2f} by genres", *genres) : "");
}

// Adds the block; what was decided, in words that begin with "pictures". A weight that was asked
// for is taken however small it is.
std::string add_pictures(const data::Dataset& dataset, Pictures pictures,
                         embed::TrainOptions& options) {
  embed::ContentOptions& content = options.fusion.content;
  float weight = options.picture_weight.value_or(0);
  std::string why = "as asked";
  if (!options.picture_weight) {
    const auto told = embed::separation_of_rows(dataset, pictures.rows);
    const auto genres = embed::separation_of_genres(dataset);
    weight = embed::weight_beside_genres(told, genres, content.genres);
    why = reason_of(told, genres);
  }
  if (!options.picture_weight && weight < kLeastWeight)
    return fmt::format("pictures of {} items are left out ({})", pictures.items, why);
  std::string said =
      fmt::format("pictures of {} items with weight {:.2f} ({})", pictures.items, weight, why);
  content.imported.push_back(
      {"pictures", weight, std::move(pictures.rows), std::move(pictures.fingerprint)});
  return said;
}

// A file that is torn is not training's to mend.
Error with_remedy(Error error) {
  if (error.code == ErrorCode::kCorrupt)
    error.message +=
        "; move it away and run `sparrow posters` again, or train with --picture-weight 0";
  return error;
}

// "Pictures of ... .": a sentence of what was decided.
std::string sentence_of(std::string decided) {
  decided[0] = 'P';
  return decided + ".";
}

Result<ContentFound> load_pictures(const Context& context, const data::Dataset& dataset,
                                   embed::TrainOptions& options) {
  if (options.picture_weight && *options.picture_weight == 0) return ContentFound{};
  auto file =
      picture::PosterFile::open(context.paths().posters(), picture::PosterFile::Mode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound && !options.picture_weight)
    return ContentFound{};
  const auto too_few = [&](std::size_t found) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("--picture-weight: {} items of the catalogue have a picture, {} are "
                             "needed: `sparrow posters DIR` reads them",
                             found, kLeastPictures)};
  };
  if (!file)
    return file.error().code == ErrorCode::kNotFound ? too_few(0) : with_remedy(file.error());
  auto described = (*file)->descriptors();
  if (!described) return with_remedy(described.error());
  const auto without = (*file)->undescribed();
  if (!without) return with_remedy(without.error());
  const std::string missing =
      without->empty() ? ""
                       : fmt::format(
                             "; {} pictures are not described yet: run `sparrow posters` "
                             "again",
                             without->size());
  Pictures pictures = pictures_of(dataset.catalog, *described);
  if (pictures.items < kLeastPictures && options.picture_weight) return too_few(pictures.items);
  if (pictures.items == 0) return ContentFound{missing, {}};
  const std::string decided = pictures.items < kLeastPictures
                                  ? fmt::format("pictures of {} items are left out ({} are needed)",
                                                pictures.items, kLeastPictures)
                                  : add_pictures(dataset, std::move(pictures), options);
  return ContentFound{"; " + decided + missing, sentence_of(decided)};
}

}  // namespace

Result<ContentFound> load_content(const Context& context, const data::Dataset& dataset,
                                  embed::TrainOptions& options) {
  const auto texts = embed::load_texts(dataset, context.paths().text(), context.threads, options);
  if (!texts) return texts.error();
  auto pictures = load_pictures(context, dataset, options);
  if (!pictures) return pictures;
  return ContentFound{*texts + pictures->words, std::move(pictures->choice)};
}

}  // namespace sparrow::app
