// AgentgatewayBackend (agentgateway.dev/v1alpha1) and the backend policies it shares with
// AgentgatewayPolicy. Typed where the gateway acts on it; a section it does not act on yet is
// checked against the schema and kept as a Section.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "resource/meta.h"
#include "resource/ref.h"
#include "resource/secret_object.h"

namespace gatehouse::resource {

/// A part of a spec kept as written, for a feature without a struct of its own.
struct Section {
  std::string name;  // last part of its field path: "health", "promptGuard"
  wire::Value value;
  Position position;  // of the key
};

/// Where a credential stands in a request.
struct CredentialLocation {
  enum class Kind : std::uint8_t { kHeader, kQueryParameter, kCookie };
  Kind kind = Kind::kHeader;
  std::string name = "Authorization";
  std::optional<std::string> prefix;  // headers only; absent means none was stated
};

struct ExtraCredential {
  CredentialLocation location;
  SecretKeyRef secret_ref;
};

/// policies.auth: at most one primary form, and any number of extra credentials.
struct BackendAuth {
  struct None {};
  struct Passthrough {};
  using Primary = std::variant<None, SecretKeyRef, SensitiveText, Passthrough, Section>;
  Primary
      primary;  // SensitiveText: a literal key; Section: aws, azure, gcp, oauthTokenExchange ...
  std::optional<CredentialLocation> location;  // absent: header Authorization, prefix "Bearer "
  std::vector<ExtraCredential> credentials;
  Position position;
};

/// policies.tls; present and empty means TLS with system roots and the upstream's name
/// (resources.md 4).
struct BackendTls {
  enum class Verify : std::uint8_t { kFull, kChainOnly, kNothing };
  std::optional<std::string> sni;
  Verify verify = Verify::kFull;  // insecureSkipVerify: Hostname -> kChainOnly, All -> kNothing
  std::vector<ObjectRef> ca_certificate_refs;  // ConfigMap or Secret, key ca.crt
  std::vector<std::string> verify_subject_alt_names;
  std::vector<std::string> alpn_protocols;
  std::vector<std::string> key_exchange_groups;
  std::optional<SecretKeyRef> mtls_certificate_ref;  // Secret with tls.crt, tls.key
  bool spiffe = false;                               // certificateSource: SPIFFE
  Position position;
};

enum class UpstreamHttpVersion : std::uint8_t { kHttp1, kHttp2 };

struct BackendHttp {
  std::optional<UpstreamHttpVersion> version;
  std::optional<Millis> request_timeout;
};

struct TcpKeepalive {
  std::optional<Millis> time;
  std::optional<Millis> interval;
  std::optional<std::uint32_t> retries;
};

struct BackendTcp {
  std::optional<Millis> connect_timeout;
  std::optional<TcpKeepalive> keepalive;
};

/// `policies` of a backend or of one provider, and `backend` of a policy.
struct BackendPolicies {
  std::optional<BackendAuth> auth;
  std::optional<BackendTls> tls;
  std::optional<BackendHttp> http;
  std::optional<BackendTcp> tcp;
  std::vector<Section> other;  // ai, mcp, transformation, health, extAuth, tunnel
};

/// Which API a provider speaks; `openai` is also every server that imitates it.
enum class ProviderKind : std::uint8_t {
  kOpenAi,
  kAnthropic,
  kAzureOpenAi,
  kAzure,
  kGemini,
  kVertexAi,
  kBedrock,
  kCustom,
};

/// The field name of a provider kind: "openai", "anthropic" ...
std::string_view toString(ProviderKind kind);

struct AiProvider {
  std::string name;  // empty for the single provider of `ai.provider`
  ProviderKind kind = ProviderKind::kOpenAi;
  std::optional<std::string> model;  // absent: the request's
  std::optional<std::string> host;   // absent: the provider's own
  std::optional<std::uint16_t> port;
  std::optional<std::string> path;
  std::optional<std::string> path_prefix;
  wire::Value settings;  // the object under the provider kind's field
  BackendPolicies policies;
  Position position;
};

/// Providers tried as equals; groups are tried in order.
struct PriorityGroup {
  std::vector<AiProvider> providers;
};

/// `ai.provider` is one group with one provider.
struct AiBackend {
  std::vector<PriorityGroup> groups;
};

struct StaticBackend {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;  // alone, or empty
};

struct DynamicForwardProxy {};

/// mcp, aws, a2a: kept as written.
struct OtherBackend {
  Section section;
};

struct AgentgatewayBackend {
  static constexpr std::string_view kKind = "AgentgatewayBackend";
  ObjectMeta meta;
  std::variant<AiBackend, StaticBackend, DynamicForwardProxy, OtherBackend> target;
  BackendPolicies policies;
};

}  // namespace gatehouse::resource
