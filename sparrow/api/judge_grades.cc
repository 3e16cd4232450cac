// Calls about judgements: grades 0..3 that people give to pairs, how far the graders agree, and
// reading and writing them as files (TSV, TREC qrels).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/core/clock.h"
#include "sparrow/core/file.h"
#include "sparrow/evaluate/statistics.h"
#include "sparrow/http/json_text.h"

namespace sparrow::api {
namespace {

using nlohmann::json;

constexpr std::size_t kGrades = 4;  // 0..3
constexpr const char* kTextNames[] = {"grader", "seed",    "item", "reason",
                                      "model",  "version", "note"};
constexpr std::size_t kMaxNote = 1000;

using Pair = std::pair<std::string, std::string>;            // seed, item
using Grades = std::map<Pair, std::map<std::string, json>>;  // grader -> the last entry

Grades latest_grades(const std::vector<json>& entries) {
  Grades pairs;
  for (const json& e : entries) {
    if (e.contains("grade") && e["grade"].is_number_integer())
      pairs[{live::text_of(e, "seed"), live::text_of(e, "item")}][live::text_of(e, "grader")] = e;
  }
  return pairs;
}

std::size_t grade_of(const json& entry) {
  return static_cast<std::size_t>(
      std::clamp(entry["grade"].get<int>(), 0, static_cast<int>(kGrades) - 1));
}

double mean_grade(const std::map<std::string, json>& grades) {
  double sum = 0;
  for (const auto& [grader, entry] : grades) sum += static_cast<double>(grade_of(entry));
  return sum / static_cast<double>(grades.size());
}

json number_or_null(const std::optional<double>& value) { return value ? json(*value) : json(); }

// The ten graders who graded most, by name: all against all is quadratic, and who sends grades may
// call themselves a new name each time.
std::set<std::string> most_active(const Grades& pairs) {
  constexpr std::size_t kMost = 10;
  std::map<std::string, std::size_t> counts;
  for (const auto& [pair, grades] : pairs) {
    for (const auto& [grader, entry] : grades) ++counts[grader];
  }
  std::vector<std::pair<std::size_t, std::string>> by_count;
  by_count.reserve(counts.size());
  for (const auto& [grader, count] : counts) by_count.emplace_back(count, grader);
  std::stable_sort(by_count.begin(), by_count.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::set<std::string> names;
  for (std::size_t i = 0; i < std::min(kMost, by_count.size()); ++i)
    names.insert(by_count[i].second);
  return names;
}

json agreement_between(const Grades& pairs) {
  const auto compared = most_active(pairs);
  std::map<Pair, std::array<double, kGrades * kGrades>> between;
  for (const auto& [pair, all] : pairs) {
    std::vector<std::pair<std::string, std::size_t>> grades;
    for (const auto& name : compared) {
      if (const auto found = all.find(name); found != all.end())
        grades.emplace_back(name, grade_of(found->second));
    }
    for (auto a = grades.begin(); a != grades.end(); ++a) {
      for (auto b = std::next(a); b != grades.end(); ++b)
        between[{a->first, b->first}][a->second * kGrades + b->second] += 1;
    }
  }
  json list = json::array();
  for (const auto& [names, counts] : between) {
    const auto agreement = evaluate::cohen_agreement(counts, kGrades);
    list.push_back(
        {{"a", names.first},
         {"b", names.second},
         {"shared", static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), 0.0))},
         {"percent", 100 * agreement.observed},
         {"kappa", number_or_null(agreement.kappa)}});
  }
  return list;
}

// Over pairs with two graders or more; null where nothing can be said.
json agreement_of(const Grades& pairs) {
  std::set<std::string> graders;
  std::vector<double> subjects;
  for (const auto& [pair, grades] : pairs) {
    for (const auto& [grader, entry] : grades) graders.insert(grader);
    if (grades.size() < 2) continue;
    const std::size_t begin = subjects.size();
    subjects.resize(begin + kGrades, 0.0);
    for (const auto& [grader, entry] : grades) ++subjects[begin + grade_of(entry)];
  }
  const auto agreement = evaluate::fleiss_agreement(subjects, kGrades);
  return {{"graders", graders.size()},
          {"pairs", pairs.size()},
          {"shared_pairs", subjects.size() / kGrades},
          {"kappa", number_or_null(agreement.kappa)},
          {"percent", subjects.empty() ? json() : json(100 * agreement.observed)},
          {"between", agreement_between(pairs)}};
}

