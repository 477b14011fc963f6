#include "telemetry/access_log.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

using enum Attribute;

void appendPadded(std::string& out, std::uint64_t number, std::size_t digits) {
  std::array<char, 20> text;
  const auto* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  const auto size = static_cast<std::size_t>(end - text.data());
  out.append(digits > size ? digits - size : 0, '0');
  out.append(text.data(), size);
}

/// "2026-01-02T03:04:05.678901Z".
void appendTime(std::string& out, WallMicros wall) {
  using std::chrono::floor;
  const std::chrono::sys_time<Micros> time{Micros(static_cast<std::int64_t>(wall))};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  auto part = [&out](auto number, std::size_t digits, char after) {
    appendPadded(out, static_cast<std::uint64_t>(number), digits);
    out += after;
  };
  part(static_cast<int>(date.year()), 4, '-');
  part(static_cast<unsigned>(date.month()), 2, '-');
  part(static_cast<unsigned>(date.day()), 2, 'T');
  part(clock.hours().count(), 2, ':');
  part(clock.minutes().count(), 2, ':');
  part(clock.seconds().count(), 2, '.');
  part(clock.subseconds().count(), 6, 'Z');
}

/// `number` / 10^digits as a decimal number without trailing zeros.
void appendDecimal(std::string& out, std::int64_t number, std::size_t digits) {
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < digits; ++i) {
    scale *= 10;
  }
  out += number < 0 ? "-" : "";
  const auto whole = static_cast<std::uint64_t>(std::abs(number));
  appendPadded(out, whole / scale, 1);
  if (whole % scale != 0) {
    out += '.';
    appendPadded(out, whole % scale, digits);
    out.erase(out.find_last_not_of('0') + 1);
  }
}

std::string_view levelOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUpstreamFailed:
    case Outcome::kUpstreamTruncated:
    case Outcome::kTimedOut:
    case Outcome::kGatewayFailed:
      return "warn";
    default:
      return "info";
  }
}

/// Writes one record as one line; what is empty or absent is left out.
class LineOfRecord {
 public:
  LineOfRecord(std::string& out, const RequestRecord& record, const AccessLogSettings& settings)
      : line_(settings.format, out), record_(record), settings_(settings) {}

  void write() {
    writePlace();
    writeHttp();
    writeIdentity();
    writeMcp();
    if (const LlmRecord* llm = record_.llmPart()) {
      writeLlm(*llm);
      writeUsage(*llm);
      writeParameters(*llm);
    }
    writeEnding();
    line_.end();
  }

 private:
  void put(Attribute attribute, std::string_view value) {
    std::string_view key = logKey(attribute, settings_.names);
    if (!value.empty() && !key.empty()) {
      line_.add(key, value);
    }
  }
  void put(Attribute attribute, Text text) { put(attribute, record_.text(text)); }
  template <typename Number>
    requires std::is_integral_v<Number>
  void put(Attribute attribute, std::optional<Number> value) {
    std::string_view key = logKey(attribute, settings_.names);
    if (value && !key.empty()) {
      line_.add(key, *value);
    }
  }
  void put(Attribute attribute, std::optional<double> value) {
    if (value) {
      std::array<char, 32> text;
      putBare(attribute, {text.data(), std::to_chars(text.begin(), text.end(), *value).ptr});
    }
  }
  /// A decimal: `value` / 10^digits.
  void put(Attribute attribute, std::optional<std::int64_t> value, std::size_t digits) {
    if (value) {
      scratch_.clear();
      appendDecimal(scratch_, *value, digits);
      putBare(attribute, scratch_);
    }
  }
  void putBare(Attribute attribute, std::string_view number) {
    if (std::string_view key = logKey(attribute, settings_.names); !key.empty()) {
      line_.addBare(key, number);
    }
  }

  void writePlace() {
    scratch_.clear();
    appendTime(scratch_, record_.wall());
    put(kTime, scratch_);
    put(kLevel, levelOf(record_.ending().outcome));
    put(kMessage, "request");
    scratch_.clear();
    appendCrockford(scratch_, static_cast<std::uint64_t>(record_.id()));
    put(kRequestId, scratch_);
    put(kGateway, record_.gateway.view());
    put(kListener, record_.listener.view());
    put(kRouteRule, record_.rule.view());
    put(kRoute, record_.route.view());
    put(kBackend, record_.backend.view());
    if (const std::size_t attempts = record_.attemptCount(); attempts > 0) {
      put(kEndpoint, record_.text(record_.attempt(attempts - 1).endpoint));
    }
  }

  void writeHttp() {
    putClientAddress();
    put(kSourceIdentity, Text::kSourceIdentity);
    if (record_.protocol != Protocol::kTcp) {
      const bool other = record_.method == http::Method::kOther;
      put(kMethod, other ? record_.text(Text::kMethod) : http::toString(record_.method));
      put(kHost, Text::kHost);
      put(kPath, Text::kPath);
      put(kHttpVersion, http::toString(record_.version));
    }
    put(kStatus, record_.status == 0 ? std::nullopt : std::optional(record_.status));
    put(kGrpcStatus, record_.grpc_status);
    put(kTlsServerName, Text::kTlsServerName);
  }

  void putClientAddress() {
    const std::string_view address = record_.text(Text::kClientAddress);
    if (address.empty() || record_.client_port == 0) {
      put(kSourceAddress, address);
      return;
    }
    const bool v6 = address.find(':') != std::string_view::npos;
    scratch_ = v6 ? "[" : "";
    scratch_ += address;
    scratch_ += v6 ? "]:" : ":";
    appendPadded(scratch_, record_.client_port, 1);
    put(kSourceAddress, scratch_);
  }

