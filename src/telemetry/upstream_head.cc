#include "telemetry/upstream_head.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::array<http::FieldName, 4> kRequestIdFields = {
    "request-id", "x-request-id", "apim-request-id", "x-amzn-requestid"
};

// What tells that a provider reports limits.
constexpr http::FieldSet kLimits = {
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-tokens-limit",
};

// Both families of field names, in the order limit, remaining, reset.
struct RateLimitFields {
  std::array<http::FieldName, 3> requests;
  std::array<http::FieldName, 3> tokens;
};
constexpr std::array<RateLimitFields, 2> kRateLimitFields = {{
    {{"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
     {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"}},
    {{"anthropic-ratelimit-requests-limit",
      "anthropic-ratelimit-requests-remaining",
      "anthropic-ratelimit-requests-reset"},
     {"anthropic-ratelimit-tokens-limit",
      "anthropic-ratelimit-tokens-remaining",
      "anthropic-ratelimit-tokens-reset"}},
}};

std::optional<std::int64_t> numberOf(const http::Fields& fields, http::FieldName name) {
  auto text = fields.get(name);
  auto number = text ? parseUnsigned(trim(*text), INT64_MAX) : std::nullopt;
  return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

void noteRateLimit(RequestRecord& record, const http::Fields& fields) {
  for (const RateLimitFields& names : kRateLimitFields) {
    if (!fields.has(names.requests[0]) && !fields.has(names.tokens[0])) {
      continue;
    }
    auto limit = std::make_unique<ProviderRateLimit>();
    limit->requests_limit = numberOf(fields, names.requests[0]);
    limit->requests_remaining = numberOf(fields, names.requests[1]);
    limit->requests_reset = record.keep(fields.get(names.requests[2]).value_or(""));
    limit->tokens_limit = numberOf(fields, names.tokens[0]);
    limit->tokens_remaining = numberOf(fields, names.tokens[1]);
    limit->tokens_reset = record.keep(fields.get(names.tokens[2]).value_or(""));
    record.lastAttempt().rate_limit = std::move(limit);
    return;
  }
}

}  // namespace

void noteUpstreamHead(RequestRecord& record, const http::Fields& fields) {
  for (http::FieldName name : kRequestIdFields) {
    if (auto value = fields.get(name)) {
      record.lastAttempt().provider_request_id = record.keep(*value);
      break;
    }
  }
  if (fields.hasAny(kLimits)) {
    noteRateLimit(record, fields);
  }
}

}  // namespace gatehouse::telemetry
