// The data card in the terminal and as JSON.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/data/time_form.h"
#include "sparrow/evaluate/data_card.h"

namespace sparrow::evaluate {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kIndent = 10;

// Words of a paragraph in lines that fit; the first line begins with `label`.
std::string paragraph(std::string_view label, std::string_view text) {
  std::string out = fmt::format("{:<{}}", label, kIndent);
  std::size_t column = kIndent;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (column > kIndent && column + 1 + word.size() > kWidth) {
      out += "\n" + std::string(kIndent, ' ');
      column = kIndent;
    }
    if (column > kIndent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

std::string number(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

// One row of blocks: how tall each of the counts is.
std::string blocks(const std::vector<std::uint64_t>& counts) {
  static constexpr std::array<const char*, 9> kBlocks = {" ", "▁", "▂", "▃", "▄",
                                                         "▅", "▆", "▇", "█"};
  const std::uint64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  std::string row;
  for (const std::uint64_t count : counts) {
    const std::size_t height = most == 0 ? 0 : (count * 8 + most - 1) / most;
    row += kBlocks[std::min<std::size_t>(8, height)];
  }
  return row;
}

std::string activity_text(const char* label, const Activity& activity) {
  std::string names;
  std::string counts;
  for (const auto& bin : activity.bins) {
    names += fmt::format("{:>9}", bin.name);
    counts += fmt::format("{:>9}", number(bin.count));
  }
  return fmt::format("{:<{}}{}\n{:<{}}{}\n", label, kIndent - 1, names, "", kIndent - 1, counts);
}

std::string values_text(const DataCard& card) {
  const data::ValueScale& s = card.info.scale;
  if (card.info.interactions == 0) return {};
  std::string text = paragraph("values", data::scale_text(s));
  if (s.name == "none" || s.name == "presence") return text;
  std::string edges;
  std::string shares;
  for (std::size_t b = 0; b < data::ValueScale::kBins; ++b) {
    edges += fmt::format("{:>8.4g}", s.bin_begin(b));
    shares += fmt::format("{:>6.1f} %", 100 * static_cast<double>(s.histogram[b]) /
                                            static_cast<double>(card.info.interactions));
  }
  return text + fmt::format("{:<{}}{}\n{:<{}}{}\n", "  from", kIndent, edges, "", kIndent, shares);
}

}  // namespace

std::string card_text(const DataCard& card) {
  const data::DatasetInfo& i = card.info;
  std::string out =
      paragraph("data", fmt::format("{}: {} items, {} users, {} interactions{}", i.name,
                                    number(i.items), number(i.users), number(i.interactions),
                                    i.simulated ? " (simulated viewers)" : ""));
  out += values_text(card);
  if (i.interactions > 0) {
    out += activity_text("users", card.users);
    out += activity_text("items", card.items);
    out += paragraph("", fmt::format("half of the users have {:.0f} or more, half of the items "
                                     "{:.0f} or more; {} items are never seen, {} interactions "
                                     "repeat an item",
                                     card.users.median, card.items.median, number(card.never_seen),
                                     number(i.duplicate_interactions)));
  }
  if (i.ordered && i.interactions > 0)
    out += fmt::format("{:<{}}{} |{}| {}\n", "time", kIndent,
                       data::time_text(card.time.first).substr(0, 10), blocks(card.time.counts),
                       data::time_text(card.time.last).substr(0, 10));
  std::vector<std::string> known;
  for (const UsedAttribute& a : card.attributes)
    known.push_back(
        fmt::format("{} ({}, {} %)", a.name, a.kind, i.items == 0 ? 0 : 100 * a.items / i.items));
  if (card.with_tags > 0) known.push_back(fmt::format("tags ({} items)", number(card.with_tags)));
  out += paragraph("content",
                   known.empty() ? "titles alone" : fmt::format("{}", fmt::join(known, ", ")));
  for (const CardWarning& w : card.warnings)
    out += paragraph("warning", w.what + (w.remedy.empty() ? "" : " " + w.remedy));
  for (const auto& [method, text] : card.methods) out += paragraph(method, text);
  return out;
}

nlohmann::json card_json(const DataCard& card) {
  const auto activity = [](const Activity& a) {
    nlohmann::json bins = nlohmann::json::array();
    for (const auto& bin : a.bins)
      bins.push_back({{"interactions", bin.name}, {"count", bin.count}});
    return nlohmann::json{{"bins", bins}, {"median", a.median}, {"most", a.most}};
  };
  nlohmann::json warnings = nlohmann::json::array();
  for (const CardWarning& w : card.warnings)
    warnings.push_back({{"weight", w.weight}, {"what", w.what}, {"remedy", w.remedy}});
  nlohmann::json methods = nlohmann::json::object();
  for (const auto& [method, text] : card.methods) methods[method] = text;
  nlohmann::json attributes = nlohmann::json::array();
  for (const UsedAttribute& a : card.attributes)
    attributes.push_back({{"name", a.name}, {"kind", a.kind}, {"items", a.items}});
  nlohmann::json files = nlohmann::json::array();
  for (const data::SourceFile& f : card.info.files) {
    nlohmann::json columns = nlohmann::json::array();
    for (const auto& [name, role] : f.columns) columns.push_back({{"name", name}, {"role", role}});
    files.push_back({{"name", f.name},
                     {"kind", f.kind},
                     {"dialect", f.dialect},
                     {"rows", f.rows},
                     {"rejected_lines", f.rejected_lines},
                     {"columns", columns}});
  }
  const data::ValueScale& s = card.info.scale;
  nlohmann::json scale = {{"name", s.name},
                          {"low", s.low},
                          {"high", s.high},
                          {"liked", s.liked},
                          {"liked_share", s.liked_share},
                          {"histogram", s.histogram}};
  if (s.unrated) scale["unrated"] = *s.unrated;
  return {{"scale", scale},
          {"joined", card.info.joined},
          {"ordered", card.info.ordered},
          {"users_by_activity", activity(card.users)},
          {"items_by_activity", activity(card.items)},
          {"time",
           {{"first", card.time.first}, {"last", card.time.last}, {"counts", card.time.counts}}},
          {"items_never_seen", card.never_seen},
          {"liked_histories", card.liked_histories},
          {"items_with_behavior", card.warm_items},
          {"items_with_year", card.with_year},
          {"items_with_tags", card.with_tags},
          {"attributes", attributes},
          {"files", files},
          {"notes", card.info.notes},
          {"warnings", warnings},
          {"methods", methods}};
}

}  // namespace sparrow::evaluate
