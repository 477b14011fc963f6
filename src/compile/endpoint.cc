#include "compile/endpoint.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "compile/certificate.h"
#include "compile/frontend_tls.h"
#include "compile/keepalive.h"
#include "compile/tunnel.h"
#include "crypto/digest.h"
#include "secret/from_objects.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// Names in ALPN (RFC 9113 section 3.1, RFC 7301 section 6).
constexpr std::string_view kHttp1 = "http/1.1";
constexpr std::string_view kHttp2 = "h2";

std::string verifyName(const resource::BackendTls* tls, const std::string& host) {
  return tls != nullptr && tls->sni ? *tls->sni : host;
}

upstream::Verify verifyOf(const resource::BackendTls* tls) {
  if (tls == nullptr || tls->verify == resource::BackendTls::Verify::kFull) {
    return upstream::Verify::kChainAndName;
  }
  return tls->verify == resource::BackendTls::Verify::kChainOnly ? upstream::Verify::kChainOnly
                                                                 : upstream::Verify::kNothing;
}

void addCa(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const resource::BackendTls& tls,
    upstream::TlsSettings& settings,
    std::vector<std::string>& problems
) {
  if (tls.ca_certificate_refs.empty()) {
    return;
  }
  const resource::ObjectRef& ref = tls.ca_certificate_refs.front();
  if (auto pem = readCa(draft, ref)) {
    settings.ca_pem = *std::move(pem);
    return;
  }
  settings.trust_nothing = true;
  problems.push_back(fmt::format(
      "{} with key ca.crt not found; no upstream is trusted", resource::toString(keyOf(ref))
  ));
  draft.find(
      Severity::kError, meta, "spec.policies.tls.caCertificateRefs[0].name", problems.back()
  );
}

/// Certificate and key we show to the upstream; the Secret may bring the roots of the upstream's
/// own certificate as well.
std::expected<void, std::string> addClientCertificate(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const resource::SecretKeyRef& ref,
    upstream::TlsSettings& settings
) {
  auto pair = readKeyPair(draft, ref.ns, ref.name);
  if (!pair) {
    return std::unexpected(std::move(pair.error()));
  }
  noteUse(
      draft,
      {meta,
       "spec.policies.tls.mtlsCertificateRef[0].name",
       fmt::format("{}/{}", ref.ns, ref.name),
       resource::toString(meta.key)},
      *pair
  );
  settings.client_certificate_pem = std::move(pair->chain_pem);
  settings.client_key_pem = std::move(pair->key_pem);
  const auto roots = secret::valueFrom(draft.resources, ref.ns, ref.name, "ca.crt");
  if (roots && settings.ca_pem.empty() && !settings.trust_nothing) {
    settings.ca_pem = std::string((*roots)->reveal());
  }
  return {};
}

/// What is offered, in order of preference: what is wished for of what we speak.
std::vector<std::string> offered(
    Draft& draft, const resource::ObjectMeta& meta, const EffectivePolicies& policies
) {
  using Version = resource::UpstreamHttpVersion;
  std::vector<std::string> wished = alpnOf(upstream::HttpVersion::kAny);
  if (policies.tls != nullptr && !policies.tls->alpn_protocols.empty()) {
    wished = policies.tls->alpn_protocols;
  }
  std::vector<std::string> protocols;
  for (std::string& protocol : wished) {
    if (protocol != kHttp1 && protocol != kHttp2) {
      draft.find(
          Severity::kWarning,
          meta,
          "spec.policies.tls.alpnProtocols",
          fmt::format(
              "protocol {} is not spoken and not offered; known are h2 and http/1.1", protocol
          )
      );
      continue;
    }
    const auto version = protocol == kHttp2 ? Version::kHttp2 : Version::kHttp1;
    const bool left_out =
        policies.http != nullptr && policies.http->version && *policies.http->version != version;
    if (!left_out && std::ranges::find(protocols, protocol) == protocols.end()) {
      protocols.push_back(std::move(protocol));
    }
  }
  return protocols;
}

