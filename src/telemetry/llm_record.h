// The LLM part of a request record (telemetry specification 1.3). Counts that nobody reported are
// absent, never zero (D10).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "llm/price.h"
#include "llm/usage.h"
#include "telemetry/mark.h"
#include "telemetry/name.h"

namespace gatehouse::telemetry {

enum class PriceStatus : std::uint8_t {
  kNone,  // not looked up
  kExact,
  kAlias,
  kOverride,
  kApproximate,
  kMissing,
  kZero,
};
/// Empty for kNone.
std::string_view toString(PriceStatus status);

/// What the client asked for, as sent; absent when it did not say.
struct RequestParameters {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<double> frequency_penalty;
  std::optional<double> presence_penalty;
  std::optional<std::int64_t> max_tokens;
  std::optional<std::int64_t> top_k;
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> choice_count;
  std::optional<std::int64_t> dimension_count;
};

/// Cost per kind; a kind without a price of its own is absent.
struct CostLines {
  std::optional<llm::NanoDollars> input;
  std::optional<llm::NanoDollars> output;
  std::optional<llm::NanoDollars> cache_read;
  std::optional<llm::NanoDollars> cache_write;
  std::optional<llm::NanoDollars> reasoning;
  std::optional<llm::NanoDollars> audio_in;
  std::optional<llm::NanoDollars> audio_out;
  std::optional<llm::NanoDollars> image;
  std::optional<llm::NanoDollars> search;
};

struct LlmRecord {
  /// Replaces what was known. Not called: nothing was reported.
  void setUsage(llm::TokenUsage reported) {
    usage = std::make_unique<const llm::TokenUsage>(std::move(reported));
  }

  Name provider;  // `gen_ai.provider.name` of the provider that answered, or would have
  // Names of closed lists, of llm/; the characters live as long as the program. Empty: unknown.
  std::string_view operation;    // "chat", "embeddings", ...
  std::string_view dialect_in;   // the client's: "chat_completions", ...
  std::string_view dialect_out;  // the upstream's
  PriceStatus price_status = PriceStatus::kNone;
  bool translated = false;
  bool stream = false;            // the client asked for a stream
  bool stream_reply = false;      // the upstream answered with one
  bool model_configured = false;  // the requested model is named by configuration or price book
  bool model_fixed = false;       // the backend names its model, whatever the client asks for
  std::uint16_t translation_notes = 0;  // fields dropped or changed
  std::uint32_t chunks = 0;             // events forwarded
  std::optional<llm::NanoDollars> cost;
  std::unique_ptr<const llm::TokenUsage> usage;   // null until reported, usually at the end
  std::unique_ptr<RequestParameters> parameters;  // null: none sent
  std::unique_ptr<CostLines> cost_lines;

  // Derived when the record ends.
  Mark time_per_output_token;  // only streamed, with more than one output token
  std::optional<std::uint32_t> milli_tokens_per_second;
};

}  // namespace gatehouse::telemetry
