// Lists inside a cell: "Action|Comedy", "Action, Comedy", ["Action"], [{'id': 28, 'name':
// 'Action'}]. One form for a whole column, told by many of its cells.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/data/item.h"

namespace sparrow::data {

enum class ListForm { kSingle, kPipe, kSemicolon, kComma, kBrackets };

// Whether the column is known to hold lists (genres, actors); else commas are taken for text unless
// the parts between them repeat.
enum class ListExpected { kYes, kNo };

ListForm find_list_form(std::span<const std::string_view> cells, ListExpected expected);

// The names of a cell, trimmed, without empty ones. Brackets: JSON or Python's repr of lists of
// names or of objects with a name, or of an object whose keys are names; a cell that is no such
// list is one name.
Names split_cell(std::string_view cell, ListForm form);

// "|", "comma", ...; for messages.
const char* list_form_text(ListForm form);

}  // namespace sparrow::data
