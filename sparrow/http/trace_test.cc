#include "sparrow/http/trace.h"

#include <gtest/gtest.h>

namespace sparrow::http {
namespace {

// The example of the specification.
constexpr std::string_view kGiven = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, IsContinuedUnderASpanOfOurOwn) {
  EXPECT_EQ(continue_trace(kGiven, 0xab),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ab-01");
  EXPECT_EQ(trace_id(kGiven), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span_id(kGiven), "00f067aa0ba902b7");
  EXPECT_TRUE(is_traceparent(continue_trace(kGiven, ~std::uint64_t{0})));
}

TEST(Trace, OfAVersionToComeIsReadAsFarAsItIsKnown) {
  std::string later(kGiven);
  later.replace(0, 2, "cc");
  later.replace(53, 2, "fe");
  EXPECT_EQ(continue_trace(later + "-what-is-new", 1),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-00");
  EXPECT_EQ(continue_trace(later + "x", 1), "");
}

TEST(Trace, OfAnotherFormIsNone) {
  const std::string given(kGiven);
  for (std::size_t i = 0; i < given.size(); ++i) {
    EXPECT_FALSE(is_traceparent(given.substr(0, i))) << i;
    for (const char wrong : {'G', 'A', ' ', '\r', '"'}) {
      std::string changed = given;
      changed[i] = wrong;
      EXPECT_FALSE(is_traceparent(changed)) << changed;
    }
  }
  for (const char* wrong : {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"})
    EXPECT_FALSE(is_traceparent(wrong)) << wrong;
}

}  // namespace
}  // namespace sparrow::http
