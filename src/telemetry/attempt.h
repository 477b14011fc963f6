// One try to get an answer from an upstream (telemetry specification 1.2). A request has none, one,
// or several.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "telemetry/mark.h"
#include "telemetry/name.h"
#include "telemetry/outcome.h"
#include "telemetry/record_texts.h"

namespace gatehouse::telemetry {

enum class WhyNext : std::uint8_t {
  kNone,
  kRetryStatus,
  kRetryConnect,
  kRetryTimeout,
  kRetryCondition,
  kFailover,
};
/// Empty for kNone.
std::string_view toString(WhyNext why);

/// Rate-limit fields of a provider's reply, as sent.
struct ProviderRateLimit {
  std::optional<std::int64_t> requests_limit;
  std::optional<std::int64_t> requests_remaining;
  std::optional<std::int64_t> tokens_limit;
  std::optional<std::int64_t> tokens_remaining;
  TextRef requests_reset;
  TextRef tokens_reset;
};

/// Marks are offsets from the start of the request, not of the attempt.
struct Attempt {
  Name backend;      // "namespace/name"
  Name provider;     // empty for a backend that is no model provider
  TextRef endpoint;  // "host:port"
  TextRef model_sent;
  TextRef provider_request_id;
  std::uint16_t status = 0;  // of the upstream; 0: no response head came
  Detail detail = Detail::kNone;
  WhyNext why_next = WhyNext::kNone;  // why another attempt followed
  bool reused = false;                // connection; then dns, connect and tls are absent
  bool secure = false;                // the connection is TLS

  Mark start;        // connecting, or sending on a reused connection, begins
  Mark dns;          // addresses known
  Mark connect;      // TCP connected
  Mark tls;          // handshake done
  Mark sent;         // last request byte given to the kernel, to the turn of the loop
  Mark first_byte;   // response head complete
  Mark first_chunk;  // first body bytes
  Mark first_token;  // first event with generated content
  Mark last_byte;    // last of the reply that came, be it complete or broken off

  std::unique_ptr<ProviderRateLimit> rate_limit;  // null: none sent
};

}  // namespace gatehouse::telemetry