upstream::HttpVersion versionOf(const std::vector<std::string>& alpn) {
  if (alpn.size() > 1) {
    return upstream::HttpVersion::kAny;
  }
  return alpn.front() == kHttp2 ? upstream::HttpVersion::kHttp2 : upstream::HttpVersion::kHttp1;
}

upstream::HttpVersion wishedVersion(const EffectivePolicies& policies) {
  if (policies.http == nullptr || !policies.http->version) {
    return upstream::HttpVersion::kAny;
  }
  return *policies.http->version == resource::UpstreamHttpVersion::kHttp2
             ? upstream::HttpVersion::kHttp2
             : upstream::HttpVersion::kHttp1;
}

std::expected<TlsHandle, snapshot::InvalidBackend> makeTls(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const std::string& host,
    const EffectivePolicies& policies,
    std::vector<std::string>& problems
) {
  const resource::BackendTls* const tls = policies.tls;
  auto settings = std::make_shared<upstream::TlsSettings>();
  const std::string name = verifyName(tls, host);
  settings->sni = isIpAddress(name) ? "" : name;
  settings->verify_names = {name};
  settings->alpn = offered(draft, meta, policies);
  if (settings->alpn.empty()) {
    const std::string sentence =
        "policies.tls.alpnProtocols names no protocol that this backend may speak";
    draft.find(Severity::kError, meta, "spec.policies.tls.alpnProtocols", sentence);
    return std::unexpected(snapshot::InvalidBackend{ErrorKind::kNotSupported, sentence});
  }
  settings->verify = verifyOf(tls);
  if (tls == nullptr) {
    return settings;
  }
  if (!tls->verify_subject_alt_names.empty()) {
    settings->verify_names = tls->verify_subject_alt_names;
  }
  if (tls->spiffe) {
    return std::unexpected(snapshot::InvalidBackend{
        ErrorKind::kNotSupported, "policies.tls: SPIFFE certificates are not supported yet"
    });
  }
  if (const auto& groups = tls->key_exchange_groups; !groups.empty()) {
    settings->key_exchange_groups =
        knownGroups(draft, meta, "spec.policies.tls.keyExchangeGroups", groups);
    if (settings->key_exchange_groups.empty()) {
      return std::unexpected(snapshot::InvalidBackend{
          ErrorKind::kNotSupported,
          "policies.tls.keyExchangeGroups names none that the TLS library knows"
      });
    }
  }
  addCa(draft, meta, *tls, *settings, problems);
  if (tls->mtls_certificate_ref) {
    if (auto added = addClientCertificate(draft, meta, *tls->mtls_certificate_ref, *settings);
        !added) {
      draft.find(
          Severity::kError, meta, "spec.policies.tls.mtlsCertificateRef[0].name", added.error()
      );
      return std::unexpected(snapshot::InvalidBackend{ErrorKind::kCredentialMissing, added.error()}
      );
    }
  }
  return settings;
}

/// Every part with its length, so that no two lists of parts give one text.
void appendPart(std::string& out, std::string_view part) {
  out += fmt::format("{}:{};", part.size(), part);
}

void appendTls(std::string& out, const upstream::TlsSettings& tls) {
  appendPart(out, tls.sni);
  for (const std::string& name : tls.verify_names) {
    appendPart(out, name);
  }
  for (const std::string& uri : tls.verify_uris) {
    appendPart(out, "URI " + uri);
  }
  out += '|';
  for (const std::string& protocol : tls.alpn) {
    appendPart(out, protocol);
  }
  out += '|';
  for (const std::string& group : tls.key_exchange_groups) {
    appendPart(out, group);
  }
  out += fmt::format("|{}{}|", static_cast<int>(tls.verify), tls.trust_nothing ? 1 : 0);
  appendPart(out, tls.ca_pem);
  appendPart(out, tls.client_certificate_pem);
  if (tls.client_key_pem != nullptr) {
    out += crypto::sha256Hex(tls.client_key_pem->reveal());
  }
}

