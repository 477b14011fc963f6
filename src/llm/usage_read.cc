// readUsage: the counts of one usage object, by the names its dialect has for them.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/padded_view.h"
#include "base/text.h"
#include "llm/usage_reader.h"
#include "wire/json_keys.h"
#include "wire/json_locate.h"
#include "wire/json_string.h"

namespace gatehouse::llm {
namespace {

using Count = ReportedUsage::Count;

constexpr double kLargest = 1e15;

/// A number written as text; nothing if it is none.
std::optional<double> parseNumber(std::string_view text) {
  const char* last = text.data() + text.size();
  std::int64_t integer = 0;  // as nearly all are
  if (auto [end, error] = std::from_chars(text.data(), last, integer);
      error == std::errc() && end == last) {
    return static_cast<double>(integer);
  }
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

/// The number that a JSON value is, or that stands in it as a string.
std::optional<double> numberIn(std::string_view json) {
  if (!json.starts_with('"')) {
    return parseNumber(json);
  }
  std::string_view inner = json.substr(1, json.size() - 2);
  return inner.contains('\\')
             ? parseNumber(wire::unescapeJson(inner, wire::LoneSurrogate::kReplace).value_or(""))
             : parseNumber(inner);
}

// What the providers call their counts. An enumerator is the place of its key in the list behind
// it.
enum OpenAiKey : std::uint8_t {
  kPromptTokens,
  kInputTokens,
  kCompletionTokens,
  kOutputTokens,
  kTotalTokens,
  kPromptTokensDetails,
  kInputTokensDetails,
  kInputTokenDetails,
  kCompletionTokensDetails,
  kOutputTokensDetails,
  kOutputTokenDetails,
};
constexpr std::array<std::string_view, 11> kOpenAiNames = {
    "prompt_tokens",
    "input_tokens",
    "completion_tokens",
    "output_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "input_tokens_details",
    "input_token_details",
    "completion_tokens_details",
    "output_tokens_details",
    "output_token_details",
};
constexpr wire::JsonKeys kOpenAiKeys(kOpenAiNames);

enum OpenAiDetail : std::uint8_t { kCached, kCacheWrite, kAudio, kImage, kReasoning };
constexpr std::array<std::string_view, 5> kOpenAiDetailNames = {
    "cached_tokens",
    "cache_write_tokens",
    "audio_tokens",
    "image_tokens",
    "reasoning_tokens",
};
constexpr wire::JsonKeys kOpenAiDetails(kOpenAiDetailNames);

enum MessagesKey : std::uint8_t {
  kMessagesInput,
  kMessagesOutput,
  kCacheRead,
  kCacheCreationSum,
  kCacheCreation,
  kOutputDetails,
  kServerTools,
};
constexpr std::array<std::string_view, 7> kMessagesNames = {
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "output_tokens_details",
    "server_tool_use",
};
constexpr wire::JsonKeys kMessagesKeys(kMessagesNames);

enum MessagesDetail : std::uint8_t { kWritten5m, kWritten1h, kThinking, kWebSearches };
constexpr std::array<std::string_view, 4> kMessagesDetailNames = {
    "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens",
    "thinking_tokens",
    "web_search_requests",
};
constexpr wire::JsonKeys kMessagesDetails(kMessagesDetailNames);

enum GeminiKey : std::uint8_t {
  kPromptCount,
  kToolPromptCount,
  kCachedCount,
  kCandidatesCount,
  kThoughtsCount,
  kTotalCount,
};
constexpr std::array<std::string_view, 6> kGeminiNames = {
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "totalTokenCount",
};
constexpr wire::JsonKeys kGeminiKeys(kGeminiNames);

constexpr std::size_t kMostNames = kOpenAiNames.size();
static_assert(kMessagesNames.size() <= kMostNames && kGeminiNames.size() <= kMostNames);

/// The members of one usage object, or of one within it, and what is odd about its counts.
class Counts {
 public:
  using Keys = std::initializer_list<std::uint8_t>;

  /// Text that is no JSON object has no members.
  Counts(PaddedView text, const wire::JsonKeys& keys, UsageAnomalies& anomalies)
      : text_(text), anomalies_(anomalies) {
    if (!wire::pickMembers(text, keys, values_)) {
      values_ = {};
    }
  }

  /// The first of these that is a count.
  Count first(Keys keys) const {
    for (std::uint8_t key : keys) {
      if (Count count = read(values_.at(key))) {
        return count;
      }
    }
    return std::nullopt;
  }

  /// The first of these that is an object.
  std::optional<Counts> within(Keys keys, const wire::JsonKeys& inner) const {
    for (std::uint8_t key : keys) {
      std::string_view json = values_.at(key);
      if (json.starts_with('{')) {
        auto from = static_cast<std::size_t>(json.data() - text_.text().data());
        PaddedView object = text_.slice(from, json.size());
        return std::optional<Counts>(std::in_place, object, inner, anomalies_);
      }
    }
    return std::nullopt;
  }

 private:
  Count read(std::string_view json) const {
    if (json.empty()) {
      return std::nullopt;
    }
    if (auto plain = parseUnsigned(json, static_cast<std::uint64_t>(kLargest))) [[likely]] {
      return static_cast<std::int64_t>(*plain);
    }
    return readOdd(json);
  }

  /// What is a number, but not digits only.
  Count readOdd(std::string_view json) const {
    std::optional<double> number = numberIn(json);
    if (!number) {
      return std::nullopt;
    }
    if (*number < 0) {
      anomalies_.add(UsageAnomaly::kNegative);
      return std::nullopt;
    }
    if (*number > kLargest) {
      anomalies_.add(UsageAnomaly::kTooLarge);
      return std::nullopt;
    }
    double rounded = std::round(*number);
    if (rounded != *number) {
      anomalies_.add(UsageAnomaly::kNotInteger);
    }
    return static_cast<std::int64_t>(rounded);
  }

  PaddedView text_;
  UsageAnomalies& anomalies_;
  std::array<std::string_view, kMostNames> values_{};
};

/// Chat, Responses, Embeddings, Completions and their imitators: two spellings of the same counts.
ReportedUsage readOpenAi(PaddedView text) {
  ReportedUsage reported;
  Counts usage(text, kOpenAiKeys, reported.anomalies);
  reported.input = usage.first({kPromptTokens, kInputTokens});
  reported.output = usage.first({kCompletionTokens, kOutputTokens});
  reported.total = usage.first({kTotalTokens});
  if (auto in = usage.within(
          {kPromptTokensDetails, kInputTokensDetails, kInputTokenDetails}, kOpenAiDetails
      )) {
    reported.cache_read = in->first({kCached});
    reported.cache_write_5m = in->first({kCacheWrite});
    reported.audio_in = in->first({kAudio});
    reported.image_in = in->first({kImage});
  }
  if (auto out = usage.within(
          {kCompletionTokensDetails, kOutputTokensDetails, kOutputTokenDetails}, kOpenAiDetails
      )) {
    reported.reasoning = out->first({kReasoning});
    reported.audio_out = out->first({kAudio});
    reported.image_out = out->first({kImage});
  }
  return reported;
}

ReportedUsage readMessages(PaddedView text) {
  ReportedUsage reported;
  Counts usage(text, kMessagesKeys, reported.anomalies);
  reported.input = usage.first({kMessagesInput});
  reported.output = usage.first({kMessagesOutput});
  reported.cache_read = usage.first({kCacheRead});
  reported.cache_write = usage.first({kCacheCreationSum});
  if (auto writes = usage.within({kCacheCreation}, kMessagesDetails)) {
    reported.cache_write_5m = writes->first({kWritten5m});
    reported.cache_write_1h = writes->first({kWritten1h});
  }
  if (auto out = usage.within({kOutputDetails}, kMessagesDetails)) {
    reported.reasoning = out->first({kThinking});
  }
  if (auto tools = usage.within({kServerTools}, kMessagesDetails)) {
    reported.web_searches = tools->first({kWebSearches});
  }
  return reported;
}

ReportedUsage readGemini(PaddedView text) {
  ReportedUsage reported;
  Counts usage(text, kGeminiKeys, reported.anomalies);
  reported.input = usage.first({kPromptCount});
  reported.tool_input = usage.first({kToolPromptCount});
  reported.cache_read = usage.first({kCachedCount});
  reported.output = usage.first({kCandidatesCount});
  reported.reasoning = usage.first({kThoughtsCount});
  reported.total = usage.first({kTotalCount});
  return reported;
}

}  // namespace

ReportedUsage readUsage(Dialect dialect, PaddedView usage) {
  switch (dialect) {
    case Dialect::kMessages:
      return readMessages(usage);
    case Dialect::kGemini:
      return readGemini(usage);
    default:
      return readOpenAi(usage);
  }
}

}  // namespace gatehouse::llm
