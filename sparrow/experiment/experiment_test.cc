// Experiments read from JSON: what is accepted, what is refused and in which words, decisions, the
// file.
#include "sparrow/experiment/experiment.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "sparrow/experiment/experiment_file.h"
#include "sparrow/experiment/iso_time.h"

namespace sparrow::experiment {
namespace {

using nlohmann::json;

json sound_experiment() {
  return json::parse(R"({
    "name": "fresh-rank", "hypothesis": "Newer items are watched longer.", "unit": "user",
    "layer": {"name": "page", "from": 0, "to": 0.5}, "scenarios": ["movie-page"],
    "variants": [{"name": "control", "weight": 1},
                 {"name": "fresh", "weight": 1, "settings": {"popularity": 0.2, "model": "fusion"}}],
    "metrics": ["click_through", {"name": "likes", "numerator": {"type": "like"},
                                  "denominator": "unit", "winsorise": 0.99}],
    "guardrails": ["short_lists"], "minimum_lift": 0.03, "covariate_days": 7,
    "start": "2026-11-01T00:00:00Z", "stop": "2026-11-15T00:00:00Z", "status": "running",
    "decisions": [{"time": "2026-11-01T00:00:00Z", "action": "start", "note": "agreed"}]})");
}

std::string trouble(const json& list, const KnownSetting& known = {}) {
  const auto read = read_experiments(list, known);
  if (read) return "";
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
  return read.error().message;
}

// The message of a sound experiment in which one member was replaced.
std::string trouble_with(const std::string& pointer, const json& value) {
  json object = sound_experiment();
  object[json::json_pointer(pointer)] = value;
  return trouble(json::array({object}));
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReadExperiments, ComesBackAsItWas) {
  const auto read = read_experiments(json::array({sound_experiment()}));
  ASSERT_TRUE(read) << read.error().message;
  const Experiment& one = read->front();
  EXPECT_EQ(one.variants[1].settings.at("popularity"), "0.2");
  EXPECT_EQ(one.salt, "fresh-rank");
  EXPECT_EQ(one.metrics[1].numerator.types, std::vector<std::string>{"like"});
  EXPECT_EQ(iso_time(one.stop_ms), "2026-11-15T00:00:00Z");
  const json written = to_json(one);
  const auto again = read_experiments(json::array({written}));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(again->front()), written);
}

