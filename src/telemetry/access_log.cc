#include "telemetry/access_log.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace gatehouse::telemetry {
namespace {

using enum Attribute;

/// "840us", "12ms", "3.204s".
void writeDuration(std::int64_t micros, LineBuffer& line) {
  if (micros < 1000) {
    line.digits(micros);
    line.put("us");
  } else if (micros < 1'000'000) {
    line.digits(micros / 1000);
    line.put("ms");
  } else {
    line.decimal<3>(micros / 1000);
    line.put('s');
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
  LineOfRecord(
      const RequestRecord& record,
      const LineKeys& keys,
      ReadyFields& ready,
      TimeText& time,
      LineBuffer& line
  )
      : record_(record), keys_(keys), ready_(ready), time_(time), line_(line) {}

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
  }

 private:
  const LineKey& keyOf(Attribute attribute) const { return keys_[std::to_underlying(attribute)]; }

  /// Writes the key; false if the set has none, and then no value must follow.
  bool begin(Attribute attribute) {
    const LineKey& key = keyOf(attribute);
    if (!key.empty()) {
      line_.begin(key);
    }
    return !key.empty();
  }
  void put(Attribute attribute, std::string_view value) {
    const LineKey& key = keyOf(attribute);
    if (!value.empty() && !key.empty()) {
      line_.text(key, value);
    }
  }
  /// Of one of our own words, which lives as long as the program: found where the last one was, it
  /// is the same.
  void putWord(Attribute attribute, std::string_view word) {
    ReadyField& ready = ready_.fields[std::to_underlying(attribute)];
    if (ready.isOf(word.data(), word.size())) [[likely]] {
      line_.field(ready);
    } else if (!word.empty()) {
      putNewWord(attribute, word);
    }
  }
  [[gnu::noinline]] void putNewWord(Attribute attribute, std::string_view word) {
    const LineKey& key = keyOf(attribute);
    if (!key.empty()) {
      const std::size_t before = line_.size();
      line_.word(key, word);
      keep(attribute, word.data(), word.size(), before);
    }
  }
  void put(Attribute attribute, const Name& name) {
    ReadyField& ready = ready_.fields[std::to_underlying(attribute)];
    if (ready.isOf(name.identity(), 0)) [[likely]] {
      line_.field(ready);
    } else if (!name.empty()) {
      putNewName(attribute, name);
    }
  }
  [[gnu::noinline]] void putNewName(Attribute attribute, const Name& name) {
    const std::size_t before = line_.size();
    put(attribute, name.view());
    keep(attribute, name.identity(), 0, before);
    ready_.names[std::to_underlying(attribute)] = name;
  }
  void keep(Attribute attribute, const void* value, std::size_t size, std::size_t before) {
    ready_.fields[std::to_underlying(attribute)].keep(value, size, line_.since(before));
  }
  void put(Attribute attribute, Text text) { put(attribute, record_.text(text)); }
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void put(Attribute attribute, std::optional<Number> value) {
    if (value && begin(attribute)) {
      line_.digits(*value);
    }
  }
  /// As a decimal: `value` / 10^Places.
  template <std::size_t Places>
  void putDecimal(Attribute attribute, std::optional<std::int64_t> value) {
    if (value && begin(attribute)) {
      line_.decimal<Places>(*value);
    }
  }
  void putSeconds(Attribute attribute, Mark time) { putDecimal<6>(attribute, time.micros()); }
  template <std::size_t Count>
  void put(Attribute attribute, const std::array<std::uint8_t, Count>& bytes) {
    if (begin(attribute)) {
      line_.quote();
      line_.hex(bytes);
      line_.quote();
    }
  }

  void writePlace() {
    if (begin(kTime)) {
      line_.quote();
      time_.write(record_.wall(), line_);
      line_.quote();
    }
    putWord(kLevel, levelOf(record_.ending().outcome));
    putWord(kMessage, "request");
    putId();
    put(kGateway, record_.gateway);
    put(kListener, record_.listener);
    put(kRouteRule, record_.rule);
    put(kRoute, record_.route);
    put(kBackend, record_.backend);
    if (const std::size_t attempts = record_.attemptCount(); attempts > 0) {
      put(kEndpoint, record_.text(record_.attempt(attempts - 1).endpoint));
    }
  }

  void writeHttp() {
    putClientAddress();
    put(kSourceIdentity, Text::kSourceIdentity);
    if (record_.protocol != Protocol::kTcp) {
      if (record_.method == http::Method::kOther) {
        put(kMethod, Text::kMethod);
      } else {
        putWord(kMethod, http::toString(record_.method));
      }
      put(kHost, Text::kHost);
      put(kPath, Text::kPath);
      if (record_.version) {
        putWord(kHttpVersion, http::toString(*record_.version));
      }
    }
    put(kStatus, record_.status == 0 ? std::nullopt : std::optional(record_.status));
    put(kGrpcStatus, record_.grpc_status);
    put(kTlsServerName, Text::kTlsServerName);
  }

  void putId() {
    if (begin(kRequestId)) {
      line_.quote();
      line_.put(toText(record_.id()));
      line_.quote();
    }
  }

  void putClientAddress() {
    constexpr std::size_t kLongestAddress = 256;  // of a text that a record keeps
    const std::string_view address = record_.text(Text::kClientAddress);
    if (address.empty() || record_.client_port == 0) {
      put(kSourceAddress, address);
      return;
    }
    const bool v6 = address.find(':') != std::string_view::npos;
    std::array<char, kLongestAddress + 16> text;
    char* at = text.data();
    if (v6) {
      *at++ = '[';
    }
    at += address.copy(at, kLongestAddress);
    if (v6) {
      *at++ = ']';
    }
    *at++ = ':';
    at = std::to_chars(at, text.data() + text.size(), record_.client_port).ptr;
    put(kSourceAddress, std::string_view(text.data(), at));
  }

  void writeIdentity() {
    if (record_.trace.span != SpanId{}) {
      put(kTraceId, record_.trace.trace.bytes);
      put(kSpanId, record_.trace.span.bytes);
    }
    put(kJwtSubject, Text::kJwtSubject);
    put(kKey, Text::kKeyId);
    put(kUser, Text::kUser);
    put(kTeam, Text::kTeam);
    putWord(kClient, record_.client);
    put(kSession, Text::kSession);
    putWord(kProtocol, toString(record_.protocol));
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
    putWord(kOperation, llm.operation);
    put(kProvider, llm.provider);
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
    }
    putWord(kUsageState, llm::toString(usageState(record_)));
    putSeconds(kTimeToFirstToken, timeToFirstToken(record_));
    putSeconds(kTimePerOutputToken, llm.time_per_output_token);
    if (llm.cost) {
      putDecimal<9>(kCostTotal, llm::amount(*llm.cost));
    }
    putWord(kPriceStatus, toString(llm.price_status));
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
    putWord(kOutcome, toString(ending.outcome));
    putWord(kReason, reasonOf(ending));
    putError(ending);
    putSeconds(kOverhead, record_.overhead);
    const auto total = record_.t_total.micros();
    if (total && begin(kDuration)) {
      line_.quote();
      writeDuration(*total, line_);
      line_.quote();
    }
    if (line_.json()) {
      put(kDurationMicros, total);
    }
  }

