#include "telemetry/report.h"

#include <array>
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "telemetry/llm_series.h"
#include "telemetry/prometheus.h"
#include "telemetry/scrape.h"

namespace gatehouse::telemetry {
namespace {

class ReportTest : public testing::Test {
 protected:
  RequestRecord started() {
    RequestRecord record(worker_.ids().next(clock_.wall()), clock_.now(), clock_.wall());
    record.gateway = gateway_;
    record.listener = Name("http");
    record.route = Name("ai/chat");
    record.rule = Name("0");
    record.backend = Name("ai/gpt");
    record.method = http::Method::kPost;
    record.listener_port = 8080;
    return record;
  }

  RequestRecord chat(std::string_view requested, std::string_view answered) {
    RequestRecord record = started();
    record.status = 200;
    record.bytes_in = 100;
    record.bytes_out = 250;
    LlmRecord& llm = record.llm();
    llm.operation = "chat";
    llm.provider = Name("openai");
    llm.stream_reply = true;
    record.set(Text::kModelRequested, requested);
    record.set(Text::kModelAnswered, answered);
    llm::TokenUsage usage;
    usage.state = llm::UsageState::kKnown;
    usage.in = llm::InputTokens{10};
    usage.cache_read = llm::InputTokens{20};
    usage.out = llm::OutputTokens{11};
    usage.anomalies.add(llm::UsageAnomaly::kCacheOverInput);
    llm.setUsage(usage);
    Attempt& attempt = record.beginAttempt(clock_.now());
    attempt.backend = record.backend;
    attempt.provider = llm.provider;
    attempt.status = 200;
    attempt.secure = true;
    attempt.connect = Mark(Millis(10));
    attempt.tls = Mark(Millis(30));
    attempt.first_byte = Mark(Millis(100));
    attempt.first_token = Mark(Millis(200));
    attempt.last_byte = Mark(Millis(1200));
    return record;
  }

  void finish(RequestRecord record, Ending ending = {}) {
    record.end(ending, record.start() + Millis(1500));
    report(record, worker_);
  }

  std::string page() { return writeExposition(scraper_.scrape(), Exposition::kPrometheus); }
  void expectLine(const std::string& line) {
    const std::string text = page();
    EXPECT_NE(text.find(line + "\n"), std::string::npos) << "no " << line << " in\n" << text;
  }
  void expectNone(const std::string& part) {
    const std::string text = page();
    EXPECT_EQ(text.find(part), std::string::npos) << text;
  }

