#include "sparrow/data/csv.h"

#include <gtest/gtest.h>

#include "sparrow/data/title.h"

namespace sparrow::data {
namespace {

std::vector<std::vector<std::string>> records(std::string_view text) {
  CsvReader reader(text);
  std::vector<std::vector<std::string>> all;
  while (reader.next()) {
    all.emplace_back();
    for (const auto field : reader.fields()) all.back().emplace_back(field);
  }
  return all;
}

using Records = std::vector<std::vector<std::string>>;

TEST(Csv, FollowsRfc4180) {
  EXPECT_EQ(records("a,b\r\n1,2\n"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(records("\xEF\xBB\xBF"
                    "a,b"),
            (Records{{"a", "b"}}));
  EXPECT_EQ(records("1,\"Matrix, The (1999)\",x\n"), (Records{{"1", "Matrix, The (1999)", "x"}}));
  EXPECT_EQ(records("\"say \"\"hi\"\"\",\"two\nlines\"\r\nz\n"),
            (Records{{"say \"hi\"", "two\nlines"}, {"z"}}));
  EXPECT_EQ(records("a,,\n"), (Records{{"a", "", ""}}));
  EXPECT_EQ(records("\n\n\r\n"), Records{});
  EXPECT_EQ(records("\"\",x"), (Records{{"", "x"}}));
}

TEST(Csv, NamesLinesAndProblems) {
  CsvReader reader("h\n\"a\nb\",1\nlast,\"open");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 1U);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 2U);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 4U);
  EXPECT_EQ(reader.problem(), "a quoted field is not closed");
  EXPECT_FALSE(reader.next());
  CsvReader stray("\"a\"b,c\nd\n");
  ASSERT_TRUE(stray.next());
  EXPECT_FALSE(stray.problem().empty());
  ASSERT_TRUE(stray.next());
  EXPECT_EQ(stray.fields().front(), "d");
}

TEST(Dat, SplitsAtDoubleColonAndReadsLatin1) {
  EXPECT_EQ(split_dat("1::Toy Story (1995)::Animation|Comedy").size(), 3U);
  EXPECT_EQ(latin1_to_utf8("Mis\xE9rables"), "Misérables");
}

TEST(Title, ReadsAsPeopleDo) {
  const auto check = [](std::string_view raw, std::string_view title, int year,
                        std::vector<std::string> others = {}) {
    const ParsedTitle parsed = parse_title(raw);
    EXPECT_EQ(parsed.title, title) << raw;
    EXPECT_EQ(parsed.year, year) << raw;
    EXPECT_EQ(parsed.alternative_titles, others) << raw;
  };
  check("Matrix, The (1999)", "The Matrix", 1999);
  check("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
        "The City of Lost Children", 1995, {"La Cité des enfants perdus"});
  check("Misérables, Les (1995)", "Les Misérables", 1995);
  check("Avventura, L' (Adventure, The) (1960)", "L'Avventura", 1960, {"The Adventure"});
  check("Seven (a.k.a. Se7en) (1995)", "Seven", 1995, {"Se7en"});
  check("(500) Days of Summer (2009)", "(500) Days of Summer", 2009);
  check("Big Bang Theory, The (2007-)", "The Big Bang Theory", 2007);
  check("Babylon 5", "Babylon 5", 0);
  check("2001: A Space Odyssey (1968) ", "2001: A Space Odyssey", 1968);
  check("Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
        "The Good, the Bad and the Ugly", 1966, {"Il Buono, il brutto, il cattivo"});
}

}  // namespace
}  // namespace sparrow::data
