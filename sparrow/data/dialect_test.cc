// What is told of files by looking at them: dialect, times, lists, scale, columns.
#include "sparrow/data/dialect.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/data/column_mapping.h"
#include "sparrow/data/list_cells.h"
#include "sparrow/data/time_form.h"
#include "sparrow/data/title.h"
#include "sparrow/data/value_scale.h"

namespace sparrow::data {
namespace {

TEST(Dialect, SeparatorsAreToldByEqualNumbersOfFields) {
  EXPECT_EQ(find_dialect("userId,movieId,rating\n1,2,3.5\n1,3,4\n").separator, ",");
  EXPECT_EQ(find_dialect("id;title;price\n1;Salt, pepper;2,50\n2;Oil, fine;3,10\n").separator, ";");
  EXPECT_EQ(find_dialect("1\t2\t5\t881250949\n1\t3\t4\t881250950\n").separator, "\t");
  EXPECT_EQ(find_dialect("1::Toy Story (1995)::Animation|Comedy\n2::Heat::Crime|Drama\n").separator,
            "::");
  EXPECT_EQ(find_dialect("id,title,genres\n1,Heat,Crime|Drama\n2,Up,Comedy|Family\n").separator,
            ",");
  EXPECT_EQ(find_dialect("1|Toy Story|1995\n2|Heat|1995\n").separator, "|");
}

TEST(Dialect, HeadersAreToldByNamesAndValues) {
  EXPECT_TRUE(find_dialect("user_id:token\titem_id:token\n1\t2\n").header);
  EXPECT_TRUE(find_dialect("a,b\n1,2\n3,4\n").header);
  EXPECT_FALSE(find_dialect("196,242,3,881250949\n186,302,3,891717742\n").header);
  EXPECT_FALSE(find_dialect("ann,Heat\nann,Up\nbob,Heat\nann,Heat\n").header);
  EXPECT_TRUE(find_dialect("User-ID;ISBN;Book-Rating\n1;034545104X;0\n").header);
}

TEST(Dialect, EncodingsAndLineEnds) {
  EXPECT_EQ(find_dialect("a,b\r\n1,2\r\n").line_end, LineEnd::kCrLf);
  EXPECT_EQ(find_dialect("a,b\r1,2\r").line_end, LineEnd::kCr);
  EXPECT_EQ(find_dialect("id,title\n1,Mis\xE9rables\n").encoding, Encoding::kWindows1252);
  EXPECT_EQ(find_dialect("id,title\n1,Mis\xC3\xA9rables\n").encoding, Encoding::kUtf8);
  const std::string utf16("\xFF\xFEi\0d\0,\0t\0\n\0001\0,\0x\0\n\0", 20);
  const Dialect wide = find_dialect(utf16);
  EXPECT_EQ(wide.encoding, Encoding::kUtf16Le);
  EXPECT_EQ(wide.separator, ",");
  EXPECT_EQ(decode_text(utf16, wide.encoding), "id,t\n1,x\n");
  EXPECT_EQ(find_encoding(std::string_view(utf16).substr(2)), Encoding::kUtf16Le);
  EXPECT_EQ(find_encoding(std::string_view(utf16).substr(3)), Encoding::kUtf16Be);
  // A character that the end of what was looked at cuts is no reason to think of another encoding.
  EXPECT_EQ(find_encoding("Mis\xC3"), Encoding::kUtf8);
}

TEST(Dialect, GivenPointsWin) {
  const auto given = parse_dialect("separator=,,header=no,quote=none");
  ASSERT_TRUE(given) << given.error().message;
  const Dialect dialect = find_dialect("id;a,b\n1;c,d\n", *given);
  EXPECT_EQ(dialect.separator, ",");
  EXPECT_FALSE(dialect.header);
  EXPECT_EQ(dialect.quoting, Quoting::kNone);
  EXPECT_FALSE(parse_dialect("seperator=;"));
  EXPECT_FALSE(parse_dialect("header=maybe"));
}

TEST(TimeForm, OneUnitForAFile) {
  const std::vector<std::string_view> milliseconds = {"1500000000000", "1500000001000", "7"};
  EXPECT_EQ(find_time_form(milliseconds).unit, TimeUnit::kMilliseconds);
  const std::vector<std::string_view> days = {"20150331", "20150401"};
  EXPECT_EQ(find_time_form(days).unit, TimeUnit::kCompactDate);
  const std::vector<std::string_view> dates = {"31/12/2015 8:26", "03/04/2015 23:00"};
  EXPECT_EQ(find_time_form(dates), (TimeForm{TimeUnit::kDates, DateOrder::kDayFirst}));
}

TEST(TimeForm, DatesAsPeopleWriteThem) {
  const auto seconds = [](std::string_view text) {
    std::int64_t at = -1;
    return parse_date(text, DateOrder::kMonthFirst, at) ? at : -1;
  };
  const std::int64_t noon = 1427803200;  // 2015-03-31 12:00:00 UTC
  for (const auto* text :
       {"2015-03-31 12:00:00", "2015-03-31T12:00:00Z", "2015-03-31T14:00:00+02:00",
        "2015-03-31T12:00:00.123456", "2015/03/31 12:00", "3/31/2015 12:00", "31-Mar-2015 12:00:00",
        "March 31, 2015 12:00", "2015-03-31 12:00:00 UTC", "3/31/2015 12:00:00 PM",
        "2015-03-31 12:00:00.5 +0000 UTC", "2015-03-31 14:00:00 +0200 CEST"})
    EXPECT_EQ(seconds(text), noon) << text;
  for (const auto* text : {"2015-02-30", "2015-13-01", "noon", "", "12", "2015-03-31 25:00",
                           "2015-03-31 12:00:00 +0000 and more"})
    EXPECT_EQ(seconds(text), -1) << text;
}

TEST(ListCells, FormsOfAColumn) {
  const auto split = [](std::vector<std::string_view> cells, ListExpected expected) {
    return split_cell(cells[0], find_list_form(cells, expected));
  };
  const Names both = {"Action", "Comedy"};
  for (const auto* cell :
       {"Action|Comedy", "Action, Comedy", "[\"Action\", \"Comedy\"]", "['Action', 'Comedy']",
        "[{'id': 28, 'name': 'Action'}, {'id': 35, 'name': 'Comedy'}]", "Action;Comedy",
        "[{\"id\": 28, \"name\": \"Action\"}, {\"name\": \"Comedy\"}]",
        "{'Action': 3, 'Comedy': 1}"})
    EXPECT_EQ(split({cell}, ListExpected::kYes), both) << cell;
  EXPECT_EQ(split({"[\"O'Brien\", 'say \\'hi\\'']"}, ListExpected::kYes),
            (Names{"O'Brien", "say 'hi'"}));
  // Sentences with commas are no lists.
  EXPECT_EQ(
      split({"A tale, of sorts", "Dust, and horses", "Rain, again"}, ListExpected::kNo).size(), 1U);
}

ValueScale scale_of(std::vector<float> values, ScaleOptions options = {}) {
  auto scale = find_scale(values, options);
  EXPECT_TRUE(scale) << scale.error().message;
  return *scale;
}

TEST(ValueScale, ToldByTheDistribution) {
  EXPECT_EQ(scale_of({1, 2.5, 4, 5, 3.5}).name, "stars");
  EXPECT_FLOAT_EQ(scale_of({1, 2.5, 4, 5, 3.5}).liked, 3.5F);
  EXPECT_EQ(scale_of({1, 7, 10, 4, 8, 9}).name, "points");
  EXPECT_FLOAT_EQ(scale_of({1, 7, 10, 4, 8, 9}).liked, 7);
  EXPECT_EQ(scale_of({0, 1, 1, 0}).name, "zero-one");
  EXPECT_FLOAT_EQ(scale_of({0, 1, 1, 0}).liked, 1);
  EXPECT_EQ(scale_of({1, 1, 1}).name, "presence");
  EXPECT_DOUBLE_EQ(scale_of({1, 1, 1}).liked_share, 1);
  EXPECT_EQ(scale_of({10, 50, 75, 100, 35, 60}).name, "percent");
  EXPECT_EQ(scale_of({0.1F, 3.7F, 12, 250.5F, 900, 1.2F}).name, "amounts");
  EXPECT_EQ(*scale_of({-1, 8, 10, 7, -1, 9}).unrated, -1);
  EXPECT_EQ(*scale_of({0, 0, 0, 8, 10, 7, 0, 9, 5}).unrated, 0);
  EXPECT_FALSE(scale_of({0, 1, 2, 3, 4, 5}).unrated);
  EXPECT_EQ(scale_of({1, 2, 3}, {.scale = "1..7"}).high, 7);
  EXPECT_FALSE(find_scale(std::vector<float>{1}, {.scale = "seven"}));
}

TEST(Title, EntitiesYearsAndBrackets) {
  EXPECT_EQ(clean_title(" Tom &amp; Jerry&#39;s\x01 day "), "Tom & Jerry's day");
  EXPECT_EQ(parse_title("Widget (red)", TitleForm::kPlain).title, "Widget (red)");
  EXPECT_EQ(parse_title("Heat (1995)", TitleForm::kPlain).year, 1995);
  for (const auto* text : {"1999", "1999.0", "1999-03-31", "31-Mar-1999", "1999-2003", "(1999)"})
    EXPECT_EQ(year_of_text(text), 1999) << text;
  EXPECT_EQ(year_of_text("n/a"), 0);
}

class ColumnMappingTest : public testing::Test {
 protected:
  TableFile table(const std::string& text) {
    const auto path = std::filesystem::temp_directory_path() /
                      (std::string("sparrow-columns-") +
                       testing::UnitTest::GetInstance()->current_test_info()->name());
    std::ofstream(path, std::ios::binary) << text;
    auto looked = look_at_table(path, {});
    EXPECT_TRUE(looked) << looked.error().message;
    std::filesystem::remove(path);
    return *looked;
  }
};

TEST_F(ColumnMappingTest, UsualNamesAreKnown) {
  const auto log = table("user_id,movie_id,rating,timestamp\n1,2,3,10\n1,3,4,11\n");
  const auto mapping = map_log_columns(log, {}, {});
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_EQ(mapping->roles, (std::map<std::string, std::size_t>{
                                {"user", 0}, {"item", 1}, {"value", 2}, {"time", 3}}));
}

TEST_F(ColumnMappingTest, OfTwoIdsTheOneThatJoinsIsTaken) {
  const auto items = table("id,book_id,title\n1,900,A\n2,901,B\n3,902,C\n");
  const auto mapping = map_catalog_columns(items, {}, {{"900", "902"}, "book_id"});
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->roles.at("id"), 1U);
  EXPECT_EQ(mapping->notes.size(), 1U);
}

TEST_F(ColumnMappingTest, WrongNamesAndRolesNameTheNearest) {
  const auto log = table("user_id,movie_id,rating\n1,2,3\n");
  const auto column = map_log_columns(log, {{"item", "movieid_"}, {"user", "usr_id"}}, {});
  ASSERT_FALSE(column);
  EXPECT_NE(column.error().message.find("did you mean \"user_id\"?"), std::string::npos)
      << column.error().message;
  const auto role = check_roles({{"itme", "movie_id"}});
  ASSERT_FALSE(role);
  EXPECT_NE(role.error().message.find("did you mean \"item\"?"), std::string::npos);
}

}  // namespace
}  // namespace sparrow::data
