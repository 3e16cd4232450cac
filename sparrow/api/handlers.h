// The handlers, by the file they stand in. routes.cc says which request each answers.
#pragma once

#include "sparrow/api/context.h"

namespace sparrow::api {

// items.cc
void get_item(Context& c, http::Response& response);
void get_search(Context& c, http::Response& response);
void get_items(Context& c, http::Response& response);
void get_genres(Context& c, http::Response& response);
// cards.cc
void get_poster(Context& c, http::Response& response);
// home.cc
void get_home(Context& c, http::Response& response);
// item_edits.cc
void put_item(Context& c, http::Response& response);
void patch_item(Context& c, http::Response& response);
void delete_item(Context& c, http::Response& response);
void post_items(Context& c, http::Response& response);
// lists.cc
void get_similar(Context& c, http::Response& response);
void get_shelves(Context& c, http::Response& response);
void get_mix(Context& c, http::Response& response);
void post_similar(Context& c, http::Response& response);
void post_batch(Context& c, http::Response& response);
// why.cc
void get_explain(Context& c, http::Response& response);
// models.cc
void get_models(Context& c, http::Response& response);
void get_map(Context& c, http::Response& response);
void post_promote(Context& c, http::Response& response);
void post_rollback(Context& c, http::Response& response);
void get_data(Context& c, http::Response& response);
void get_evaluations(Context& c, http::Response& response);
void get_evaluation(Context& c, http::Response& response);
// model_health.cc
void get_health(Context& c, http::Response& response);
// judge_seeds.cc
void get_seeds(Context& c, http::Response& response);
// judge_grades.cc
void get_judgements(Context& c, http::Response& response);
void post_judgements(Context& c, http::Response& response);
void import_judgements(Context& c, http::Response& response);
// judge_votes.cc
void get_votes(Context& c, http::Response& response);
void post_votes(Context& c, http::Response& response);
// reports.cc
void get_reports(Context& c, http::Response& response);
void post_reports(Context& c, http::Response& response);
// events.cc
void post_events(Context& c, http::Response& response);
void delete_user(Context& c, http::Response& response);
void post_feedback(Context& c, http::Response& response);
// How many entries of the user there were.
Result<std::size_t> forget_marks(Services& services, const std::string& user);
// event_views.cc
void get_events(Context& c, http::Response& response);
void get_event_summary(Context& c, http::Response& response);
void get_usage(Context& c, http::Response& response);
// experiments.cc
void get_experiments(Context& c, http::Response& response);
void put_experiments(Context& c, http::Response& response);
void post_decision(Context& c, http::Response& response);
void get_experiment_report(Context& c, http::Response& response);
void get_scenarios(Context& c, http::Response& response);
void put_scenarios(Context& c, http::Response& response);
// experiment_planning.cc
void get_experiment_options(Context& c, http::Response& response);
void get_experiment_splits(Context& c, http::Response& response);
void get_experiment_size(Context& c, http::Response& response);
void get_assignment(Context& c, http::Response& response);
// rules.cc
void get_rules(Context& c, http::Response& response);
void put_rules(Context& c, http::Response& response);
void post_what_if(Context& c, http::Response& response);
// status.cc
void get_alive(Context& c, http::Response& response);
void get_ready(Context& c, http::Response& response);
void get_config(Context& c, http::Response& response);
void get_version(Context& c, http::Response& response);
void get_status(Context& c, http::Response& response);
void get_metrics(Context& c, http::Response& response);
// sparrowrecsys.cc: the endpoints of SparrowRecSys, in its shapes
void get_srs_movie(Context& c, http::Response& response);
void get_srs_similar(Context& c, http::Response& response);
void get_srs_genre(Context& c, http::Response& response);
void get_srs_user(Context& c, http::Response& response);
void get_srs_for_user(Context& c, http::Response& response);
// pages.cc: whatever no endpoint has
void serve_file(Context& c, http::Response& response);

}  // namespace sparrow::api
