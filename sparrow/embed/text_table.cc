// tokenize() is the part that must agree with the package to the id; add_piece() merges.
#include "sparrow/embed/text_table.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sparrow/core/file.h"
#include "sparrow/core/simd/half_kernel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/safetensors.h"

namespace sparrow::embed {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // "▁"

// Bytes of the character at the start of `text`; 1 where it is no UTF-8.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t wanted = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (wanted == 0 || wanted > text.size()) return 1;
  for (std::size_t i = 1; i < wanted; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80) return 1;
  }
  return wanted;
}

std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) {
  return (std::uint64_t{left} << 32U) | right;
}

std::size_t slot_of(std::uint64_t key, std::size_t slots) {
  return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 40U) & (slots - 1);
}

// The only file of a folder whose name ends so.
Result<std::filesystem::path> only_file(const std::filesystem::path& folder,
                                        std::string_view extension) {
  std::vector<std::filesystem::path> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == extension) found.push_back(entry.path());
  }
  if (found.size() == 1) return found[0];
  return Error{ErrorCode::kNotFound,
               fmt::format("the text table {} has {} files *{} and needs one: fetch it anew with "
                           "tools/get_text_table.sh, or train with --text-table off",
                           folder.string(), found.empty() ? "no" : "several", extension)};
}

Error corrupt(const std::string& what) { return {ErrorCode::kCorrupt, what}; }

// The symbols of a piece while they are merged; neighbors by position.
struct Symbol {
  std::uint32_t id = 0;
  std::uint32_t previous = 0;
  std::uint32_t next = 0;
};
constexpr std::uint32_t kNone = ~0U;

// A merge that may be made: lowest rank first, leftmost among equals.
struct Waiting {
  std::uint32_t rank = 0;
  std::uint32_t position = 0;
  std::uint32_t result = 0;
  bool operator<(const Waiting& other) const {  // of a heap with the best on top
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

}  // namespace

Result<TextTable> TextTable::open(const std::filesystem::path& folder) {
  const auto vectors = only_file(folder, ".safetensors");
  if (!vectors) return vectors.error();
  const auto tokenizer = only_file(folder, ".json");
  if (!tokenizer) return tokenizer.error();
  auto json = read_file(*tokenizer);
  if (!json) return json.error();
  auto bytes = read_file(*vectors);
  if (!bytes) return bytes.error();
  TextTable table;
  table.name_ = vectors->stem().string();
  table.fingerprint_ = sha256_hex(sha256_hex(*bytes) + sha256_hex(*json));
  if (auto read = table.read_vectors(std::move(*bytes)); !read)
    return corrupt(vectors->string() + ": " + read.error().message);
  if (auto read = table.read_tokenizer(*json); !read)
    return corrupt(tokenizer->string() + ": " + read.error().message);
  return table;
}

Result<void> TextTable::read_vectors(std::string bytes) {
  auto tensors = model::parse_safetensors(bytes);
  if (!tensors) return tensors.error();
  if (tensors->size() != 1) return corrupt("it holds more than one matrix: which are the vectors?");
  vectors_ = std::move(tensors->begin()->second);
  const bool floats =
      vectors_.type == model::TensorType::kFloat16 || vectors_.type == model::TensorType::kFloat32;
  if (!floats || vectors_.shape.size() != 2 || vectors_.shape[1] == 0)
    return corrupt("it holds no matrix of float16 or float32");
  vocabulary_ = vectors_.shape[0];
  dim_ = vectors_.shape[1];
  return {};
}

Result<void> TextTable::read_tokenizer(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    const auto& model = json.at("model");
    if (model.at("type") != "BPE" || !model.value("byte_fallback", false))
      return corrupt("the tokenizer is no byte-pair encoding with byte fallback");
    const auto& vocabulary = model.at("vocab");
    std::unordered_map<std::string, std::uint32_t> ids;
    for (const auto& [token, id] : vocabulary.items()) {
      ids.emplace(token, id.get<std::uint32_t>());
      if (!token.empty() && character_bytes(token) == token.size())
        characters_.emplace(token, id.get<std::uint32_t>());
    }
    for (std::size_t b = 0; b < bytes_.size(); ++b)
      bytes_[b] = ids.at(fmt::format("<0x{:02X}>", b));
    for (const auto& token : json.at("added_tokens"))
      special_.emplace_back(token.at("content").get<std::string>(),
                            token.at("id").get<std::uint32_t>());
    const auto& merges = model.at("merges");
    merges_.resize(std::bit_ceil(2 * merges.size() + 1));
    words_apart_ = true;
    std::uint32_t rank = 0;
    for (const auto& entry : merges) {
      std::string left;
      std::string right;
      if (entry.is_array()) {
        left = entry.at(0).get<std::string>();
        right = entry.at(1).get<std::string>();
      } else {
        const auto whole = entry.get<std::string>();
        const auto gap = whole.find(' ');
        left = whole.substr(0, gap);
        right = whole.substr(gap + 1);
      }
      if (right.starts_with(kSpace) && !left.ends_with(kSpace)) words_apart_ = false;
      const Merge merge{pair_key(ids.at(left), ids.at(right)), rank++, ids.at(left + right)};
      std::size_t slot = slot_of(merge.pair, merges_.size());
      while (merges_[slot].pair != ~std::uint64_t{0}) slot = (slot + 1) & (merges_.size() - 1);
      merges_[slot] = merge;
    }
  } catch (const std::exception& error) {
    return corrupt(fmt::format("not a tokenizer that Sparrow knows: {}", error.what()));
  }
  return {};
}

