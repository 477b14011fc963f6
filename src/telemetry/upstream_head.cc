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

// Both families of field names.
constexpr std::array<std::string_view, 2> kPrefixes = {"x-ratelimit-", "anthropic-ratelimit-"};
constexpr http::FieldFilter kRateLimits(kLimits, kPrefixes);

// Where a field's value goes.
struct Place {
  std::string_view name;
  std::optional<std::int64_t> ProviderRateLimit::* number = nullptr;
  TextRef ProviderRateLimit::* text = nullptr;
};
constexpr std::array<Place, 12> kPlaces = {{
    {.name = "x-ratelimit-limit-requests", .number = &ProviderRateLimit::requests_limit},
    {.name = "x-ratelimit-remaining-requests", .number = &ProviderRateLimit::requests_remaining},
    {.name = "x-ratelimit-reset-requests", .text = &ProviderRateLimit::requests_reset},
    {.name = "x-ratelimit-limit-tokens", .number = &ProviderRateLimit::tokens_limit},
    {.name = "x-ratelimit-remaining-tokens", .number = &ProviderRateLimit::tokens_remaining},
    {.name = "x-ratelimit-reset-tokens", .text = &ProviderRateLimit::tokens_reset},
    {.name = "anthropic-ratelimit-requests-limit", .number = &ProviderRateLimit::requests_limit},
    {.name = "anthropic-ratelimit-requests-remaining",
     .number = &ProviderRateLimit::requests_remaining},
    {.name = "anthropic-ratelimit-requests-reset", .text = &ProviderRateLimit::requests_reset},
    {.name = "anthropic-ratelimit-tokens-limit", .number = &ProviderRateLimit::tokens_limit},
    {.name = "anthropic-ratelimit-tokens-remaining", .number = &ProviderRateLimit::tokens_remaining
    },
    {.name = "anthropic-ratelimit-tokens-reset", .text = &ProviderRateLimit::tokens_reset},
}};

std::optional<std::int64_t> numberOf(std::string_view value) {
  auto number = parseUnsigned(trim(value), INT64_MAX);
  return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

// Of two fields with one place the first counts.
void noteRateLimit(RequestRecord& record, const http::Fields& fields) {
  auto limit = std::make_unique<ProviderRateLimit>();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    http::Fields::Field field = fields.at(i);
    if (!kRateLimits.passes(fields.idAt(i), field.name)) {
      continue;
    }
    for (const Place& place : kPlaces) {
      if (place.name.size() != field.name.size() || !iequals(place.name, field.name)) {
        continue;
      }
      if (place.number != nullptr && !((*limit).*place.number)) {
        (*limit).*place.number = numberOf(field.value);
      } else if (place.text != nullptr && !((*limit).*place.text).known()) {
        (*limit).*place.text = record.keep(field.value);
      }
      break;
    }
  }
  record.lastAttempt().rate_limit = std::move(limit);
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
