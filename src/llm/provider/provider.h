// What is particular to a model provider's API: host, base path, which dialects it serves, where
// the credential is put, which fields are added. Constant facts and plain settings; compile fills
// the settings from resources (llm.md 3, 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/fields.h"
#include "llm/dialect_match.h"
#include "llm/model.h"

namespace gatehouse::llm {

/// The API a backend speaks; kOpenAi is also every server that imitates it.
enum class ProviderKind : std::uint8_t { kOpenAi, kAnthropic };

/// The field name of a provider kind in resources and records: "openai", "anthropic".
std::string_view toString(ProviderKind kind);

/// One provider of an AI backend as compile hands it over.
struct ProviderSettings {
  ProviderKind kind = ProviderKind::kOpenAi;
  std::optional<ModelName> model;  // always sent in place of the request's
  std::string host;                // where requests go, lower case; empty: the provider's own
  std::string path;                // path and query verbatim for every dialect; empty: built
  std::optional<std::string> path_prefix;  // in place of the provider's base
  DialectRoutes routes;
};

/// Constant facts of a provider kind.
struct ProviderProfile {
  std::string_view default_host;
  std::uint16_t default_port;  // with TLS
  std::string_view base;       // "/v1"
  std::string_view served;     // its paths in one line, for error texts
};

const ProviderProfile& profileOf(ProviderKind kind);

/// Whether requests go to the vendor itself, not to a server that imitates its API.
bool addressesVendor(const ProviderSettings& settings);

/// Whether this provider answers the dialect natively. kDetect and kPassthrough always do.
bool serves(ProviderKind kind, Dialect dialect);

/// Name and prefix of the field a key is sent in. Views of literals.
struct CredentialPlacement {
  std::string_view field;
  std::string_view prefix;
};

/// Where the backend's own key is put when the resource names no location: `Authorization: Bearer`,
/// or `x-api-key` for Anthropic except OAuth tokens (beginning with sk-ant-oat).
CredentialPlacement placeCredential(ProviderKind kind, std::string_view key);

/// Fields the API demands and the client left out, such as anthropic-version.
void addProviderFields(ProviderKind kind, Dialect dialect, http::Fields& fields);

/// Whether the client that sent a field is a proxy of ours whose x-forwarded-* we believe.
enum class ForwardedTrust : std::uint8_t { kUntrusted, kTrusted };

/// Takes out what never goes upstream: hop-by-hop fields, browser fields, cookies, Forwarded and
/// x-forwarded-* of untrusted clients, and what the caller names. Credentials are not touched here.
void stripRequestFields(http::Fields& fields, ForwardedTrust trust, http::FieldSet also = {});

/// Takes out what never goes to the client: hop-by-hop fields, set-cookie, via, server,
/// organisation ids.
void stripResponseFields(http::Fields& fields);

}  // namespace gatehouse::llm
