#include "telemetry/trace_context.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::optional<IncomingTrace> readOne(std::string_view parent) {
  return readTraceContext({&parent, 1}, {});
}

std::string stateOf(std::vector<std::string_view> lines) {
  return readTraceState(lines);
}

TEST(Traceparent, IsReadToTheLastBit) {
  auto trace = readOne(kParent);
  ASSERT_TRUE(trace);
  EXPECT_EQ(toHex(trace->trace), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(toHex(trace->parent), "00f067aa0ba902b7");
  EXPECT_EQ(trace->flags, kTraceSampled);
}

TEST(Traceparent, FaultsMakeItCountForNothing) {
  for (std::string_view bad : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.x",
           " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_FALSE(readOne(bad)) << bad;
  }
}

TEST(Traceparent, AHigherVersionIsReadByItsFirst55Characters) {
  EXPECT_TRUE(readOne("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  auto longer = readOne("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-ever");
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->flags, kTraceSampled | kTraceRandom);
}

TEST(Traceparent, TwoOfThemAreNone) {
  std::vector<std::string_view> both = {kParent, kParent};
  EXPECT_FALSE(readTraceContext(both, {}));
  EXPECT_FALSE(readTraceContext({}, {}));
}

TEST(Tracestate, IsJoinedInOrderAndDroppedWithABadParent) {
  std::vector<std::string_view> state = {"a=1, b=2", "", "t@sys=x y"};
  auto trace = readTraceContext({&kParent, 1}, state);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->state, "a=1,b=2,t@sys=x y");
  std::string_view bad = "00-bad";
  EXPECT_FALSE(readTraceContext({&bad, 1}, state));
}

TEST(Tracestate, FaultsDropItAndKeepTheParent) {
  for (std::string_view bad : {"a", "A=1", "a=1,a=2", "=1", "a=b=c", "a@=1", "a@b@c=1", "a=\x01"}) {
    EXPECT_EQ(stateOf({bad}), "") << bad;
    EXPECT_TRUE(readTraceContext({&kParent, 1}, {&bad, 1}));
  }
}

TEST(Tracestate, IsCutToWholeMembers) {
  std::string many;
  for (int i = 0; i < 40; ++i) {
    many += "k" + std::to_string(i) + "=v,";
  }
  std::string kept = stateOf({many});
  EXPECT_TRUE(kept.ends_with("k31=v")) << kept;

  const std::string big = "big=" + std::string(200, 'x');
  std::string small;
  for (char c = 'a'; c < 'e'; ++c) {
    small += "," + std::string(1, c) + "=" + std::string(98, 'y');
  }
  std::string cut = stateOf({big + small});  // 604 bytes: only the long member has to go
  EXPECT_EQ(cut, small.substr(1));

  std::string wide;
  for (char c = 'a'; c < 'g'; ++c) {
    wide += std::string(1, c) + "=" + std::string(98, 'z') + ",";
  }
  std::string right = stateOf({wide});  // six of 100 bytes: the last goes
  EXPECT_EQ(right.size(), 5 * 100 + 4U);
  EXPECT_TRUE(right.starts_with("a="));
}

TEST(TracePlace, ContinuesTheClientsTraceUnderASpanOfOurs) {
  FastRandom random(7);
  TracePlace place = continueTrace(*readOne(kParent), random);
  EXPECT_EQ(toHex(place.trace), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(toHex(place.parent), "00f067aa0ba902b7");
  EXPECT_NE(place.span, SpanId{});
  EXPECT_NE(place.span, place.parent);
  EXPECT_EQ(
      traceparentFor(place, place.parent).view(),
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  );
}

TEST(TracePlace, ANewTraceIsRandomAndSaysSo) {
  FastRandom random(7);
  TracePlace first = beginTrace(Sampled::kYes, random);
  TracePlace second = beginTrace(Sampled::kNo, random);
  EXPECT_NE(first.trace, second.trace);
  EXPECT_EQ(first.parent, SpanId{});
  EXPECT_EQ(first.flags, kTraceSampled | kTraceRandom);
  EXPECT_EQ(second.flags, kTraceRandom);
  EXPECT_TRUE(readOne(traceparentFor(first, first.span).view()));
}

TEST(FastRandom, DifferentSeedsGiveDifferentNumbers) {
  EXPECT_NE(FastRandom(1).next(), FastRandom(2).next());
  EXPECT_EQ(FastRandom(9).next(), FastRandom(9).next());
}

}  // namespace
}  // namespace gatehouse::telemetry