  ManualClock clock_;
  Name gateway_{"ai/openai"};
  Metrics metrics_{1};
  Scraper scraper_{metrics_, {"1", "c"}};
  WorkerTelemetry worker_{0, 1, metrics_.worker(0), nullptr, {}};
};

constexpr std::string_view kRoute =
    R"(gateway="ai/openai",listener="http",route="ai/chat",route_rule="0")";

TEST_F(ReportTest, ARequestIsCountedWithAllItsLabels) {
  finish(chat("gpt-4o", "gpt-4o-2024"));
  finish(chat("gpt-4o", "gpt-4o-2024"));
  const std::string route(kRoute);
  expectLine(
      "gatehouse_requests_total{" + route +
      R"(,backend="ai/gpt",protocol="llm",method="POST",status="200",outcome="Completed",)"
      R"(reason="Upstream"} 2)"
  );
  expectLine(
      "gatehouse_request_duration_seconds_sum{" + route +
      R"(,backend="ai/gpt",protocol="llm",status_class="2xx"} 3)"
  );
  expectLine("gatehouse_overhead_seconds_count{" + route + "} 2");
  expectLine(
      R"(gatehouse_downstream_sent_bytes_total{gateway="ai/openai",listener="http",protocol="llm"} 500)"
  );
  expectLine(
      R"(gatehouse_upstream_attempts_total{backend="ai/gpt",provider="openai",status_class="2xx",detail="none"} 2)"
  );
  expectLine(
      R"(gatehouse_upstream_connect_duration_seconds_sum{backend="ai/gpt",transport="tls"} 0.06)"
  );
}

TEST_F(ReportTest, TheLlmPartIsCountedByModelAndProvider) {
  finish(chat("gpt-4o", "gpt-4o-2024"));
  const std::string labels =
      R"(gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",)"
      R"(gen_ai_response_model="gpt-4o-2024",)" +
      std::string(kRoute);
  expectLine(R"(gatehouse_tokens_total{kind="input",)" + labels + "} 10");
  expectLine(R"(gatehouse_tokens_total{kind="output",)" + labels + "} 11");
  expectLine(R"(gatehouse_tokens_total{kind="cache_read",)" + labels + "} 20");
  expectNone(R"(kind="reasoning")");
  expectLine(R"(gatehouse_usage_total{state="known",)" + labels + "} 1");
  expectLine(R"(gatehouse_usage_anomalies_total{provider="openai",check="cache_over_input"} 1)");
  expectLine("gatehouse_gen_ai_time_to_first_token_seconds_sum{" + labels + "} 0.2");
  expectLine("gatehouse_gen_ai_time_per_output_token_seconds_sum{" + labels + "} 0.1");
  expectLine("gatehouse_gen_ai_operation_duration_seconds_sum{" + labels + "} 1.2");
  expectLine(
      R"(gatehouse_gen_ai_token_usage_sum{gen_ai_token_type="input_cache_read",)" + labels + "} 20"
  );
}

TEST_F(ReportTest, UnknownUsageIsCountedAsUnknownAndNotAsZeroTokens) {
  RequestRecord record = chat("m", "m");
  record.llm().usage.reset();
  finish(std::move(record));
  expectNone("gatehouse_tokens_total");
  expectNone("gatehouse_gen_ai_token_usage");
  EXPECT_NE(page().find(R"(gatehouse_usage_total{state="unknown")"), std::string::npos);
}

TEST_F(ReportTest, ModelsThatOnlyTheClientNamedAreOther) {
  RequestRecord refused = chat("invented-by-the-client", "");
  refused.status = 404;
  finish(std::move(refused));
  expectNone("invented-by-the-client");
  EXPECT_NE(page().find(R"(gen_ai_request_model="other")"), std::string::npos);

  RequestRecord simulated = started();  // our own echo of the client's word is no answer
  simulated.status = 200;
  simulated.llm().operation = "simulated";
  simulated.set(Text::kModelRequested, "echoed-name");
  simulated.set(Text::kModelAnswered, "echoed-name");
  finish(std::move(simulated), {Outcome::kLocalReply});
  expectNone("echoed-name");

  RequestRecord configured = chat("from-the-configuration", "");
  configured.llm().model_configured = true;
  configured.status = 500;
  finish(std::move(configured));
  EXPECT_NE(page().find("from-the-configuration"), std::string::npos);
}

TEST_F(ReportTest, ANameThatTheConfiguredModelReplacedIsOther) {
  RequestRecord replaced = chat("junk", "served-model");
  replaced.llm().model_fixed = true;
  finish(std::move(replaced));
  expectNone("junk");
  const std::string text = page();
  EXPECT_NE(
      text.find(R"(gen_ai_request_model="other",gen_ai_response_model="served-model")"),
      std::string::npos
  );

  RequestRecord same = chat("answered-name", "answered-name");
  same.llm().model_fixed = true;
  finish(std::move(same));
  EXPECT_NE(page().find(R"(gen_ai_request_model="answered-name")"), std::string::npos);
}

TEST_F(ReportTest, ABackendThatServesAnyNameLeavesRoomForTheOthers) {
  for (std::size_t i = 0; i < kSeriesLimit + 100; ++i) {
    const std::string name = "junk-" + std::to_string(i);
    finish(chat(name, name));
  }
  RequestRecord other = chat("honest", "honest");
  other.route = Name("ai/other");
  other.backend = Name("ai/claude");
  finish(std::move(other));
  expectLine(
      R"(gatehouse_usage_total{state="known",gen_ai_operation_name="chat",)"
      R"(gen_ai_provider_name="openai",gen_ai_request_model="honest",)"
      R"(gen_ai_response_model="honest",gateway="ai/openai",listener="http",route="ai/other",)"
      R"(route_rule="0"} 1)"
  );
  const std::string text = page();
  EXPECT_NE(text.find(R"(gen_ai_request_model="junk-99")"), std::string::npos);
  EXPECT_EQ(text.find(R"(gen_ai_request_model="junk-100")"), std::string::npos);
  EXPECT_EQ(text.find("gatehouse_metric_overflow_total{"), std::string::npos);
}

TEST_F(ReportTest, MethodsOutsideTheStandardAreOne) {
  RequestRecord record = started();
  record.method = http::Method::kOther;
  record.set(Text::kMethod, "BREW");
  finish(std::move(record), {Outcome::kRefused, Detail::kRouteNotFound});
  expectNone("BREW");
  EXPECT_NE(page().find(R"(method="_OTHER",status="unknown")"), std::string::npos);
}

TEST_F(ReportTest, RetriesAndFallbacksAreCountedApart) {
  RequestRecord record = started();
  Attempt& first = record.beginAttempt(clock_.now());
  first.backend = record.backend;
  first.why_next = WhyNext::kRetryConnect;
  first.detail = Detail::kConnectionRefused;
  Attempt& second = record.beginAttempt(clock_.now());
  second.backend = record.backend;
  second.status = 529;
  second.detail = Detail::kProviderOverloaded;
  second.why_next = WhyNext::kFailover;
  record.beginAttempt(clock_.now()).backend = Name("ai/other");
  finish(std::move(record));
  expectLine(R"(gatehouse_retries_total{backend="ai/gpt",cause="retry_connect"} 1)");
  expectLine(R"(gatehouse_fallbacks_total{backend="ai/gpt",cause="provider_overloaded"} 1)");
  expectLine(
      R"(gatehouse_upstream_attempts_total{backend="ai/gpt",provider="unknown",status_class="5xx",detail="provider_overloaded"} 1)"
  );
}

TEST_F(ReportTest, GaugesGoUpAndDownAgain) {
  const std::string labels = R"({gateway="ai/openai",listener="http"})";
  RequestRecord record = chat("m", "m");
  worker_.requestBegan(record);
  worker_.streamBegan(record);
  expectLine("gatehouse_requests_in_flight" + labels + " 1");
  expectLine("gatehouse_streams_open" + labels + " 1");
  finish(std::move(record));
  expectLine("gatehouse_requests_in_flight" + labels + " 0");
  expectLine("gatehouse_streams_open" + labels + " 0");
  finish(started());  // never counted as begun
  expectLine("gatehouse_requests_in_flight" + labels + " 0");
}

TEST_F(ReportTest, GatewaysOfAForeignClassHaveBothNameSets) {
  finish(chat("m", "m"));
  expectNone("agentgateway_");
  RequestRecord record = chat("m", "m");
  record.foreign_gateway = true;
  finish(std::move(record));
  expectLine(
      R"(agentgateway_requests_total{backend="ai/gpt",protocol="llm",method="POST",status="200",)"
      R"(reason="Upstream",bind="8080/ai/openai",)" +
      std::string(kRoute) + "} 1"
  );
  EXPECT_NE(
      page().find(R"(agentgateway_gen_ai_client_token_usage_sum{gen_ai_token_type="output",)"
                  R"(gen_ai_operation_name="chat",gen_ai_system="openai")"),
      std::string::npos
  );
  EXPECT_NE(page().find(R"(outcome="Completed",reason="Upstream"} 2)"), std::string::npos);
}

TEST_F(ReportTest, ANewSnapshotsNamesCountInTheSameSeries) {
  finish(started());
  gateway_ = Name("ai/openai");
  finish(started());
  EXPECT_NE(page().find(R"(reason="Upstream"} 2)"), std::string::npos);
}

TEST_F(ReportTest, TheRestOfAWorkerIsCounted) {
  worker_.connectionOpened(gateway_, Name("http"), Protocol::kHttp);
  worker_.protocolError(Name("http"), "head_invalid");
  Gauge idle = worker_.upstreamConnections("ai/gpt", WorkerTelemetry::ConnectionState::kIdle);
  idle.add(1);
  idle.add(-1);
  worker_.bufferedBytes(4096);
  expectLine(
      R"(gatehouse_downstream_connections_total{gateway="ai/openai",listener="http",protocol="http"} 1)"
  );
  expectLine(R"(gatehouse_protocol_errors_total{listener="http",kind="head_invalid"} 1)");
  expectLine(R"(gatehouse_upstream_connections{backend="ai/gpt",state="idle"} 0)");
  expectLine("gatehouse_buffered_bytes 4096");
}

TEST_F(ReportTest, TheLineGoesToTheWriterAndDropsAreCounted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  auto report_to = [this](LineWriter& writer) {
    WorkerTelemetry worker(
        1, 2, metrics_.worker(0), &writer, {.access_log = {.format = LogFormat::kText}}
    );
    RequestRecord record = started();
    record.end({}, clock_.now());
    report(record, worker);
  };
  {
    LineWriter writer({.fd = ends[1]});
    report_to(writer);
  }
  std::array<char, 4096> bytes{};
  const ssize_t size = ::read(ends[0], bytes.data(), bytes.size());
  ASSERT_GT(size, 0);
  const std::string_view line(bytes.data(), static_cast<std::size_t>(size));
  EXPECT_TRUE(line.starts_with("time=")) << line;
  EXPECT_NE(line.find("gatehouse.outcome=Completed"), std::string_view::npos) << line;
  {
    LineWriter full({.fd = ends[1], .capacity = 10});
    report_to(full);
  }
  expectLine("gatehouse_access_log_dropped_total 1");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace gatehouse::telemetry