void appendTunnel(std::string& out, const upstream::Tunnel& tunnel) {
  for (const upstream::EndpointHandle& proxy : tunnel.proxies) {
    appendPart(out, proxy->pool_key);
  }
  if (tunnel.authorization != nullptr) {
    out += crypto::sha256Hex(tunnel.authorization->reveal());
  }
}

}  // namespace

std::vector<std::string> alpnOf(upstream::HttpVersion version) {
  switch (version) {
    case upstream::HttpVersion::kAny:
      break;
    case upstream::HttpVersion::kHttp1:
      return {std::string(kHttp1)};
    case upstream::HttpVersion::kHttp2:
      return {std::string(kHttp2)};
  }
  return {std::string(kHttp2), std::string(kHttp1)};
}

TlsHandle withVersion(TlsHandle tls, upstream::HttpVersion version) {
  if (tls == nullptr || version == upstream::HttpVersion::kAny) {
    return tls;
  }
  auto settings = std::make_shared<upstream::TlsSettings>(*tls);
  settings->alpn = alpnOf(version);
  return settings;
}

std::optional<std::string> readCa(const Draft& draft, const resource::ObjectRef& ref) {
  constexpr std::string_view kCaKey = "ca.crt";
  if (ref.kind == resource::Secret::kKind) {
    const auto value = secret::valueFrom(draft.resources, ref.ns, ref.name, kCaKey);
    return value ? std::optional(std::string((*value)->reveal())) : std::nullopt;
  }
  const auto* map = draft.resources.find<resource::ConfigMap>(ref.ns, ref.name);
  if (ref.kind != resource::ConfigMap::kKind || map == nullptr) {
    return std::nullopt;
  }
  const std::string* text = resource::findString(map->data, kCaKey);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

EffectivePolicies effectivePolicies(
    const resource::BackendPolicies& backend, const resource::BackendPolicies* provider
) {
  const auto choose = [&](auto member) {
    const auto& near = provider == nullptr ? backend.*member : provider->*member;
    const auto& far = backend.*member;
    return near ? &*near : far ? &*far : nullptr;
  };
  const auto section = [&](std::string_view name) -> const resource::Section* {
    const auto in = [name](const resource::BackendPolicies& policies) -> const resource::Section* {
      const auto found = std::ranges::find(policies.other, name, &resource::Section::name);
      return found == policies.other.end() ? nullptr : &*found;
    };
    const resource::Section* near = provider == nullptr ? nullptr : in(*provider);
    return near != nullptr ? near : in(backend);
  };
  using resource::BackendPolicies;
  return EffectivePolicies{
      .auth = choose(&BackendPolicies::auth),
      .tls = choose(&BackendPolicies::tls),
      .http = choose(&BackendPolicies::http),
      .tcp = choose(&BackendPolicies::tcp),
      .attached_tls = nullptr,
      .tunnel = section("tunnel"),
      .tunnel_policy = nullptr,
      .tunnel_rank = section("tunnel") != nullptr ? TunnelRank::kOwn : TunnelRank::kNone,
  };
}

std::expected<upstream::EndpointHandle, snapshot::InvalidBackend> makeEndpoint(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies,
    std::vector<std::string>& problems
) {
  auto endpoint = drawEndpoint(draft, meta, address, policies, problems);
  if (!endpoint) {
    return std::unexpected(std::move(endpoint.error()));
  }
  auto tunnel = makeTunnel(draft, meta, address, policies);
  endpoint->tunnel = tunnel ? *tunnel : nullptr;
  auto made = finishEndpoint(*std::move(endpoint));
  if (!tunnel) {
    problems.push_back(tunnel.error().reason);
    draft.tunnel_faults.emplace(made, std::move(tunnel.error()));
  }
  if (policies.tunnel_rank != TunnelRank::kNone) {
    draft.tunnel_ranks.emplace(made, policies.tunnel_rank);
  }
  return made;
}

std::expected<upstream::Endpoint, snapshot::InvalidBackend> drawEndpoint(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies,
    std::vector<std::string>& problems
) {
  upstream::Endpoint endpoint;
  endpoint.host = address.host;
  endpoint.port = address.port;
  endpoint.unix_path = address.unix_path;
  if (policies.attached_tls != nullptr) {
    endpoint.version = wishedVersion(policies);
    endpoint.tls = withVersion(policies.attached_tls, endpoint.version);
  } else if (policies.tls != nullptr || address.tls == ImplicitTls::kYes) {
    auto tls = makeTls(draft, meta, address.host, policies, problems);
    if (!tls) {
      return std::unexpected(std::move(tls.error()));
    }
    endpoint.tls = *std::move(tls);
    endpoint.version = versionOf(endpoint.tls->alpn);
  } else {
    endpoint.version = wishedVersion(policies);
  }
  if (policies.tcp != nullptr && policies.tcp->connect_timeout) {
    endpoint.connect_timeout = *policies.tcp->connect_timeout;
  }
  if (policies.tcp != nullptr && policies.tcp->keepalive) {
    endpoint.keepalive =
        makeKeepalive(draft, meta, "spec.policies.tcp.keepalive", *policies.tcp->keepalive);
  }
  // A Unix socket has no name of its own.
  endpoint.authority = address.unix_path.empty()
                           ? authorityOf(address.host, address.port, endpoint.tls != nullptr)
                           : "localhost";
  endpoint.backend = resource::qualifiedName(meta.key);
  return endpoint;
}

upstream::EndpointHandle finishEndpoint(upstream::Endpoint endpoint) {
  std::string rest =
      fmt::format("{},{};", endpoint.connect_timeout.count(), endpoint.handshake_timeout.count());
  if (endpoint.version != upstream::HttpVersion::kAny) {
    rest += fmt::format("version {};", static_cast<int>(endpoint.version));
  }
  if (const auto& keepalive = endpoint.keepalive) {
    rest += fmt::format(
        "keepalive {},{},{};",
        keepalive->time.count(),
        keepalive->interval.count(),
        keepalive->probes
    );
  }
  appendPart(rest, endpoint.authority);
  if (endpoint.tls != nullptr) {
    appendTls(rest, *endpoint.tls);
  }
  const std::string_view scheme = endpoint.tls != nullptr ? "https" : "http";
  appendPart(rest, endpoint.unix_path);
  if (endpoint.tunnel != nullptr) {
    appendTunnel(rest, *endpoint.tunnel);
  }
  endpoint.pool_key =
      fmt::format("{}://{}:{}#{}", scheme, endpoint.host, endpoint.port, crypto::sha256Hex(rest));
  upstream::nameEndpoint(endpoint);
  return std::make_shared<const upstream::Endpoint>(std::move(endpoint));
}

std::string authorityOf(std::string_view host, std::uint16_t port, bool tls) {
  const bool own_port = port == (tls ? 443 : 80);
  const std::string name = host.contains(':') ? fmt::format("[{}]", host) : std::string(host);
  return own_port ? name : fmt::format("{}:{}", name, port);
}

std::optional<llm::ProviderKind> servedKind(resource::ProviderKind kind) {
  switch (kind) {
    case resource::ProviderKind::kOpenAi:
      return llm::ProviderKind::kOpenAi;
    case resource::ProviderKind::kAnthropic:
      return llm::ProviderKind::kAnthropic;
    default:
      return std::nullopt;
  }
}

Nanos responseTimeout(const EffectivePolicies& policies) {
  if (policies.http == nullptr || !policies.http->request_timeout) {
    return Nanos{0};
  }
  return *policies.http->request_timeout;
}

}  // namespace gatehouse::compile
