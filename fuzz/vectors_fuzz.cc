// word2vec text and binary, .npy, safetensors, tsv, SparrowRecSys lines.
#include <cstdint>
#include <string_view>

#include "sparrow/model/vector_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)sparrow::model::parse_word2vec_text(bytes).ok();
  (void)sparrow::model::parse_word2vec_binary(bytes).ok();
  (void)sparrow::model::parse_sparrowrecsys(bytes).ok();
  (void)sparrow::model::parse_npy(bytes).ok();
  (void)sparrow::model::parse_embedding_tensor(bytes).ok();
  (void)sparrow::model::parse_tsv_vectors(bytes).ok();
  return 0;
}
