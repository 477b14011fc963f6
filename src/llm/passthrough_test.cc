#include "llm/passthrough.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

http::ResponseHead eventStream() {
  http::ResponseHead head;
  head.fields.add("Content-Type", "text/event-stream");
  return head;
}

constexpr ReplyRules kHiding{.dialect = Dialect::kChat, .usage_chunk = UsageChunk::kHidden};
constexpr ReplyRules kShowing{.dialect = Dialect::kChat};

/// What a client gets: the forwarded bytes and the tail.
struct Received {
  std::string forwarded;
  ReplyEnd end;
  ReplyFacts facts;
  std::size_t most_views = 0;
};

Received pass(
    const ReplyRules& rules,
    std::initializer_list<std::string_view> pieces,
    BodyEnd body_end = BodyEnd::kClean
) {
  ReplyReader reader(rules, eventStream());
  Received received;
  for (std::string_view piece : pieces) {
    std::string fed(piece);
    ReplyReader::Forward forward = reader.feed(fed);
    received.most_views = std::max(received.most_views, forward.views.size());
    for (std::string_view view : forward.views) {
      received.forwarded += view;
    }
  }
  received.end = reader.finish(body_end, "01REQ");
  received.facts = reader.takeFacts();
  return received;
}

constexpr std::string_view kText =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";
constexpr std::string_view kFinish =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
constexpr std::string_view kUsage =
    "data: "
    "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string join(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (std::string_view part : parts) {
    all += part;
  }
  return all;
}

std::string withCrlf(std::string_view text) {
  std::string out;
  for (char c : text) {
    out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  return out;
}

TEST(HiddenUsageChunk, IsCutOutWholeAndCounted) {
  Received received = pass(kHiding, {join({kText, kFinish, kUsage, kDone})});
  EXPECT_EQ(received.forwarded, join({kText, kFinish, kDone}));
  EXPECT_THAT(received.end.tail, IsEmpty());
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kComplete);
  EXPECT_EQ(received.facts.usage.in, InputTokens{3});
  EXPECT_EQ(received.facts.usage.out, OutputTokens{2});
  EXPECT_EQ(received.most_views, 2U);
}

TEST(HiddenUsageChunk, IsCutOutHoweverTheStreamIsCut) {
  for (const std::string& stream :
       {join({kText, kFinish, kUsage, kDone}), withCrlf(join({kText, kFinish, kUsage, kDone}))}) {
    std::string expected = stream.contains('\r') ? withCrlf(join({kText, kFinish, kDone}))
                                                 : join({kText, kFinish, kDone});
    std::string_view whole = stream;
    for (std::size_t first = 0; first <= stream.size(); ++first) {
      Received received = pass(kHiding, {whole.substr(0, first), whole.substr(first)});
      ASSERT_EQ(received.forwarded + received.end.tail, expected) << "cut at " << first;
      ASSERT_EQ(received.facts.usage.out, OutputTokens{2}) << "cut at " << first;
      ASSERT_EQ(received.facts.events, 3U) << "what is cut out was not forwarded; cut at " << first;
    }
    ReplyReader reader(kHiding, eventStream());
    std::string forwarded;
    for (char c : stream) {
      std::string byte(1, c);
      for (std::string_view view : reader.feed(byte).views) {
        forwarded += view;
      }
    }
    EXPECT_EQ(forwarded + reader.finish(BodyEnd::kClean, "01REQ").tail, expected);
  }
}

TEST(HiddenUsageChunk, DoesNotTakeTheEndOfTheEventBeforeWithIt) {
  std::string stream = withCrlf(join({kFinish, kUsage.substr(0, kUsage.size() - 1)}));
  ReplyReader reader(kHiding, eventStream());
  std::string forwarded;
  for (char c : stream) {
    std::string byte(1, c);
    for (std::string_view view : reader.feed(byte).views) {
      forwarded += view;
    }
  }
  EXPECT_EQ(forwarded + reader.finish(BodyEnd::kClean, "").tail, withCrlf(kFinish));
}

TEST(HiddenUsageChunk, IsCutOutBetweenCarriageReturns) {
  std::string stream = join({kText, kFinish, kUsage, kDone});
  std::ranges::replace(stream, '\n', '\r');
  std::string expected = join({kText, kFinish, kDone});
  std::ranges::replace(expected, '\n', '\r');
  Received received = pass(kHiding, {stream});
  EXPECT_EQ(received.forwarded + received.end.tail, expected);
}

