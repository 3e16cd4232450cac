#include "sparrow/model/vector_formats.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/model/safetensors.h"
#include "sparrow/model/views.h"

namespace sparrow::model {
namespace {

constexpr std::size_t kMaxDim = 65536;

Error invalid(std::string what) { return {ErrorCode::kInvalidInput, std::move(what)}; }

struct Lines {
  std::string_view text;
  std::size_t number = 0;

  bool next(std::string_view& line) {
    if (text.empty()) return false;
    const auto newline = text.find('\n');
    line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++number;
    return true;
  }
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Reads floats between spaces or tabs; false at anything else, or a value that is not finite.
bool parse_floats(std::string_view text, std::vector<float>& values) {
  values.clear();
  while (true) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    if (text.empty()) return true;
    float value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || !std::isfinite(value)) return false;
    const auto used = static_cast<std::size_t>(result.ptr - text.data());
    if (used < text.size() && !is_blank(text[used])) return false;
    text.remove_prefix(used);
    values.push_back(value);
  }
}

// "3000000 300": two whole numbers within bounds that `available` bytes could hold.
Result<std::pair<std::size_t, std::size_t>> parse_header(std::string_view line,
                                                         std::size_t available) {
  std::size_t count = 0;
  std::size_t dim = 0;
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  auto result = std::from_chars(line.data(), line.data() + line.size(), count);
  const char* end = line.data() + line.size();
  if (result.ec == std::errc() && result.ptr != end && is_blank(*result.ptr)) {
    result = std::from_chars(result.ptr + 1, end, dim);
    if (result.ec == std::errc() && result.ptr == end && dim > 0 && dim <= kMaxDim &&
        count <= available / dim) {
      return std::pair{count, dim};
    }
  }
  return invalid(
      fmt::format("line 1: \"{}\" is not a number of vectors and a dimension that fit the file",
                  line.substr(0, 80)));
}

// Gathers rows of one dimension with unique ids.
struct Gather {
  NamedVectors result;
  std::vector<float> values;
  std::unordered_set<std::string> seen;
  std::size_t dim = 0;

  Result<void> add(std::string_view id, std::span<const float> row, std::size_t line) {
    if (id.empty()) return invalid(fmt::format("line {}: the id is empty", line));
    if (dim == 0) dim = row.size();
    if (row.empty() || row.size() != dim)
      return invalid(fmt::format("line {}: {} values, {} expected", line, row.size(), dim));
    if (!seen.emplace(id).second)
      return invalid(fmt::format("line {}: the id \"{}\" occurs twice", line, id));
    result.items.emplace_back(id);
    values.insert(values.end(), row.begin(), row.end());
    return {};
  }
  NamedVectors take() {
    result.vectors = Embeddings(result.items.size(), dim);
    std::copy(values.begin(), values.end(), result.vectors.data());
    return std::move(result);
  }
};

Result<std::vector<std::string>> word2vec_ids(const std::vector<ItemId>& items) {
  std::vector<std::string> ids;
  std::unordered_set<std::string> seen;
  for (const auto& item : items) {
    std::string id = item;
    std::replace(id.begin(), id.end(), ' ', '_');
    if (!seen.insert(id).second)
      return invalid(fmt::format(
          "two items would both be called \"{}\": spaces become \"_\" in word2vec files", id));
    ids.push_back(std::move(id));
  }
  return ids;
}

std::string id_lines(const std::vector<ItemId>& items) {
  std::string lines;
  for (const auto& id : items) lines += id + "\n";
  return lines;
}

// The ids as they were before spaces became "_", where FILE.ids has them for all vectors.
void restore_ids(const std::filesystem::path& file, NamedVectors& vectors) {
  const auto text = read_file(file.string() + ".ids");
  if (!text) return;
  Lines lines{*text};
  std::vector<ItemId> ids;
  for (std::string_view line; lines.next(line);) ids.emplace_back(line);
  if (ids.size() != vectors.items.size()) return;
  const auto written = word2vec_ids(ids);
  if (written && *written == vectors.items) vectors.items = std::move(ids);
}

NamedVectors vectors_of(const Model& model) {
  NamedVectors known;
  const auto vectors = VectorsView::of(model);
  std::vector<Row> rows;
  for (Row r = 0; vectors && r < model.items.size(); ++r) {
    if (vectors->has(r)) rows.push_back(r);
  }
  known.vectors = Embeddings(rows.size(), model.dim());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    known.items.push_back(model.items[rows[i]]);
    vectors->copy(rows[i], known.vectors.row(i));
  }
  return known;
}