const TextTable::Merge* TextTable::merge_of(std::uint32_t left, std::uint32_t right) const {
  const std::uint64_t key = pair_key(left, right);
  for (std::size_t slot = slot_of(key, merges_.size());; slot = (slot + 1) & (merges_.size() - 1)) {
    if (merges_[slot].pair == key) return &merges_[slot];
    if (merges_[slot].pair == ~std::uint64_t{0}) return nullptr;
  }
}

void TextTable::add_piece(std::string_view piece, std::vector<std::uint32_t>& ids) const {
  thread_local std::vector<Symbol> symbols;
  thread_local std::vector<Waiting> waiting;
  thread_local std::string character;
  symbols.clear();
  waiting.clear();
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t bytes = character_bytes(piece.substr(at));
    character.assign(piece.substr(at, bytes));
    const auto found = characters_.find(character);
    if (found != characters_.end()) {
      symbols.push_back({found->second, 0, 0});
    } else {
      for (const char c : character)
        symbols.push_back({bytes_[static_cast<unsigned char>(c)], 0, 0});
    }
    at += bytes;
  }
  const auto offer = [&](std::uint32_t left, std::uint32_t right) {
    if (left == kNone || right == kNone) return;
    if (const Merge* merge = merge_of(symbols[left].id, symbols[right].id)) {
      waiting.push_back({merge->rank, left, merge->result});
      std::push_heap(waiting.begin(), waiting.end());
    }
  };
  const auto count = static_cast<std::uint32_t>(symbols.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols[i].previous = i == 0 ? kNone : i - 1;
    symbols[i].next = i + 1 == count ? kNone : i + 1;
  }
  for (std::uint32_t i = 0; i + 1 < count; ++i) offer(i, i + 1);
  while (!waiting.empty()) {
    std::pop_heap(waiting.begin(), waiting.end());
    const Waiting best = waiting.back();
    waiting.pop_back();
    Symbol& left = symbols[best.position];
    if (left.id == kNone || left.next == kNone) continue;  // merged away since
    Symbol& right = symbols[left.next];
    const Merge* merge = merge_of(left.id, right.id);
    if (merge == nullptr || merge->result != best.result) continue;
    left.id = best.result;
    right.id = kNone;
    left.next = right.next;
    if (right.next != kNone) symbols[right.next].previous = best.position;
    offer(left.previous, best.position);
    offer(best.position, left.next);
  }
  for (std::uint32_t i = 0; i != kNone && i < count; i = symbols[i].next)
    ids.push_back(symbols[i].id);
}

// A segment gets a space in front, and spaces become "▁".
void TextTable::add_segment(std::string_view text, std::vector<std::uint32_t>& ids) const {
  if (text.empty()) return;
  thread_local std::string spaced;
  spaced.assign(kSpace);
  for (const char c : text) {
    if (c == ' ')
      spaced += kSpace;
    else
      spaced += c;
  }
  if (!words_apart_) return add_piece(spaced, ids);
  const std::string_view all = spaced;
  std::size_t begin = 0;
  for (std::size_t at = kSpace.size(); at < all.size();) {
    // A word begins at a "▁" that follows none.
    const std::size_t next = all.find(kSpace, at);
    if (next == std::string_view::npos) break;
    if (!all.substr(begin, next - begin).ends_with(kSpace)) {
      add_piece(all.substr(begin, next - begin), ids);
      begin = next;
    }
    at = next + kSpace.size();
  }
  add_piece(all.substr(begin), ids);
}

std::vector<std::uint32_t> TextTable::tokenize(std::string_view text) const {
  std::vector<std::uint32_t> ids;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const auto& [content, id] : special_) {
      if (!text.substr(at).starts_with(content)) continue;
      add_segment(text.substr(begin, at - begin), ids);
      ids.push_back(id);
      begin = at + content.size();
      at = begin - 1;
      break;
    }
  }
  add_segment(text.substr(begin), ids);
  return ids;
}

void TextTable::embed(std::string_view text, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  const auto ids = tokenize(text);
  if (ids.empty()) return;
  thread_local std::vector<float> row;
  row.resize(dim_);
  for (const std::uint32_t id : ids) {
    const std::size_t at = std::min<std::size_t>(id, vocabulary_ - 1) * dim_;
    if (vectors_.type == model::TensorType::kFloat16) {
      simd::widen(vectors_.float16s().data() + at, dim_, row.data());
      simd::axpy(1, row.data(), out.data(), dim_);
    } else {
      simd::axpy(1, vectors_.floats().data() + at, out.data(), dim_);
    }
  }
  const auto count = static_cast<float>(ids.size());
  for (float& v : out) v /= count;
}

}  // namespace sparrow::embed