TEST(HiddenUsageChunk, IsNotHeldBackLongerThanItsEvent) {
  ReplyReader reader(kHiding, eventStream());
  std::string bytes = join({kText, kFinish.substr(0, 20)});
  ReplyReader::Forward forward = reader.feed(bytes);
  ASSERT_EQ(forward.views.size(), 1U);
  EXPECT_EQ(forward.views[0], kText);
  EXPECT_TRUE(forward.first_token);
  std::string rest(kFinish.substr(20));
  forward = reader.feed(rest);
  std::string forwarded;
  for (std::string_view view : forward.views) {
    forwarded += view;
  }
  EXPECT_EQ(forwarded, kFinish);
}

TEST(HiddenUsageChunk, IsNoReasonToHoldALongEvent) {
  ReplyReader reader(kHiding, eventStream());
  std::string begin =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(100'000, 'x');
  std::size_t sent = 0;
  for (std::string_view view : reader.feed(begin).views) {
    sent += view.size();
  }
  EXPECT_EQ(sent, begin.size());
  std::string end = "\"}}]}\n\n" + std::string(kUsage);
  std::string forwarded;
  for (std::string_view view : reader.feed(end).views) {
    forwarded += view;
  }
  EXPECT_EQ(forwarded, "\"}}]}\n\n");
}

TEST(HiddenUsageChunk, StaysHiddenWithoutItsBlankLine) {
  std::string_view unfinished = kUsage.substr(0, kUsage.size() - 1);
  Received received = pass(kHiding, {kText, kFinish, unfinished});
  EXPECT_EQ(received.forwarded + received.end.tail, join({kText, kFinish}));
  EXPECT_EQ(received.facts.usage.state, UsageState::kKnown);
}

TEST(HiddenUsageChunk, LeavesOtherUnfinishedEventsAlone) {
  std::string_view unfinished = kDone.substr(0, kDone.size() - 1);
  Received received = pass(kHiding, {kText, kFinish, kUsage, unfinished});
  EXPECT_EQ(received.forwarded + received.end.tail, join({kText, kFinish, unfinished}));
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kComplete);
}

TEST(HiddenUsageChunk, IsOnlyTheOneWithoutChoices) {
  std::string_view beside =
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_"
      "tokens\":1}}\n\n";
  std::string_view filter =
      "data: {\"choices\":[],\"prompt_filter_results\":[],\"usage\":null}\n\n";
  Received received = pass(kHiding, {join({filter, kText, beside, kDone})});
  EXPECT_EQ(received.forwarded, join({filter, kText, beside, kDone}));
}

TEST(ShownUsageChunk, GoesToTheClientThatAskedForIt) {
  std::string stream = join({kText, kFinish, kUsage, kDone});
  Received received = pass(kShowing, {stream});
  EXPECT_EQ(received.forwarded, stream);
  EXPECT_EQ(received.most_views, 1U);
}

TEST(Truncation, AtEveryByteIsNeverACleanEnd) {
  std::string stream = join({kText, kFinish});
  std::string_view whole = stream;
  for (const ReplyRules& rules : {kShowing, kHiding}) {
    for (std::size_t size = 0; size < stream.size() - 2; ++size) {
      Received received = pass(rules, {whole.substr(0, size)}, BodyEnd::kBroken);
      ASSERT_EQ(received.end.verdict, ReplyVerdict::kTruncated) << size;
      ASSERT_THAT(received.end.tail, HasSubstr("data: {\"error\":{\"message\":\"")) << size;
      ASSERT_THAT(received.end.tail, HasSubstr("\"code\":\"upstream_truncated\"")) << size;
      ASSERT_THAT(received.end.tail, EndsWith("}}\n\n")) << size;
      // The error event stands on its own, whatever was cut in two before it.
      std::string seen = received.forwarded + received.end.tail;
      std::size_t error = seen.find("data: {\"error\"");
      ASSERT_TRUE(error == 0 || seen.substr(0, error).ends_with("\n\n")) << size;
    }
  }
}

TEST(Truncation, OfACleanlyEndedConnectionIsSeenToo) {
  Received received = pass(kShowing, {kText}, BodyEnd::kClean);
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kTruncated);
  EXPECT_THAT(received.end.tail, StartsWith("data: {\"error\""));
}