  void writeIdentity() {
    if (record_.trace.span != SpanId{}) {
      scratch_.clear();
      appendHex(scratch_, record_.trace.trace.bytes);
      put(kTraceId, scratch_);
      scratch_.clear();
      appendHex(scratch_, record_.trace.span.bytes);
      put(kSpanId, scratch_);
    }
    put(kJwtSubject, Text::kJwtSubject);
    put(kKey, Text::kKeyId);
    put(kUser, Text::kUser);
    put(kTeam, Text::kTeam);
    put(kClient, record_.client);
    put(kSession, Text::kSession);
    put(kProtocol, toString(record_.protocol));
  }

  void writeMcp() {
    if (record_.protocol == Protocol::kMcp) {
      put(kMcpMethod, Text::kMcpMethod);
      put(kMcpTarget, Text::kMcpTarget);
      put(kMcpResourceType, Text::kMcpResourceType);
      put(kMcpResourceUri, Text::kMcpResourceUri);
      put(kTool, Text::kTool);
      put(kPrompt, Text::kPrompt);
      put(kMcpSession, Text::kMcpSession);
      put(kMcpErrorCode, Text::kMcpErrorCode);
      put(kMcpErrorMessage, Text::kMcpErrorMessage);
    }
    put(kSelectedEndpoint, Text::kSelectedEndpoint);
  }

  void writeLlm(const LlmRecord& llm) {
    put(kOperation, llm.operation);
    put(kProvider, llm.provider.view());
    put(kRequestModel, Text::kModelRequested);
    put(kResponseModel, Text::kModelAnswered);
  }

  template <typename Tokens>
  static std::optional<std::int64_t> number(std::optional<Tokens> tokens) {
    return tokens ? std::optional(llm::count(*tokens)) : std::nullopt;
  }

  void writeUsage(const LlmRecord& llm) {
    if (const llm::TokenUsage* usage = llm.usage.get()) {
      const auto short_write = number(usage->cache_write_5m);
      const auto long_write = number(usage->cache_write_1h);
      const bool written = short_write || long_write;
      put(kInputTokens, number(usage->in));
      put(kCacheReadTokens, number(usage->cache_read));
      put(kCacheCreationTokens,
          written ? std::optional(short_write.value_or(0) + long_write.value_or(0)) : std::nullopt);
      put(kOutputTokens, number(usage->out));
      put(kReasoningTokens, number(usage->reasoning));
      put(kUsageState, llm::toString(usage->state));
    }
    put(kTimeToFirstToken, timeToFirstToken(record_).micros(), 6);
    put(kTimePerOutputToken, llm.time_per_output_token.micros(), 6);
    if (llm.cost) {
      put(kCostTotal, std::optional(llm::amount(*llm.cost)), 9);
    }
    put(kPriceStatus, toString(llm.price_status));
  }

  void writeParameters(const LlmRecord& llm) {
    if (const RequestParameters* sent = llm.parameters.get()) {
      put(kTemperature, sent->temperature);
      put(kTopP, sent->top_p);
      put(kMaxTokens, sent->max_tokens);
      put(kFrequencyPenalty, sent->frequency_penalty);
      put(kPresencePenalty, sent->presence_penalty);
      put(kSeed, sent->seed);
      put(kDimensionCount, sent->dimension_count);
    }
    put(kEncodingFormats, Text::kEncodingFormats);
  }

  void writeEnding() {
    const Ending& ending = record_.ending();
    const std::size_t attempts = record_.attemptCount();
    put(kRetryAttempt, attempts > 1 ? std::optional(attempts - 1) : std::nullopt);
    put(kAttempts, attempts > 0 ? std::optional(attempts) : std::nullopt);
    put(kOutcome, toString(ending.outcome));
    put(kReason, reasonOf(ending));
    scratch_ = toString(ending.detail);
    if (const std::string_view text = record_.text(Text::kError); !text.empty()) {
      scratch_ += scratch_.empty() ? "" : ": ";
      scratch_ += text;
    }
    put(kError, scratch_);
    put(kOverhead, record_.overhead.micros(), 6);
    if (const auto total = record_.t_total.micros()) {
      scratch_.clear();
      appendDuration(scratch_, *total);
      put(kDuration, scratch_);
      if (settings_.format == LogFormat::kJson) {
        put(kDurationMicros, total);
      }
    }
  }

  LogLine line_;
  const RequestRecord& record_;
  const AccessLogSettings& settings_;
  std::string scratch_;  // of one value, before it is put
};

}  // namespace

void appendDuration(std::string& out, std::int64_t micros) {
  if (micros < 1000) {
    appendPadded(out, static_cast<std::uint64_t>(micros), 1);
    out += "us";
  } else if (micros < 1'000'000) {
    appendPadded(out, static_cast<std::uint64_t>(micros / 1000), 1);
    out += "ms";
  } else {
    appendDecimal(out, micros / 1000, 3);
    out += 's';
  }
}

void appendAccessLine(
    std::string& out, const RequestRecord& record, const AccessLogSettings& settings
) {
  LineOfRecord(out, record, settings).write();
}

bool AccessLog::write(const RequestRecord& record) {
  if (writer_ == nullptr) {
    return true;
  }
  line_.clear();
  appendAccessLine(line_, record, settings_);
  return writer_->write(line_);
}

}  // namespace gatehouse::telemetry