// A text in one cell of a TSV file.
std::string cell(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

// tsv, qrels: a pair's grade is the mean of its graders; `sparrow evaluate --ground-truth` reads
// tsv. full: every grader's, so that nothing is lost when it is imported again.
std::string write_judgements(const Grades& pairs, const std::string& format) {
  std::string out;
  const auto put = std::back_inserter(out);
  if (format == "tsv") out = "itemId\tneighborId\tgrade\n";
  if (format == "full") out = "seed\titem\tgrade\tgrader\ttime\treason\tmodel\tversion\tnote\n";
  for (const auto& [pair, grades] : pairs) {
    if (format == "tsv")
      fmt::format_to(put, "{}\t{}\t{:g}\n", pair.first, pair.second, mean_grade(grades));
    else if (format == "qrels")
      fmt::format_to(put, "{} 0 {} {:.0f}\n", pair.first, pair.second, mean_grade(grades));
    else
      for (const auto& [grader, entry] : grades) {
        fmt::format_to(put, "{}\t{}\t{}\t{}", pair.first, pair.second, grade_of(entry),
                       cell(grader));
        for (const char* name : {"time", "reason", "model", "version", "note"})
          fmt::format_to(put, "\t{}", cell(live::text_of(entry, name)));
        out += '\n';
      }
  }
  return out;
}

std::vector<std::string> split_cells(std::string_view line, char separator) {
  std::vector<std::string> cells;
  while (true) {
    const auto end = line.find(separator);
    const auto part = line.substr(0, end);
    if (separator == '\t' || !part.empty()) cells.emplace_back(part);
    if (end == std::string_view::npos) return cells;
    line.remove_prefix(end + 1);
  }
}

// One line of an imported file as a judgement, or why it is none.
class JudgementReader {
 public:
  JudgementReader(const data::Catalog& catalog, std::string grader)
      : catalog_(catalog), grader_(std::move(grader)) {}

  // True: the line names the columns of those that follow.
  bool read_header(std::string_view line) {
    const auto cells = split_cells(line, '\t');
    const auto has = [&](std::string_view a, std::string_view b) {
      return std::find(cells.begin(), cells.end(), a) != cells.end() ||
             std::find(cells.begin(), cells.end(), b) != cells.end();
    };
    if (!has("seed", "itemId") || !has("item", "neighborId") || !has("grade", "grade"))
      return false;
    columns_ = cells;
    for (std::string& name : columns_) {
      if (name == "itemId") name = "seed";
      if (name == "neighborId") name = "item";
    }
    return true;
  }

  Result<json> read(std::string_view line) {
    const bool tabs = line.find('\t') != std::string_view::npos;
    const auto cells = split_cells(line, tabs ? '\t' : ' ');
    std::map<std::string, std::string> named;
    if (tabs && !columns_.empty()) {
      for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i)
        named[columns_[i]] = cells[i];
    } else if (cells.size() == 3) {
      named = {{"seed", cells[0]}, {"item", cells[1]}, {"grade", cells[2]}};
    } else if (cells.size() == 4) {  // TREC: topic, iteration, document, grade
      named = {{"seed", cells[0]}, {"item", cells[2]}, {"grade", cells[3]}};
    } else {
      return wrong(fmt::format("{} columns; seed, item, grade with tabs between, or qrels with 4",
                               cells.size()));
    }
    return judgement(named);
  }

  std::size_t rounded() const { return rounded_; }

 private:
  static Error wrong(std::string text) { return {ErrorCode::kInvalidInput, std::move(text)}; }

  Result<json> judgement(std::map<std::string, std::string>& named) {
    const std::string& text = named["grade"];
    double grade = NAN;
    const auto end = text.data() + text.size();
    if (text.empty() || std::from_chars(text.data(), end, grade).ptr != end)
      return wrong(fmt::format("the grade \"{}\" is not a number", text.substr(0, 32)));
    if (!(grade >= 0 && grade <= static_cast<double>(kGrades) - 1))
      return wrong(fmt::format("the grade {} is not within 0 and 3", text.substr(0, 32)));
    for (const char* name : {"seed", "item"}) {
      if (!catalog_.find(named[name]))
        return wrong(fmt::format("there is no item \"{}\"", named[name].substr(0, 64)));
    }
    if (named["grader"].empty()) named["grader"] = grader_;
    if (named["grader"].size() > 64) return wrong("the grader's name is longer than 64 bytes");
    if (grade != std::round(grade)) ++rounded_;
    json entry = {{"time", utc_now()}, {"grade", static_cast<int>(std::lround(grade))}};
    for (const char* name : kTextNames) {
      if (named[name].size() > kMaxNote) return wrong("a text is longer than 1,000 bytes");
      if (!named[name].empty()) entry[name] = named[name];
    }
    return entry;
  }

  const data::Catalog& catalog_;
  std::string grader_;
  std::vector<std::string> columns_;
  std::size_t rounded_ = 0;
};

}  // namespace