void append_floats(std::string& out, std::span<const float> row) {
  for (std::size_t c = 0; c < row.size(); ++c)
    fmt::format_to(std::back_inserter(out), "{}{}", c == 0 ? "" : " ", row[c]);
  out += '\n';
}

std::string npy_bytes(const Embeddings& e) {
  std::string header = fmt::format(
      "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", e.rows(), e.dim());
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(e.data()), e.values().size_bytes());
  return bytes;
}

// The number after `key` in a .npy header's shape.
bool parse_shape(std::string_view header, std::uint64_t& rows, std::uint64_t& dim) {
  const auto open = header.find("'shape': (");
  if (open == std::string_view::npos) return false;
  const char* p = header.data() + open + 10;
  const char* end = header.data() + header.size();
  auto result = std::from_chars(p, end, rows);
  if (result.ec != std::errc() || result.ptr == end || *result.ptr != ',') return false;
  p = result.ptr + 1;
  while (p != end && *p == ' ') ++p;
  result = std::from_chars(p, end, dim);
  return result.ec == std::errc() && result.ptr != end && *result.ptr == ')';
}

}  // namespace

namespace {

// "id v1 v2 ...": the last `dim` numbers are the vector, what stands before them is the id.
bool parse_named_line(std::string_view line, std::size_t dim, std::string_view& id,
                      std::vector<float>& row) {
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  std::size_t at = line.size();
  for (std::size_t value = 0; value < dim; ++value) {
    while (at > 0 && !is_blank(line[at - 1])) --at;
    while (at > 0 && is_blank(line[at - 1])) --at;
    if (at == 0) return false;
  }
  id = line.substr(0, at);
  return parse_floats(line.substr(at), row) && row.size() == dim;
}

// How many numbers stand behind the first word of a line.
std::size_t dim_of_line(std::string_view line) {
  const auto blank = std::find_if(line.begin(), line.end(), is_blank);
  std::vector<float> row;
  const auto rest = line.substr(static_cast<std::size_t>(blank - line.begin()));
  return parse_floats(rest, row) ? row.size() : 0;
}

}  // namespace

Result<NamedVectors> parse_word2vec_text(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  Lines lines{bytes};
  std::string_view line;
  if (!lines.next(line)) return invalid("the file is empty");
  auto header = parse_header(line, bytes.size());
  const std::size_t values = dim_of_line(line);
  if (!header && values < 2) return header.error();
  if (!header) lines = Lines{bytes};  // GloVe's: the first line is a vector already
  Gather gather;
  gather.dim = header ? header->second : values;
  std::vector<float> row;
  std::string_view id;
  while (lines.next(line)) {
    if (line.empty()) continue;
    if (!parse_named_line(line, gather.dim, id, row))
      return invalid(
          fmt::format("line {}: not an id and {} finite numbers", lines.number, gather.dim));
    if (auto added = gather.add(id, row, lines.number); !added) return added.error();
  }
  if (header && gather.result.items.size() != header->first) {
    return invalid(fmt::format("{} vectors, the first line promises {}", gather.result.items.size(),
                               header->first));
  }
  return gather.take();
}

Result<NamedVectors> parse_word2vec_binary(std::string_view bytes) {
  const auto newline = bytes.find('\n');
  if (newline == std::string_view::npos) return invalid("the first line has no end");
  auto header = parse_header(bytes.substr(0, newline), bytes.size());
  if (!header) return header.error();
  const auto [count, dim] = *header;
  std::string_view rest = bytes.substr(newline + 1);
  Gather gather;
  gather.dim = dim;
  std::vector<float> row(dim);
  for (std::size_t i = 0; i < count; ++i) {
    while (!rest.empty() && rest.front() == '\n') rest.remove_prefix(1);
    const auto space = rest.find(' ');
    if (space == std::string_view::npos || rest.size() - space - 1 < dim * sizeof(float)) {
      return invalid(fmt::format("vector {} of {}: the file is cut short", i + 1, count));
    }
    std::memcpy(row.data(), rest.data() + space + 1, dim * sizeof(float));
    if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); })) {
      return invalid(fmt::format("vector {} of {}: a value is not finite", i + 1, count));
    }
    if (auto added = gather.add(rest.substr(0, space), row, i + 2); !added) return added.error();
    rest.remove_prefix(space + 1 + dim * sizeof(float));
  }
  return gather.take();
}

