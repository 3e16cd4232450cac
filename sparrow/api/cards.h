// An item as pages show it: what is known of it in short, and how it is drawn where there is no
// picture of it.
#pragma once

#include <string>

#include "sparrow/api/context.h"

namespace sparrow::api {

// Appends {"id","title","year","genres","rating","ratings","look"}.
void append_card(std::string& out, const Context& c, Row row);

// Appends ,"look":{"motif","part","hue","maker"}, each where it is known. The hue is that of the
// item's place on the map of the model that answers when none is named, whoever made the list: an
// item looks the same everywhere.
void append_look(std::string& out, const Context& c, Row row);

}  // namespace sparrow::api