TEST(Truncation, BehindTheEndMarkSendsNothingMore) {
  Received received = pass(kShowing, {join({kText, kFinish, kDone})}, BodyEnd::kBroken);
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kTruncated);
  EXPECT_THAT(received.end.tail, IsEmpty());
  EXPECT_EQ(received.facts.usage.state, UsageState::kEstimated);
}

TEST(Truncation, KeepsAFinalUsageAsItWasReported) {
  Received received = pass(kHiding, {join({kText, kFinish, kUsage})}, BodyEnd::kBroken);
  EXPECT_EQ(received.facts.usage.state, UsageState::kKnown);
  EXPECT_EQ(received.facts.usage.out, OutputTokens{2});
}

TEST(Truncation, ByTheGatewaysOwnEndIsNoFaultOfTheServer) {
  Received received = pass(kShowing, {kText}, BodyEnd::kShutdown);
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kTruncated);
  EXPECT_THAT(received.end.tail, HasSubstr("gateway is shutting down"));
  EXPECT_THAT(received.end.tail, HasSubstr("\"code\":\"overloaded\""));
  Received whole = pass(kShowing, {join({kText, kFinish, kDone})}, BodyEnd::kShutdown);
  EXPECT_THAT(whole.end.tail, IsEmpty());
}

TEST(Truncation, SpeaksTheDialect) {
  Received messages = pass(
      {.dialect = Dialect::kMessages},
      {"event: ping\ndata: {\"type\":\"ping\"}\n\n"},
      BodyEnd::kBroken
  );
  EXPECT_THAT(
      messages.end.tail,
      StartsWith("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"")
  );
  EXPECT_THAT(messages.end.tail, Not(HasSubstr("message_stop")));
  Received responses =
      pass({.dialect = Dialect::kResponses}, {"data: {\"type\":\"x\"}\n\n"}, BodyEnd::kBroken);
  EXPECT_THAT(
      responses.end.tail, StartsWith("event: response.failed\ndata: {\"type\":\"response.failed\"")
  );
  EXPECT_THAT(responses.end.tail, HasSubstr("\"code\":\"server_error\""));
}

TEST(Truncation, OfAStreamWithoutEndMarkIsOnlyABrokenConnection) {
  EXPECT_EQ(
      pass({.dialect = Dialect::kDetect}, {"data: {}\n\n"}).end.verdict, ReplyVerdict::kComplete
  );
  Received broken = pass({.dialect = Dialect::kDetect}, {"data: {}\n\n"}, BodyEnd::kBroken);
  EXPECT_EQ(broken.end.verdict, ReplyVerdict::kTruncated);
  EXPECT_THAT(broken.end.tail, IsEmpty());
}

TEST(Truncation, OfABufferedReplyAddsNothingToIt) {
  http::ResponseHead head;
  head.fields.add("Content-Type", "application/json");
  ReplyReader reader(kShowing, head);
  EXPECT_EQ(reader.feed("{\"id\":\"a\"").views.size(), 1U);
  ReplyEnd end = reader.finish(BodyEnd::kBroken, "01REQ");
  EXPECT_EQ(end.verdict, ReplyVerdict::kTruncated);
  EXPECT_THAT(end.tail, IsEmpty());
}

TEST(UpstreamError, IsPassedOnAndNothingIsAdded) {
  std::string_view error = "data: {\"error\":{\"type\":\"overloaded\"}}\n\n";
  Received received = pass(kHiding, {join({kText, error})}, BodyEnd::kBroken);
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kUpstreamError);
  EXPECT_EQ(received.forwarded, join({kText, error}));
  EXPECT_THAT(received.end.tail, IsEmpty());
  EXPECT_EQ(received.facts.error_type, "overloaded");
}

TEST(UpstreamError, FromTheFirstEventOnIsAFailure) {
  Received received = pass(kHiding, {"data: {\"error\":{\"code\":429}}\n\ndata: [DONE]\n\n"});
  EXPECT_EQ(received.end.verdict, ReplyVerdict::kUpstreamFailed);
}

TEST(Abandoned, SendsNothingAndEstimatesWhatWasGenerated) {
  Received received = pass(kHiding, {join({kText, kFinish.substr(0, 30)})}, BodyEnd::kAbandoned);
  EXPECT_THAT(received.end.tail, IsEmpty());
  EXPECT_EQ(received.facts.usage.state, UsageState::kEstimated);
  EXPECT_EQ(received.facts.usage.out, OutputTokens{2});
}