Result<NamedVectors> parse_sparrowrecsys(std::string_view bytes) {
  Lines lines{bytes};
  std::string_view line;
  Gather gather;
  std::vector<float> row;
  while (lines.next(line)) {
    if (line.empty()) continue;
    const auto colon = line.rfind(':');  // values have none, ids may
    if (colon == std::string_view::npos || !parse_floats(line.substr(colon + 1), row)) {
      return invalid(fmt::format("line {}: not `id:v1 v2 ...` with finite numbers", lines.number));
    }
    if (auto added = gather.add(line.substr(0, colon), row, lines.number); !added)
      return added.error();
  }
  if (gather.result.items.empty()) return invalid("the file is empty");
  return gather.take();
}

Result<Embeddings> parse_npy(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("\x93NUMPY")) return invalid("not a .npy file");
  const bool wide = bytes[6] >= 2;
  std::size_t length = static_cast<unsigned char>(bytes[8]) |
                       static_cast<std::size_t>(static_cast<unsigned char>(bytes[9])) << 8;
  const std::size_t start = wide ? 12 : 10;
  if (wide) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[10])) << 16 |
              static_cast<std::size_t>(static_cast<unsigned char>(bytes[11])) << 24;
  }
  if (length > bytes.size() - start) return invalid("the .npy header is cut short");
  const std::string_view header = bytes.substr(start, length);
  const std::string_view data = bytes.substr(start + length);
  if (header.find("'descr': '<f4'") == std::string_view::npos ||
      header.find("'fortran_order': False") == std::string_view::npos) {
    return invalid(
        "the array is not float32 in C order: save it with numpy.ascontiguousarray(a, "
        "dtype='float32')");
  }
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  if (!parse_shape(header, rows, dim) || dim == 0 || dim > kMaxDim)
    return invalid("the array does not have two dimensions");
  if (rows > data.size() / (dim * sizeof(float)) || rows * dim * sizeof(float) != data.size())
    return invalid("the data do not fit the shape");
  Embeddings e(rows, dim);
  if (!data.empty()) std::memcpy(e.data(), data.data(), data.size());
  if (!std::all_of(e.values().begin(), e.values().end(), [](float v) { return std::isfinite(v); }))
    return invalid("a value is not finite");
  return e;
}

Result<Embeddings> parse_embedding_tensor(std::string_view bytes) {
  auto tensors = parse_safetensors(bytes);
  if (!tensors) return tensors.error();
  const Tensor* found = nullptr;
  for (const auto& [name, tensor] : *tensors) {
    if (tensor.type != TensorType::kFloat32 || tensor.shape.size() != 2) continue;
    if (found != nullptr) return invalid("more than one float32 matrix: which are the vectors?");
    found = &tensor;
  }
  if (found == nullptr) return invalid("no float32 matrix in it");
  if (found->shape[1] == 0 || found->shape[1] > kMaxDim)
    return invalid(fmt::format("the matrix has {} columns", found->shape[1]));
  const auto values = found->floats();
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
    return invalid("a value is not finite");
  Embeddings e(found->shape[0], found->shape[1]);
  std::copy(values.begin(), values.end(), e.data());
  return e;
}

Result<Embeddings> parse_tsv_vectors(std::string_view bytes) {
  std::vector<float> all;
  std::vector<float> values;
  std::size_t dim = 0;
  Lines lines{bytes};
  std::string_view line;
  while (lines.next(line)) {
    std::string spaced(line);
    std::replace(spaced.begin(), spaced.end(), '\t', ' ');
    if (!parse_floats(spaced, values) || values.empty())
      return invalid(fmt::format("line {}: not numbers with tabs between", lines.number));
    if (dim == 0) dim = values.size();
    if (values.size() != dim || dim > kMaxDim)
      return invalid(
          fmt::format("line {}: {} values, {} expected", lines.number, values.size(), dim));
    all.insert(all.end(), values.begin(), values.end());
  }
  if (dim == 0) return invalid("no vectors in it");
  Embeddings e(lines.number, dim);
  std::copy(all.begin(), all.end(), e.data());
  return e;
}