  void putError(const Ending& ending) {
    const std::string_view detail = toString(ending.detail);
    const std::string_view text = record_.text(Text::kError);
    if (detail.empty() || text.empty()) {
      put(kError, detail.empty() ? text : detail);
      return;
    }
    std::string both(detail);
    both += ": ";
    both += text;
    put(kError, both);
  }

  const RequestRecord& record_;
  const LineKeys& keys_;
  ReadyFields& ready_;
  TimeText& time_;
  LineBuffer& line_;
};

LineKeys lineKeys(const AccessLogSettings& settings) {
  const LogKeys& names = logKeys(settings.names);
  LineKeys keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = names[i].empty() ? LineKey() : LineKey(settings.format, names[i]);
  }
  return keys;
}

}  // namespace

void TimeText::write(WallMicros wall, LineBuffer& line) {
  using std::chrono::floor;
  const std::chrono::sys_time<Micros> time{Micros(static_cast<std::int64_t>(wall))};
  const auto second = floor<Seconds>(time);
  if (second.time_since_epoch().count() != second_) {
    second_ = second.time_since_epoch().count();
    const auto day = floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(second - day);
    fmt::format_to_n(
        text_.data(),
        text_.size(),
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count()
    );
  }
  line.put({text_.data(), text_.size()});
  line.padded<6>(static_cast<std::uint64_t>((time - second).count()));
  line.put('Z');
}

std::string accessLine(const RequestRecord& record, const AccessLogSettings& settings) {
  LineBuffer line(settings.format);
  TimeText time;
  ReadyFields ready;
  line.clear();
  LineOfRecord(record, lineKeys(settings), ready, time, line).write();
  return std::string(line.finish());
}

AccessLog::AccessLog(LineWriter* writer, AccessLogSettings settings)
    : writer_(writer), keys_(lineKeys(settings)), line_(settings.format) {}

bool AccessLog::write(const RequestRecord& record) {
  if (writer_ == nullptr) {
    return true;
  }
  line_.clear();
  LineOfRecord(record, keys_, ready_, time_, line_).write();
  return writer_->write(line_.finish());
}

}  // namespace gatehouse::telemetry
