#include "splits.h"

#include <cstring>
#include <filesystem>
#include <memory>

#include "arrays.h"
#include "errors.h"
#include "options.h"
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/data/interaction_file.h"
#include "sparrow/data/log_source.h"
#include "sparrow/data/log_split.h"
#include "sparrow/data/source_files.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

nb::dict dict_of(data::PackedHistories histories) {
  nb::dict columns;
  columns["user_offsets"] = array<std::int32_t>(std::move(histories.user_offsets));
  columns["users"] = array<std::uint8_t>(std::move(histories.users));
  columns["splits"] = array<std::int64_t>(std::move(histories.splits));
  columns["firsts"] = array<std::int64_t>(std::move(histories.firsts));
  columns["duplicates"] = array<std::int64_t>(std::move(histories.duplicates));
  columns["event_offsets"] = array<std::int32_t>(std::move(histories.event_offsets));
  columns["events"] = array<std::uint8_t>(std::move(histories.events));
  return columns;
}

// The layouts of a log and the rows of its items: made once in a process, used by all its tasks.
struct Layouts {
  data::LogFile log;
  data::IdTable items;
};

std::shared_ptr<const Layouts> make_layouts(const std::string& text, nb::bytes ids) {
  auto layouts = std::make_shared<Layouts>();
  layouts->log = take(data::parse_log_file(text));
  std::string_view rest(ids.c_str(), ids.size());
  while (!rest.empty()) {
    const auto newline = std::min(rest.find('\n'), rest.size() - 1);
    layouts->items.add(rest.substr(0, newline));
    rest.remove_prefix(newline + 1);
  }
  return layouts;
}

class Split {
 public:
  Split(std::shared_ptr<const Layouts> layouts, std::size_t part, std::int64_t split, bool begins)
      : layouts_(std::move(layouts)) {
    if (part >= layouts_->log.parts.size()) invalid("the log has no such part");
    split_ =
        std::make_unique<data::LogSplit>(layouts_->log.parts[part], layouts_->items, split, begins);
  }

  // Lines without their ends, as Spark has them in a column of Arrow.
  void add_lines(In<std::int32_t> offsets, In<std::uint8_t> bytes) {
    lines_.clear();
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      lines_ += piece(bytes, offsets.data()[i], offsets.data()[i + 1]);
      lines_ += '\n';
    }
    split_->add(lines_);
  }
  std::size_t buffered() const { return split_->buffered(); }

  nb::dict read(data::LogSplit::Behind behind) {
    data::PackedHistories histories;
    {
      const nb::gil_scoped_release released;
      histories = split_->read(behind);
    }
    return dict_of(std::move(histories));
  }

  nb::tuple read_items(data::LogSplit::Behind behind, std::optional<std::size_t> title) {
    data::SplitItems items = split_->read_items(behind, title);
    return nb::make_tuple(items.ids, items.titles, array<std::int64_t>(std::move(items.firsts)));
  }

  const data::LogSplit& counts() const { return *split_; }

 private:
  std::shared_ptr<const Layouts> layouts_;
  std::unique_ptr<data::LogSplit> split_;
  std::string lines_;
};

class Merger {
 public:
  void add(In<std::int32_t> user_offsets, In<std::uint8_t> users, In<std::int64_t> splits,
           In<std::int64_t> firsts, In<std::int32_t> event_offsets, In<std::uint8_t> events) {
    const std::size_t n = splits.size();
    if (user_offsets.size() != n + 1 || event_offsets.size() != n + 1 || firsts.size() != n)
      invalid("columns of different lengths");
    for (std::size_t i = 0; i < n; ++i) {
      merger_.add(piece(users, user_offsets.data()[i], user_offsets.data()[i + 1]),
                  splits.data()[i], firsts.data()[i],
                  piece(events, event_offsets.data()[i], event_offsets.data()[i + 1]));
    }
  }
  std::size_t buffered() const { return merger_.buffered(); }
  nb::dict take_histories(bool all) { return dict_of(take(merger_.take(all))); }

 private:
  data::HistoryMerger merger_;
};

// interactions.bin, written history by history.
class InteractionFile {
 public:
  InteractionFile(const std::string& path, In<std::int64_t> counts) {
    std::vector<std::uint64_t> offsets(counts.size() + 1, 0);
    for (std::size_t u = 0; u < counts.size(); ++u)
      offsets[u + 1] = offsets[u] + static_cast<std::uint64_t>(counts.data()[u]);
    counts_.assign(counts.data(), counts.data() + counts.size());
    writer_ = std::make_unique<data::InteractionWriter>(
        take(data::InteractionWriter::create(path, offsets, kBufferBytes)));
  }

