// From what the Recommender answers to JSON: the members "items", "model", "request_id", "degraded"
// of every list; and answers that are given again.
#pragma once

#include <string>
#include <vector>

#include "sparrow/api/context.h"
#include "sparrow/rank/reasons.h"

namespace sparrow::api {

// Which members of an item are wanted.
struct ListOptions {
  bool reasons = false;
  bool parts = false;
  std::vector<std::string> fields;  // empty: all
  // Where several items are asked for: all that are wanted, and the model that tells which of them
  // an answer is nearest to.
  std::vector<Row> wanted;
  const live::ServedModel* model = nullptr;
};
ListOptions read_list_options(Context& c);

// Asks the model, and lets chance in where the request explores or an experiment interleaves
// (rank/explore.h); counts what it took, notes what is shown.
rank::Answer recommend(Context& c, const rank::Request& request, const live::ServedModel& served);

// ,"items":[...] `seed`: what reasons refer to; kNoRow: none.
void append_list(std::string& out, Context& c, const rank::Answer& answer, Row seed,
                 const ListOptions& options);
// ,"model":...,"request_id":...,"took_ms":...,"popularity_percentile":...,"degraded":[...]
// Counts an answer that says something was not done.
void append_footer(std::string& out, Context& c, const live::ServedModel& served,
                   const rank::Answer& answer);

// Answers from the cache, if the same was asked of the same lists before.
bool answer_again(Context& c, http::Response& response);
// Keeps this answer for the next who asks the same, unless it is personal, late or failed.
void keep_answer(Context& c, const http::Response& response);
// Puts what the answer shows, or that an error was answered in its place, and which units met their
// variants into the event log; soon, or not at all when there is no room.
void record_list(Context& c, int status);

// How two items are related, as "reason_parts" and `explain` have it.
void append_relation(std::string& out, const recall::ItemFacts& facts, const rank::Relation& r);

}  // namespace sparrow::api