Result<std::size_t> export_vectors(const Model& model, std::string_view format,
                                   const std::filesystem::path& file) {
  const NamedVectors known = vectors_of(model);
  const std::size_t count = known.items.size();
  std::string bytes;
  if (format == "npy") {
    if (auto written = write_file_atomically(file.string() + ".ids", id_lines(known.items));
        !written)
      return written.error();
    bytes = npy_bytes(known.vectors);
  } else if (format == "sparrowrecsys") {
    for (std::size_t i = 0; i < count; ++i) {
      bytes += known.items[i] + ":";
      append_floats(bytes, known.vectors.row(i));
    }
  } else if (format == "word2vec" || format == "word2vec-binary") {
    auto ids = word2vec_ids(known.items);
    if (!ids) return ids.error();
    if (*ids != known.items) {
      if (auto written = write_file_atomically(file.string() + ".ids", id_lines(known.items));
          !written)
        return written.error();
    }
    bytes = fmt::format("{} {}\n", count, known.vectors.dim());
    for (std::size_t i = 0; i < count; ++i) {
      bytes += (*ids)[i] + " ";
      const auto row = known.vectors.row(i);
      if (format == "word2vec") {
        append_floats(bytes, row);
      } else {
        bytes.append(reinterpret_cast<const char*>(row.data()), row.size_bytes());
        bytes += '\n';
      }
    }
  } else {
    return invalid(fmt::format("format \"{}\" is not known", format));
  }
  if (auto written = write_file_atomically(file, bytes); !written) return written.error();
  return count;
}

Result<NamedVectors> import_vectors(const std::filesystem::path& file, std::string_view format,
                                    const std::filesystem::path& ids_file) {
  auto mapped = MappedFile::open(file);
  if (!mapped) return mapped.error();
  return import_vectors(mapped->bytes(), file, format, ids_file);
}

Result<NamedVectors> import_vectors(std::string_view bytes, const std::filesystem::path& file,
                                    std::string_view format,
                                    const std::filesystem::path& ids_file) {
  const auto with_file = [&](Result<NamedVectors> result) -> Result<NamedVectors> {
    if (result) return result;
    return Error{result.error().code, fmt::format("{}: {}", file.string(), result.error().message)};
  };
  if (format == "word2vec" || format == "word2vec-binary") {
    auto named = format == "word2vec" ? parse_word2vec_text(bytes) : parse_word2vec_binary(bytes);
    if (named) restore_ids(file, *named);
    return with_file(std::move(named));
  }
  if (format == "sparrowrecsys") return with_file(parse_sparrowrecsys(bytes));
  auto matrix =
      format == "npy"           ? parse_npy(bytes)
      : format == "safetensors" ? parse_embedding_tensor(bytes)
      : format == "tsv"
          ? parse_tsv_vectors(bytes)
          : Result<Embeddings>(invalid(fmt::format("format \"{}\" is not known", format)));
  if (!matrix) return with_file(matrix.error());
  const std::filesystem::path names =
      ids_file.empty() ? std::filesystem::path(file.string() + ".ids") : ids_file;
  auto ids = MappedFile::open(names);
  if (!ids) return ids.error();
  Gather gather;
  Lines lines{ids->bytes()};
  std::string_view id;
  while (lines.next(id)) {
    if (lines.number > matrix->rows())
      return invalid(
          fmt::format("{}: more ids than the {} vectors", names.string(), matrix->rows()));
    if (auto added = gather.add(id, matrix->row(lines.number - 1), lines.number); !added)
      return with_file(added.error());
  }
  if (lines.number != matrix->rows())
    return invalid(
        fmt::format("{}: {} ids for {} vectors", names.string(), lines.number, matrix->rows()));
  return gather.take();
}

}  // namespace sparrow::model