TEST(ReadExperiments, LittleIsEnough) {
  const auto read = read_experiments(
      json::parse(R"([{"name": "a", "variants": [{"name": "x"}, {"name": "y"}]}])"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->front().metrics.front().name, "click_through");
  std::set<std::string> guardrails;
  for (const auto& metric : read->front().guardrails) guardrails.insert(metric.name);
  EXPECT_EQ(guardrails,
            (std::set<std::string>{"failed_lists", "slow_lists", "short_lists", "rejections"}));
  EXPECT_EQ(read->front().status, Status::kDraft);
}

TEST(ReadExperiments, NamesWhatIsWrong) {
  const std::string place = "experiment \"fresh-rank\": ";
  EXPECT_TRUE(holds(trouble_with("/colour", "red"), place + "\"colour\" is not known"));
  EXPECT_TRUE(holds(trouble_with("/name", "a:b"), "experiment 0: \"name\" must be 1 to 64"));
  EXPECT_TRUE(holds(trouble_with("/unit", "house"), place + "\"unit\" must be one of user"));
  EXPECT_TRUE(holds(trouble_with("/variants", json::array({{{"name", "x"}}})),
                    place + "\"variants\" must be a list of 2 to 20"));
  EXPECT_TRUE(
      holds(trouble_with("/variants/1/weight", 0), "variant 1: \"weight\" must be a number"));
  EXPECT_TRUE(holds(trouble_with("/variants/1/weight", "1"), "\"weight\" must be a number"));
  EXPECT_TRUE(holds(trouble_with("/variants/1/name", "control"), "is the name of another variant"));
  EXPECT_TRUE(holds(trouble_with("/variants/1/settings/model", json::array()), "\"model\""));
  EXPECT_TRUE(
      holds(trouble_with("/metrics", json::array({"clicks"})), "\"clicks\" is not a metric"));
  EXPECT_TRUE(holds(trouble_with("/metrics/1/numerator", "things"), "\"numerator\" must be"));
  EXPECT_TRUE(holds(trouble_with("/metrics/1/name", "revenue"), "is the name of a known metric"));
  EXPECT_TRUE(holds(trouble_with("/metrics/1/winsorise", 0.1), "\"winsorise\" must be a number"));
  EXPECT_TRUE(holds(trouble_with("/guardrails", json::array({"click_through"})), "\"guardrails\""));
  EXPECT_TRUE(holds(trouble_with("/layer/to", 0), "\"to\" must be above \"from\""));
  EXPECT_TRUE(holds(trouble_with("/stop", "2026-10-01"), "\"stop\" must be later"));
  EXPECT_TRUE(holds(trouble_with("/start", "yesterday"), "\"start\" must be a time"));
  EXPECT_TRUE(holds(trouble_with("/start", "2026-02-30"), "\"start\" must be a time"));
  EXPECT_TRUE(holds(trouble_with("/hypothesis", std::string(1001, 'x')), "\"hypothesis\""));
  EXPECT_TRUE(holds(trouble_with("/minimum_lift", 0), "\"minimum_lift\" must be a number"));
  EXPECT_TRUE(holds(trouble(json::object()), "must be a list"));
  EXPECT_TRUE(holds(trouble(json::array({1})), "experiment 0: must be an object"));
}

TEST(ReadExperiments, SettingsAreThoseThatAreKnown) {
  const KnownSetting known = [](std::string_view name) { return name == "model"; };
  EXPECT_TRUE(holds(trouble(json::array({sound_experiment()}), known), "\"popularity\""));
}

TEST(ReadExperiments, LayersDoNotOverlap) {
  json a = sound_experiment();
  json b = sound_experiment();
  EXPECT_TRUE(holds(trouble(json::array({a, b})), "is there twice"));
  b["name"] = "other";
  EXPECT_TRUE(holds(trouble(json::array({a, b})),
                    "experiment \"other\": \"layer\" overlaps in \"page\" with experiment "
                    "\"fresh-rank\""));
  b["layer"]["from"] = 0.5;
  b["layer"]["to"] = 1;
  EXPECT_EQ(trouble(json::array({a, b})), "");
  b["layer"]["from"] = 0;
  b["status"] = "stopped";
  EXPECT_EQ(trouble(json::array({a, b})), "");
}

TEST(Decide, AllowsWhatTheStatusAllows) {
  Experiment experiment;
  experiment.name = "x";
  EXPECT_EQ(decide(experiment, "stop", 5, "").error().code, ErrorCode::kConflict);
  EXPECT_EQ(decide(experiment, "dance", 5, "").error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(decide(experiment, "start", 5, "go"));
  EXPECT_EQ(experiment.start_ms, 5);
  EXPECT_EQ(decide(experiment, "start", 6, "").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(decide(experiment, "stop", 9, ""));
  ASSERT_TRUE(decide(experiment, "ship", 12, "clear"));
  EXPECT_EQ(experiment.stop_ms, 9);
  EXPECT_EQ(experiment.status, Status::kShipped);
  ASSERT_EQ(experiment.decisions.size(), 3U);
  EXPECT_EQ(experiment.decisions[0].note, "go");
}

TEST(ExperimentFile, ChangesAsAWhole) {
  const std::filesystem::path folder = testing::TempDir() + "sparrow-experiment-file";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto path = folder / "experiments.json";
  ASSERT_TRUE(read_experiment_file(path));
  const auto add = [](ExperimentFile& file) -> Result<void> {
    auto read = read_experiments(json::array({sound_experiment()}));
    file.experiments.push_back(read->front());
    return {};
  };
  const auto first = change_experiment_file(path, add);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->version, 1U);
  EXPECT_FALSE(change_experiment_file(path, add));  // the name is there twice
  auto read = read_experiment_file(path);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, 1U);
  ASSERT_NE(read->find("fresh-rank"), nullptr);
  EXPECT_EQ(read->find("none"), nullptr);
  std::ofstream(path) << "{\"experiments\": 3}";
  EXPECT_TRUE(holds(read_experiment_file(path).error().message, "experiments.json: "));
}

TEST(IsoTime, ReadsAndWrites) {
  EXPECT_EQ(parse_iso("1970-01-02"), kDayMs);
  EXPECT_EQ(iso_time(*parse_iso("2026-11-30T10:02:03.250Z")), "2026-11-30T10:02:03.250Z");
  for (const char* wrong : {"", "2026", "2026-13-01", "2026-11-30T10:00", "2026-11-30T25:00:00Z",
                            "2026-11-30T10:00:00.Z", "2026-11-30 10:00:00Z"})
    EXPECT_FALSE(parse_iso(wrong)) << wrong;
}

}  // namespace
}  // namespace sparrow::experiment
