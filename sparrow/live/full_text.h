// FullText: SQLite's FTS5 over words, as an index that is made once and only read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sparrow::live {

// Immutable; safe for use by several threads, each of which gets a connection of its own to the
// same bytes.
class FullText {
 public:
  // Words are folded already (core/text.h), with spaces between.
  struct Document {
    std::string names;
    std::string joined;
    std::string more;
  };

  // Documents are numbered from 0 in this order. O(words).
  explicit FullText(const std::vector<Document>& documents);
  ~FullText();

  // Numbers of documents that an FTS5 expression over the columns names, joined and more matches,
  // lowest first, of those that `wanted` accepts. At most `limit`.
  std::vector<std::uint32_t> match(const std::string& expression, std::size_t limit,
                                   const std::function<bool(std::uint32_t)>& wanted) const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace sparrow::live
