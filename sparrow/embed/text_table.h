// TextTable: texts as vectors by a static table of token vectors: the text is cut into tokens by
// byte-pair encoding (Sennrich et al. 2016), and the mean of their vectors is the text's. No
// network runs, so a core reads tens of thousands of texts a second.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/model/model.h"

namespace sparrow::embed {

// Immutable; safe for use by several threads.
class TextTable {
 public:
  // A folder with one *.safetensors (one matrix of float16 or float32, tokens x dim) and one *.json
  // (a tokenizer of Hugging Face's "tokenizers": byte-pair encoding with byte fallback, "▁" for a
  // space). The package wordllama of PyPI has such a pair; tools/get_text_table.sh fetches it.
  // Errors: kNotFound, kCorrupt naming the file and what is wrong.
  static Result<TextTable> open(const std::filesystem::path& folder);

  std::size_t dim() const { return dim_; }
  std::size_t tokens() const { return vocabulary_; }
  const std::string& name() const { return name_; }                // the file of vectors
  const std::string& fingerprint() const { return fingerprint_; }  // SHA-256 of both files

  // Ids as the package gives them. Bytes that are no UTF-8 become their byte tokens.
  std::vector<std::uint32_t> tokenize(std::string_view text) const;
  // The mean of the tokens' vectors; zero for a text without any. out has dim() values.
  void embed(std::string_view text, std::span<float> out) const;

 private:
  struct Merge {
    std::uint64_t pair = ~std::uint64_t{0};  // left << 32 | right
    std::uint32_t rank = 0;
    std::uint32_t result = 0;
  };
  Result<void> read_tokenizer(std::string_view json);
  Result<void> read_vectors(std::string bytes);
  const Merge* merge_of(std::uint32_t left, std::uint32_t right) const;
  void add_segment(std::string_view text, std::vector<std::uint32_t>& ids) const;
  void add_piece(std::string_view piece, std::vector<std::uint32_t>& ids) const;

  std::string name_;
  std::string fingerprint_;
  std::size_t dim_ = 0;
  std::size_t vocabulary_ = 0;
  model::Tensor vectors_;
  std::unordered_map<std::string, std::uint32_t> characters_;  // tokens of one character
  std::array<std::uint32_t, 256> bytes_{};
  std::vector<std::pair<std::string, std::uint32_t>> special_;
  std::vector<Merge> merges_;  // open addressing
  bool words_apart_ = false;   // no merge reaches across the start of a word
};

}  // namespace sparrow::embed
