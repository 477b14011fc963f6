#include "telemetry/access_log.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "wire/json_read.h"

namespace gatehouse::telemetry {
namespace {

constexpr AccessLogSettings kText{LogFormat::kText, NameSet::kGatehouse};
constexpr AccessLogSettings kJson{LogFormat::kJson, NameSet::kGatehouse};

class AccessLogTest : public testing::Test {
 protected:
  MonoTime at(std::int64_t micros) const { return start_ + Micros(micros); }
  Mark mark(std::int64_t micros) const { return Mark(Micros(micros)); }
  std::string line(const AccessLogSettings& settings) const {
    return accessLine(record_, settings);
  }

  /// A streamed chat that went well.
  void fillChat() {
    record_.gateway = Name("ai/openai");
    record_.listener = Name("http");
    record_.route = Name("ai/chat");
    record_.rule = Name("0");
    record_.backend = Name("ai/gpt");
    record_.method = http::Method::kPost;
    record_.version = http::Version::kHttp11;
    record_.set(Text::kHost, "gw.local:8080");
    record_.set(Text::kPath, "/openai/v1/chat/completions");
    record_.set(Text::kClientAddress, "::1");
    record_.client_port = 5151;
    record_.client = "curl";
    record_.status = 200;
    record_.trace.trace.bytes[0] = 0xAB;
    record_.trace.span.bytes[7] = 1;
    LlmRecord& llm = record_.llm();
    llm.operation = "chat";
    llm.provider = Name("openai");
    llm.stream_reply = true;
    record_.set(Text::kModelRequested, "gpt-4o");
    record_.set(Text::kModelAnswered, "gpt-4o-2024-08-06");
    llm.parameters = std::make_unique<RequestParameters>();
    llm.parameters->temperature = 0.7;
    llm.parameters->max_tokens = 100;
    llm::TokenUsage usage;
    usage.state = llm::UsageState::kKnown;
    usage.in = llm::InputTokens{12};
    usage.cache_read = llm::InputTokens{0};
    usage.cache_write_5m = llm::InputTokens{3};
    usage.cache_write_1h = llm::InputTokens{4};
    usage.out = llm::OutputTokens{11};
    llm.setUsage(usage);
    Attempt& attempt = record_.beginAttempt(at(200));
    attempt.endpoint = record_.keep("api.openai.com:443");
    attempt.first_byte = mark(400'000);
    attempt.first_token = mark(412'200);
    attempt.last_byte = mark(512'200);
    record_.t_client_first = mark(400'050);
  }

  MonoTime start_{Seconds(1)};
  RequestRecord record_{RequestId{1}, start_, WallMicros{1'767'323'045'000'678}};
};

TEST_F(AccessLogTest, KeysComeInTheOrderOfTheSpecification) {
  fillChat();
  record_.end({Outcome::kCompleted}, at(3'204'900));
  EXPECT_EQ(
      line(kText),
      "time=2026-01-02T03:04:05.000678Z level=info msg=request request.id=0000000000001 "
      "gateway=ai/openai listener=http route_rule=0 route=ai/chat backend=ai/gpt "
      "endpoint=api.openai.com:443 src.addr=[::1]:5151 http.method=POST http.host=gw.local:8080 "
      "http.path=/openai/v1/chat/completions http.version=1.1 http.status=200 "
      "trace.id=ab000000000000000000000000000000 span.id=0000000000000001 gatehouse.client=curl "
      "protocol=llm gen_ai.operation.name=chat gen_ai.provider.name=openai "
      "gen_ai.request.model=gpt-4o gen_ai.response.model=gpt-4o-2024-08-06 "
      "gen_ai.usage.input_tokens=12 gen_ai.usage.cache_read.input_tokens=0 "
      "gen_ai.usage.cache_creation.input_tokens=7 gen_ai.usage.output_tokens=11 "
      "gatehouse.usage.state=known gatehouse.time_to_first_token=0.412 "
      "gatehouse.time_per_output_token=0.01 gen_ai.request.temperature=0.7 "
      "gen_ai.request.max_tokens=100 gatehouse.attempts=1 gatehouse.outcome=Completed "
      "reason=Upstream gatehouse.overhead=0.00025 duration=3.204s\n"
  );
}

TEST_F(AccessLogTest, JsonIsOneValidObjectWithTheDurationInMicroseconds) {
  fillChat();
  record_.end({Outcome::kCompleted}, at(12'345));
  const std::string text = line(kJson);
  auto value = wire::readJson(text);
  ASSERT_TRUE(value) << text;
  EXPECT_EQ(*value->find("duration")->string(), "12ms");
  EXPECT_EQ(*value->find("duration_us")->integer(), 12'345);
  EXPECT_EQ(*value->find("http.status")->integer(), 200);
  EXPECT_EQ(value->find("gen_ai.request.temperature")->number()->text, "0.7");
}

TEST_F(AccessLogTest, WhatIsUnknownIsAbsent) {
  record_.end({Outcome::kRefused, Detail::kBadRequest}, at(400));
  EXPECT_EQ(
      line(kText),
      "time=2026-01-02T03:04:05.000678Z level=info msg=request request.id=0000000000001 "
      "http.method=GET protocol=http gatehouse.outcome=Refused "
      "reason=InvalidRequest error=bad_request gatehouse.overhead=0.0004 duration=400us\n"
  );
}

TEST_F(AccessLogTest, UnknownUsageIsNotZero) {
  record_.llm().setUsage(llm::TokenUsage());
  record_.end({Outcome::kCompleted}, at(1));
  const std::string text = line(kText);
  EXPECT_EQ(text.find("gen_ai.usage"), std::string::npos) << text;
  EXPECT_NE(text.find("gatehouse.usage.state=unknown"), std::string::npos) << text;
}

TEST_F(AccessLogTest, OfARequestThatWentUpstreamAndHeardNothingTheUsageIsUnknown) {
  record_.llm();
  record_.beginAttempt(at(1));
  record_.end({Outcome::kUpstreamFailed, Detail::kConnectionRefused}, at(2));
  const std::string text = line(kText);
  EXPECT_NE(text.find("gatehouse.usage.state=unknown"), std::string::npos) << text;
}

TEST_F(AccessLogTest, ARefusedRequestHasNoUsage) {
  record_.llm();
  record_.end({Outcome::kRefused, Detail::kBadRequest}, at(1));
  const std::string text = line(kText);
  EXPECT_NE(text.find("gatehouse.usage.state=none"), std::string::npos) << text;
}

TEST_F(AccessLogTest, WhatClientsWroteStaysOnOneLine) {
  record_.set(Text::kPath, "/a\nlevel=error msg=\"forged\" \x1b[31m\xff");
  record_.end({Outcome::kCompleted}, at(1));
  for (const AccessLogSettings& settings : {kText, kJson}) {
    const std::string text = line(settings);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find("\\nlevel=error"), std::string::npos) << text;
  }
  EXPECT_TRUE(wire::readJson(line(kJson)));
}

TEST_F(AccessLogTest, AFailureSaysWhatAndWhyWithoutTheCredential) {
  record_.beginAttempt(at(5));
  record_.beginAttempt(at(9));
  record_.set(Text::kError, "TLS handshake with user:pw at https://user:pw@host failed");
  record_.end({Outcome::kUpstreamFailed, Detail::kTlsProtocolError}, at(10));
  const std::string text = line(kText);
  EXPECT_NE(text.find("level=warn"), std::string::npos);
  EXPECT_NE(text.find("retry.attempt=1 gatehouse.attempts=2"), std::string::npos);
  EXPECT_NE(
      text.find("error=\"tls_protocol_error: TLS handshake with user:pw at https://[redacted]@host"
      ),
      std::string::npos
  ) << text;
}

TEST_F(AccessLogTest, TheNamesOfAgentgatewayAreAColumn) {
  fillChat();
  record_.end({Outcome::kCompleted}, at(3'204'900));
  const std::string text = line({LogFormat::kText, NameSet::kAgentgateway});
  EXPECT_EQ(text.find("gatehouse."), std::string::npos) << text;
  EXPECT_NE(text.find("agw.ai.time_to_first_token=0.412"), std::string::npos) << text;
}

TEST_F(AccessLogTest, MoneyHasNineDigits) {
  record_.llm().cost = llm::NanoDollars{1'002'000'300};
  record_.llm().price_status = PriceStatus::kExact;
  record_.end({Outcome::kCompleted}, at(1));
  EXPECT_NE(
      line(kText).find("gatehouse.cost.total=1.0020003 gatehouse.cost.price_status=exact"),
      std::string::npos
  );
}

TEST(AccessLog, DurationsHaveAUnit) {
  auto duration = [](std::int64_t micros) {
    RequestRecord record(RequestId{1}, MonoTime{}, WallMicros{0});
    record.end({}, MonoTime{} + Micros(micros));
    const std::string line = accessLine(record, kText);
    return line.substr(line.rfind(' ') + 1);
  };
  EXPECT_EQ(duration(0), "duration=0us\n");
  EXPECT_EQ(duration(999), "duration=999us\n");
  EXPECT_EQ(duration(12'999), "duration=12ms\n");
  EXPECT_EQ(duration(3'204'000), "duration=3.204s\n");
  EXPECT_EQ(duration(600'000'000), "duration=600s\n");
}

TEST(AccessLog, TimesFollowTheClockWithinAndAcrossSeconds) {
  TimeText time;
  auto text = [&time](std::int64_t micros) {
    LineBuffer line(LogFormat::kText);
    line.clear();
    line.begin(LineKey(LogFormat::kText, "t"));
    time.write(WallMicros{micros}, line);
    return std::string(line.finish().substr(2));
  };
  EXPECT_EQ(text(1'767'323'045'000'678), "2026-01-02T03:04:05.000678Z\n");
  EXPECT_EQ(text(1'767'323'045'999'999), "2026-01-02T03:04:05.999999Z\n");
  EXPECT_EQ(text(1'767'323'046'000'000), "2026-01-02T03:04:06.000000Z\n");
  EXPECT_EQ(text(1'767'323'045'000'678), "2026-01-02T03:04:05.000678Z\n");
  EXPECT_EQ(text(0), "1970-01-01T00:00:00.000000Z\n");
}

TEST(AccessLog, TheTableHasEveryKeyOnce) {
  for (NameSet set : {NameSet::kGatehouse, NameSet::kAgentgateway}) {
    std::vector<std::string_view> keys;
    for (const AttributeNames& row : attributeTable()) {
      const std::string_view key = logKeys(set)[std::to_underlying(row.attribute)];
      if (!key.empty()) {
        EXPECT_EQ(std::ranges::count(keys, key), 0) << key;
        keys.push_back(key);
      }
    }
  }
}

// Fields that come back are kept ready; each line must be what it would be alone.
TEST_F(AccessLogTest, LinesDoNotDependOnThoseBefore) {
  fillChat();
  record_.end({.outcome = Outcome::kCompleted}, at(5000));
  const Name first = record_.route;
  std::string expected;
  testing::internal::CaptureStdout();
  {
    LineWriter writer({});
    AccessLog log(&writer, kJson);
    for (const Name& route :
         {first,
          first,
          Name("a/b"),
          first,
          Name(),
          Name(std::string(200, 'r')),
          Name(),
          Name("with \"quotes\""),
          Name("with \"quotes\"")}) {
      record_.route = route;
      record_.client = route.empty() ? "" : "curl";
      record_.status = route == first ? 200 : 404;
      expected += line(kJson);
      EXPECT_TRUE(log.write(record_));
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), expected);
}

}  // namespace
}  // namespace gatehouse::telemetry