void get_judgements(Context& c, http::Response& response) {
  c.query.allow_only({"format", "seed", "grader"});
  const std::string format = c.query.text("format").value_or("json");
  if (format != "json" && format != "tsv" && format != "qrels" && format != "full")
    c.query.fail("format", "must be json, tsv, qrels or full");
  if (failed(c, response)) return;
  auto all = c.services.judgements.entries();
  if (!all) return fail(response, all.error());
  std::vector<json> entries = live::standing_judgements(std::move(*all));
  if (given_up(c, response)) return;
  for (const char* name : {"seed", "grader"}) {
    if (const auto wanted = c.query.text(name))
      std::erase_if(entries, [&](const json& e) { return live::text_of(e, name) != *wanted; });
  }
  const Grades pairs = latest_grades(entries);
  if (format == "json") {
    response.body =
        http::json_text(json{{"judgements", entries}, {"agreement", agreement_of(pairs)}});
    return;
  }
  response.content_type = "text/plain; charset=utf-8";
  response.body = write_judgements(pairs, format);
}

void post_judgements(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  auto list = json_body(c, response);
  if (!list) return;
  if (list->is_object()) list = json::array({*list});
  constexpr std::size_t kMost = 1000;
  if (!list->is_array() || list->empty() || list->size() > kMost)
    return http::write_error(response, 400, "invalid_input", "a list of 1 to 1,000 judgements",
                             "body");
  std::vector<json> kept;
  for (const json& entry : *list) {
    if (!member(response, entry, "grader", 64) || !member_item(c, response, entry, "seed") ||
        !member_item(c, response, entry, "item"))
      return;
    const json grade = entry.value("grade", json("missing"));
    if (!grade.is_null() && (!grade.is_number_integer() || grade < 0 || grade >= kGrades))
      return http::write_error(response, 400, "invalid_input",
                               "\"grade\" must be 0, 1, 2 or 3, or null to take it back", "grade");
    kept.push_back({{"time", utc_now()}, {"grade", grade}});
    for (const char* name : kTextNames) {
      if (!entry.contains(name)) continue;
      const auto text = live::text_of(entry, name);
      if (!entry[name].is_string() || text.size() > kMaxNote)
        return http::write_error(response, 400, "invalid_input",
                                 "must be a text of at most 1,000 bytes", name);
      kept.back()[name] = text;
    }
  }
  if (!may_write(c, response, kept.size())) return;
  if (auto saved = c.services.judgements.append_all(kept); !saved)
    return fail(response, saved.error());
  response.body = http::json_text(json{{"saved", kept.size()}});
}

// Wrong lines are rejected, counted and named; the others are kept. What a grader has said already
// is not said again.
void import_judgements(Context& c, http::Response& response) {
  c.query.allow_only({});
  if (failed(c, response)) return;
  const auto object = json_body(c, response);
  if (!object) return;
  const auto grader = member(response, *object, "grader", 64);
  const auto text = grader ? member(response, *object, "text", std::size_t{1} << 20) : std::nullopt;
  if (!text) return;
  const json first_line = object->value("first_line", json(1U));
  if (!first_line.is_number_unsigned() || first_line == 0)
    return http::write_error(response, 400, "invalid_input", "must be a whole number above 0",
                             "first_line");
  JudgementReader reader(c.view.dataset->catalog, *grader);
  if (const auto header = live::text_of(*object, "header");
      !header.empty() && !reader.read_header(header))
    return http::write_error(response, 400, "invalid_input",
                             "must name the columns seed, item and grade with tabs between",
                             "header");
  auto all = c.services.judgements.entries();
  if (!all) return fail(response, all.error());
  Grades known = latest_grades(live::standing_judgements(std::move(*all)));
  constexpr std::size_t kMostReasons = 50;
  std::vector<json> kept;
  std::size_t unchanged = 0;
  std::size_t rejected = 0;
  json reasons = json::array();
  auto number = first_line.get<std::size_t>();
  for (std::string_view rest = *text; !rest.empty(); ++number) {
    const auto newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#' || reader.read_header(line)) continue;
    auto entry = reader.read(line);
    if (!entry) {
      if (++rejected <= kMostReasons)
        reasons.push_back({{"line", number}, {"reason", entry.error().message}});
      continue;
    }
    json& before = known[{live::text_of(*entry, "seed"), live::text_of(*entry, "item")}]
                        [live::text_of(*entry, "grader")];
    if (before.is_object() && before["grade"] == (*entry)["grade"] &&
        live::text_of(before, "reason") == live::text_of(*entry, "reason")) {
      ++unchanged;
      continue;
    }
    before = *entry;
    kept.push_back(std::move(*entry));
  }
  if (!kept.empty()) {
    if (!may_write(c, response, kept.size())) return;
    if (auto saved = c.services.judgements.append_all(kept); !saved)
      return fail(response, saved.error());
  }
  response.body = http::json_text(json{{"saved", kept.size()},
                                       {"unchanged", unchanged},
                                       {"rounded", reader.rounded()},
                                       {"rejected", rejected},
                                       {"reasons", reasons}});
}

}  // namespace sparrow::api