TEST(ReplyReader, PassesOnWhatItCannotRead) {
  http::ResponseHead head;
  head.fields.add("Content-Type", "audio/mpeg");
  ReplyReader reader({.dialect = Dialect::kDetect}, head);
  std::string_view bytes = "\xff\xfb{\"usage\":{\"input_tokens\":1}}";
  ASSERT_EQ(reader.feed(bytes).views.size(), 1U);
  EXPECT_EQ(reader.finish(BodyEnd::kClean, "").verdict, ReplyVerdict::kComplete);
  EXPECT_EQ(reader.takeFacts().usage.state, UsageState::kUnknown);
}

TEST(ReplyReader, StopsReadingAnEventOverTheCapAndGoesOnForwarding) {
  ReplyReader reader(kHiding, eventStream());
  std::string piece(std::size_t{1} << 20, 'x');
  std::uint64_t sent = 0;
  std::uint64_t fed = 0;
  auto feed = [&](std::string_view bytes) {
    fed += bytes.size();
    for (std::string_view view : reader.feed(bytes).views) {
      sent += view.size();
    }
  };
  feed(kText);
  feed("data: ");
  for (int i = 0; i < 18; ++i) {
    feed(piece);
  }
  feed("\n\n");
  feed(kDone);
  ReplyEnd end = reader.finish(BodyEnd::kClean, "");
  EXPECT_EQ(sent + end.tail.size(), fed);
  EXPECT_TRUE(reader.takeFacts().event_stream);
}

TEST(ReplyReader, MarksTheFirstTokenOnce) {
  ReplyReader reader(kShowing, eventStream());
  EXPECT_FALSE(
      reader.feed("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n")
          .first_token
  );
  EXPECT_TRUE(reader.feed(kText).first_token);
  EXPECT_FALSE(reader.feed(kText).first_token);
}

TEST(ReplyReader, CountsNoMoreChoicesThanThereMayBe) {
  std::string stream;
  for (int i = 0; i < 300; ++i) {
    stream += "data: {\"choices\":[{\"index\":" + std::to_string(i) +
              ",\"finish_reason\":\"stop\"}]}\n\n";
  }
  Received received = pass(kShowing, {stream});
  EXPECT_EQ(received.facts.finishes.size(), ReplyNotes::kMaxChoices);
}

TEST(AskUncoded, AsksForIdentityWhereTheClientTakesOtherCodings) {
  http::Fields fields;
  fields.add("Accept-Encoding", "gzip");
  fields.add("accept-encoding", "br;q=1.0");
  askUncoded(fields);
  EXPECT_EQ(fields.joined("accept-encoding"), "identity");
}

TEST(AskUncoded, AddsNothingWhereTheClientSaysNothing) {
  http::Fields fields;
  askUncoded(fields);
  EXPECT_TRUE(fields.empty());
}

TEST(ReplyReader, TakesTheUsageOfACompressedReplyForUnknown) {
  http::ResponseHead head = eventStream();
  head.fields.add("Content-Encoding", "gzip");
  ReplyReader reader(kHiding, head);
  constexpr std::string_view kBytes = "\x1f\x8b\b\n\n data: {\"usage\":{\"prompt_tokens\":1}}\n\n";
  ReplyReader::Forward forward = reader.feed(kBytes);
  ASSERT_EQ(forward.views.size(), 1U);
  EXPECT_EQ(forward.views[0], kBytes);
  ReplyEnd end = reader.finish(BodyEnd::kClean, "01REQ");
  EXPECT_EQ(end.verdict, ReplyVerdict::kComplete);
  EXPECT_EQ(end.tail, "");
  ReplyFacts facts = reader.takeFacts();
  EXPECT_EQ(facts.usage.state, UsageState::kUnknown);
  EXPECT_EQ(facts.usage.in, std::nullopt);
}

TEST(ReplyReader, SaysWhetherItMayCut) {
  http::ResponseHead json;
  json.fields.add("Content-Type", "application/json");
  http::ResponseHead coded = eventStream();
  coded.fields.add("Content-Encoding", "gzip");
  EXPECT_TRUE(ReplyReader(kHiding, eventStream()).mayCut());
  EXPECT_FALSE(ReplyReader(kShowing, eventStream()).mayCut());
  EXPECT_FALSE(ReplyReader(kHiding, json).mayCut());
  EXPECT_FALSE(ReplyReader(kHiding, coded).mayCut());
}

}  // namespace
}  // namespace gatehouse::llm