  // The next histories in the order of users; each has as many interactions as was said.
  void add(In<std::int32_t> event_offsets, In<std::uint8_t> events) {
    for (std::size_t i = 0; i + 1 < event_offsets.size(); ++i) {
      const auto history = piece(events, event_offsets.data()[i], event_offsets.data()[i + 1]);
      const std::size_t n = history.size() / data::PackedHistories::kEventBytes;
      if (user_ >= counts_.size() || n != static_cast<std::size_t>(counts_[user_++]))
        invalid("a history is not as long as was said");
      const char* const items = history.data();
      const char* const values = items + n * sizeof(Row);
      const char* const times = values + n * sizeof(float);
      for (std::size_t e = 0; e < n; ++e) {
        Row item = 0;
        float value = 0;
        std::int64_t time = 0;
        std::memcpy(&item, items + e * sizeof(item), sizeof(item));
        std::memcpy(&value, values + e * sizeof(value), sizeof(value));
        std::memcpy(&time, times + e * sizeof(time), sizeof(time));
        writer_->add(item, value, time);
      }
    }
  }
  void close() {
    if (user_ != counts_.size()) invalid("histories are missing");
    take(writer_->close());
  }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{16} << 20;
  std::vector<std::int64_t> counts_;
  std::size_t user_ = 0;
  std::unique_ptr<data::InteractionWriter> writer_;
};

// What is liked of each history: offsets, items, times, values.
nb::tuple positives(In<std::int32_t> event_offsets, In<std::uint8_t> events, float liked) {
  std::vector<std::int32_t> offsets{0};
  std::vector<Row> items;
  std::vector<std::int64_t> times;
  std::vector<float> values;
  for (std::size_t i = 0; i + 1 < event_offsets.size(); ++i) {
    const auto history = piece(events, event_offsets.data()[i], event_offsets.data()[i + 1]);
    const std::size_t n = history.size() / data::PackedHistories::kEventBytes;
    const char* const values_at = history.data() + n * sizeof(Row);
    for (std::size_t e = 0; e < n; ++e) {
      float value = 0;
      std::memcpy(&value, values_at + e * sizeof(value), sizeof(value));
      if (!(value >= liked)) continue;
      values.push_back(value);
      std::memcpy(&items.emplace_back(), history.data() + e * sizeof(Row), sizeof(Row));
      std::memcpy(&times.emplace_back(), values_at + n * sizeof(value) + e * sizeof(std::int64_t),
                  sizeof(std::int64_t));
    }
    offsets.push_back(static_cast<std::int32_t>(items.size()));
  }
  return nb::make_tuple(array<std::int32_t>(std::move(offsets)), array<Row>(std::move(items)),
                        array<std::int64_t>(std::move(times)), array<float>(std::move(values)));
}

// Which files of the given folder, file or archive are the log and which the catalogue.
nb::dict source_files(const Flags& flags, const std::string& scratch) {
  const data::ReadOptions options = read_options(flags);
  data::SourceQuery query;
  query.data = options.directory;
  query.items = options.items;
  query.interactions = options.interactions;
  query.columns = options.columns;
  query.dialect = options.dialect;
  query.scratch = scratch;
  const auto found = take(data::find_source_files(query));
  const auto paths = [](const std::vector<data::TableFile>& tables) {
    std::vector<std::string> names;
    for (const auto& table : tables) names.push_back(table.path.string());
    return names;
  };
  nb::dict files;
  files["format"] = found.format;
  files["log"] = paths(found.log);
  files["items"] = paths(found.items);
  return files;
}

std::vector<std::string> paths_of(const data::LogFile& log) {
  std::vector<std::string> paths;
  for (const auto& part : log.parts) paths.push_back(part.path.string());
  return paths;
}

std::vector<std::string> lines_of(const std::string& file) {
  const std::string text = take(data::read_log_text(file));
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const auto newline = std::min(rest.find('\n'), rest.size() - 1);
    lines.emplace_back(rest.substr(0, newline));
    rest.remove_prefix(newline + 1);
  }
  return lines;
}

// What the cluster says of a log that it has read.
struct ClusterAnswer {
  std::string file;
  data::LogContent content;
};

