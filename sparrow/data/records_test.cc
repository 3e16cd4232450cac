#include "sparrow/data/records.h"

#include <gtest/gtest.h>

#include "sparrow/data/title.h"

namespace sparrow::data {
namespace {

std::vector<std::vector<std::string>> records(std::string_view text, Dialect dialect = {}) {
  RecordReader reader(text, std::move(dialect));
  std::vector<std::vector<std::string>> all;
  while (reader.next()) {
    all.emplace_back();
    for (const auto field : reader.fields()) all.back().emplace_back(field);
  }
  return all;
}

using Records = std::vector<std::vector<std::string>>;

TEST(Records, FollowsRfc4180) {
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

TEST(Records, NamesLinesAndProblems) {
  RecordReader reader("h\n\"a\nb\",1\nlast,\"open", {});
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 1U);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 2U);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 4U);
  EXPECT_EQ(reader.problem(), "a quoted field is not closed");
  EXPECT_FALSE(reader.next());
  RecordReader stray("\"a\"b,c\nd\n", {});
  ASSERT_TRUE(stray.next());
  EXPECT_FALSE(stray.problem().empty());
  ASSERT_TRUE(stray.next());
  EXPECT_EQ(stray.fields().front(), "d");
}

TEST(Records, AStrayQuoteCostsItsLineOnly) {
  Dialect dialect;
  dialect.fields = 2;
  RecordReader reader("a,b\n1,\"so fine\n2,x\n3,\"two\nlines\"\n4,\"no\n5,y\"z\n6,w\n", dialect);
  std::vector<std::string> sound;
  std::vector<std::uint64_t> bad;
  while (reader.next()) {
    if (reader.problem().empty())
      sound.emplace_back(reader.fields()[0]);
    else
      bad.push_back(reader.line());
  }
  EXPECT_EQ(sound, (std::vector<std::string>{"a", "2", "3", "5", "6"}));
  EXPECT_EQ(bad, (std::vector<std::uint64_t>{2, 6}));
}

TEST(Records, EveryDialect) {
  Dialect dialect;
  dialect.separator = ";";
  dialect.quoting = Quoting::kBackslash;
  EXPECT_EQ(records("\"a \\\"b\\\"\";\"c\"\n", dialect), (Records{{"a \"b\"", "c"}}));
  dialect = {};
  dialect.separator = "::";
  dialect.quoting = Quoting::kNone;
  EXPECT_EQ(records("1::\"Toy\" Story: x::A|B\n", dialect),
            (Records{{"1", "\"Toy\" Story: x", "A|B"}}));
  dialect = {};
  dialect.spaces = true;
  EXPECT_EQ(records("1, \"a, b\" , 3\n", dialect), (Records{{"1", "a, b", " 3"}}));
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
