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

// The places by the size of their names; two at most share one.
constexpr std::size_t kLongest = 38;
constexpr auto kPlacesBySize = [] {
  std::array<std::array<Place, 2>, kLongest + 1> by_size{};
  for (const Place& place : kPlaces) {
    auto& slots = by_size.at(place.name.size());
    slots.at(slots[0].name.empty() ? 0 : 1) = place;
  }
  return by_size;
}();

// Null for a name that has none.
const Place* placeOf(std::string_view name) {
  if (name.size() > kLongest) {
    return nullptr;
  }
  for (const Place& place : kPlacesBySize[name.size()]) {
    // Nearly always in lower case.
    if (!place.name.empty() && (place.name == name || iequals(place.name, name))) {
      return &place;
    }
  }
  return nullptr;
}

std::optional<std::int64_t> numberOf(std::string_view value) {
  auto number = parseUnsigned(value, INT64_MAX);
  return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

// Of two fields with one place the first counts.
void noteRateLimit(RequestRecord& record, const http::Fields& fields) {
  auto limit = std::make_unique<ProviderRateLimit>();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const http::FieldId id = fields.idAt(i);
    if (id != http::kUnknownField && !kLimits.has(id)) {
      continue;
    }
    const http::Fields::Field field = fields.at(i);
    const Place* const place = placeOf(field.name);
    if (place == nullptr) {
      continue;
    }
    if (place->number != nullptr && !((*limit).*place->number)) {
      (*limit).*place->number = numberOf(field.value);
    } else if (place->text != nullptr && !((*limit).*place->text).known()) {
      (*limit).*place->text = record.keep(field.value);
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