ClusterAnswer ask(const nb::object& object, const data::LogFile& log, const data::IdTable& items) {
  const nb::gil_scoped_acquire gil;
  std::string ids;
  for (std::uint32_t i = 0; i < items.size(); ++i) ids += items[i] + "\n";
  const nb::dict answer = nb::cast<nb::dict>(object.attr("read")(
      data::log_file_text(log), paths_of(log), nb::bytes(ids.data(), ids.size())));
  ClusterAnswer result;
  result.file = nb::cast<std::string>(answer["file"]);
  data::LogContent& content = result.content;
  content.users = lines_of(nb::cast<std::string>(answer["users"]));
  content.rows = nb::cast<std::uint64_t>(answer["rows"]);
  content.lines = nb::cast<std::uint64_t>(answer["lines"]);
  content.unknown_items = nb::cast<std::uint64_t>(answer["unknown_items"]);
  content.duplicates = nb::cast<std::uint64_t>(answer["duplicates"]);
  using Rejects = std::vector<std::tuple<std::string, std::uint64_t, std::string>>;
  for (auto& [name, line, reason] : nb::cast<Rejects>(answer["rejects"]))
    content.reject({name, line, std::move(reason)});
  content.reject_count = nb::cast<std::uint64_t>(answer["reject_count"]);
  return result;
}

}  // namespace

data::LogReader log_reader_of(const nb::object& object) {
  data::LogReader reader;
  reader.read = [&object](const data::LogFile& log, const data::IdTable& items,
                          const RunControl&) -> Result<data::LogContent> {
    ClusterAnswer answer = ask(object, log, items);
    auto mapped = data::map_interactions(answer.file, items.size());
    if (!mapped) return mapped.error();
    answer.content.interactions = std::move(*mapped);
    answer.content.file = answer.file;
    return std::move(answer.content);
  };
  reader.read_items = [&object](const data::LogFile& log,
                                std::optional<std::size_t> title) -> Result<data::LogItems> {
    const nb::gil_scoped_acquire gil;
    using Answer = std::tuple<std::vector<std::string>, std::vector<std::string>>;
    auto [ids, titles] = nb::cast<Answer>(
        object.attr("read_items")(data::log_file_text(log), paths_of(log), nb::cast(title)));
    data::LogItems items;
    for (const auto& id : ids) items.ids.add(id);
    if (title) items.titles = std::move(titles);
    return items;
  };
  return reader;
}

void add_splits(nb::module_& module) {
  nb::class_<Layouts>(module, "Layouts", "How a log is laid out, and the rows of its items.")
      .def_static("make", &make_layouts, nb::arg("text"), nb::arg("ids"));
  nb::enum_<data::LogSplit::Behind>(module, "Behind", "What follows the text so far.")
      .value("WINDOW", data::LogSplit::Behind::kWindow)
      .value("SPLIT", data::LogSplit::Behind::kSplit)
      .value("NOTHING", data::LogSplit::Behind::kNothing);
  nb::class_<Split>(module, "Split", "One split of a log, read in windows.")
      .def(nb::init<std::shared_ptr<const Layouts>, std::size_t, std::int64_t, bool>(),
           nb::arg("layouts"), nb::arg("part"), nb::arg("split"), nb::arg("begins"))
      .def("add_lines", &Split::add_lines, nb::arg("offsets"), nb::arg("bytes"))
      .def_prop_ro("buffered", &Split::buffered)
      .def("read", &Split::read, nb::arg("behind"))
      .def("read_items", &Split::read_items, nb::arg("behind"), nb::arg("title").none())
      .def_prop_ro("rejects",
                   [](const Split& s) {
                     std::vector<std::tuple<std::uint64_t, std::string>> rejects;
                     for (const auto& r : s.counts().rejects())
                       rejects.emplace_back(r.line, r.reason);
                     return rejects;
                   })
      .def_prop_ro("reject_count", [](const Split& s) { return s.counts().reject_count(); })
      .def_prop_ro("rows", [](const Split& s) { return s.counts().rows(); })
      .def_prop_ro("lines", [](const Split& s) { return s.counts().lines(); })
      .def_prop_ro("unknown_items", [](const Split& s) { return s.counts().unknown_items(); })
      .def_prop_ro("unfinished", [](const Split& s) { return s.counts().unfinished(); });
  nb::class_<Merger>(module, "HistoryMerger", "Joins the pieces of histories, in order of time.")
      .def(nb::init<>())
      .def("add", &Merger::add, nb::arg("user_offsets"), nb::arg("users"), nb::arg("splits"),
           nb::arg("firsts"), nb::arg("event_offsets"), nb::arg("events"))
      .def_prop_ro("buffered", &Merger::buffered)
      .def("take", &Merger::take_histories, nb::arg("all"));
  nb::class_<InteractionFile>(module, "InteractionFile", "interactions.bin, history by history.")
      .def(nb::init<const std::string&, In<std::int64_t>>(), nb::arg("path"), nb::arg("counts"))
      .def("add", &InteractionFile::add, nb::arg("event_offsets"), nb::arg("events"))
      .def("close", &InteractionFile::close);
  module.def("positives", &positives, nb::arg("event_offsets"), nb::arg("events"),
             nb::arg("liked"));
  module.def("source_files", &source_files, nb::arg("flags"), nb::arg("scratch"));
}

}  // namespace sparrow::python
