// Vectors to and from other programs: word2vec text and binary (gensim reads them), .npy, and
// SparrowRecSys's `id:v1 v2 ...` lines.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/result.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

struct NamedVectors {
  std::vector<ItemId> items;
  Embeddings vectors;  // items x dim
};

// Formats: "word2vec", "word2vec-binary", "npy" (ids beside it as FILE.ids), "sparrowrecsys". Items
// without a vector are left out. The word2vec formats end an id at a space, so spaces in ids become
// "_", and the ids as they are stand in FILE.ids, by which an import finds them again; two ids that
// become equal are an error. Returns how many vectors were written. Errors: kInvalidInput, and
// those of writing.
Result<std::size_t> export_vectors(const Model& model, std::string_view format,
                                   const std::filesystem::path& file);

// Beside the formats above: "safetensors" (PyTorch: the only float32 matrix in it) and "tsv" (the
// embedding projector of TensorFlow). `ids_file`: for npy, safetensors and tsv, one id a line;
// empty: FILE.ids. Errors: kInvalidInput naming file, line and cause.
Result<NamedVectors> import_vectors(const std::filesystem::path& file, std::string_view format,
                                    const std::filesystem::path& ids_file);
// The same for bytes that were read (and unpacked) already; `file` names them.
Result<NamedVectors> import_vectors(std::string_view bytes, const std::filesystem::path& file,
                                    std::string_view format, const std::filesystem::path& ids_file);

// The parsers, on bytes. word2vec's text may lack its first line (GloVe's), begin with a byte order
// mark, have tabs for spaces, and spaces in ids and at the ends of lines.
Result<NamedVectors> parse_word2vec_text(std::string_view bytes);
Result<NamedVectors> parse_word2vec_binary(std::string_view bytes);
Result<NamedVectors> parse_sparrowrecsys(std::string_view bytes);
Result<Embeddings> parse_npy(std::string_view bytes);
Result<Embeddings> parse_embedding_tensor(std::string_view bytes);
Result<Embeddings> parse_tsv_vectors(std::string_view bytes);

}  // namespace sparrow::model
