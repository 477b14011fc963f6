#include "resource/decode_backend.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "resource/decode_ref.h"
#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

CredentialLocation decodeLocation(const Value& document) {
  constexpr std::array<std::pair<std::string_view, CredentialLocation::Kind>, 3> kForms{{
      {"header", CredentialLocation::Kind::kHeader},
      {"queryParameter", CredentialLocation::Kind::kQueryParameter},
      {"cookie", CredentialLocation::Kind::kCookie},
  }};
  CredentialLocation location;
  for (const auto& [field, kind] : kForms) {
    if (const Value* form = readField(document, field)) {
      location.kind = kind;
      location.name = readText(*form, "name", "");
      location.prefix = readText(*form, "prefix");
    }
  }
  return location;
}

BackendAuth::Primary decodePrimary(const Value& auth, std::string_view ns) {
  if (const Value* ref = readField(auth, "secretRef")) {
    return decodeSecretKeyRef(*ref, ns);
  }
  if (const Value* key = readField(auth, "key"); key != nullptr && key->isString()) {
    return SensitiveText(*key->string());
  }
  if (readField(auth, "passthrough") != nullptr) {
    return BackendAuth::Passthrough{};
  }
  std::vector<Section> others =
      decodeSections(auth, {"secretRef", "key", "passthrough", "location", "credentials"});
  if (!others.empty()) {
    return std::move(others.front());
  }
  return BackendAuth::None{};
}

BackendAuth decodeAuth(const Value& document, std::string_view ns) {
  BackendAuth auth;
  auth.primary = decodePrimary(document, ns);
  if (const Value* location = readField(document, "location")) {
    auth.location = decodeLocation(*location);
  }
  for (const Value& credential : readList(document, "credentials")) {
    auth.credentials.push_back({
        .location = decodeLocation(readPart(credential, "location")),
        .secret_ref = decodeSecretKeyRef(readPart(credential, "secretRef"), ns),
    });
  }
  auth.position = document.position;
  return auth;
}

BackendTls decodeTls(const Value& document, std::string_view ns) {
  BackendTls tls;
  tls.sni = readText(document, "sni");
  const std::string skip = readText(document, "insecureSkipVerify", "");
  if (skip == "All") {
    tls.verify = BackendTls::Verify::kNothing;
  } else if (skip == "Hostname") {
    tls.verify = BackendTls::Verify::kChainOnly;
  }
  tls.ca_certificate_refs = decodeObjectRefs(document, "caCertificateRefs", ns, "ConfigMap");
  tls.verify_subject_alt_names = readTexts(document, "verifySubjectAltNames");
  tls.alpn_protocols = readTexts(document, "alpnProtocols");
  tls.key_exchange_groups = readTexts(document, "keyExchangeGroups");
  for (const Value& ref : readList(document, "mtlsCertificateRef")) {
    tls.mtls_certificate_ref = decodeSecretKeyRef(ref, ns);
  }
  tls.spiffe = readText(document, "certificateSource", "") == "SPIFFE";
  tls.position = document.position;
  return tls;
}

BackendHttp decodeHttp(const Value& document) {
  BackendHttp http;
  if (const auto version = readText(document, "version")) {
    http.version = *version == "HTTP2" ? UpstreamHttpVersion::kHttp2 : UpstreamHttpVersion::kHttp1;
  }
  http.request_timeout = readDuration(document, "requestTimeout");
  return http;
}

BackendTcp decodeTcp(const Value& document) {
  BackendTcp tcp;
  tcp.connect_timeout = readDuration(document, "connectTimeout");
  if (const Value* keepalive = readField(document, "keepalive")) {
    tcp.keepalive = decodeTcpKeepalive(*keepalive);
  }
  return tcp;
}

/// An IPv6 address may stand in brackets, as it does in a URL.
std::string withoutBrackets(std::string host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

AiProvider decodeProvider(const Value& document, std::string_view ns) {
  AiProvider provider;
  provider.name = readText(document, "name", "");
  for (const ProviderKind kind :
       {ProviderKind::kOpenAi,
        ProviderKind::kAnthropic,
        ProviderKind::kAzureOpenAi,
        ProviderKind::kAzure,
        ProviderKind::kGemini,
        ProviderKind::kVertexAi,
        ProviderKind::kBedrock,
        ProviderKind::kCustom}) {
    if (const Value* settings = readField(document, toString(kind))) {
      provider.kind = kind;
      provider.model = readText(*settings, "model");
      provider.settings = *settings;
    }
  }
  provider.host = readText(document, "host").transform(withoutBrackets);
  provider.port = readPort(document, "port");
  provider.path = readText(document, "path");
  provider.path_prefix = readText(document, "pathPrefix");
  if (const Value* policies = readField(document, "policies")) {
    provider.policies = decodeBackendPolicies(*policies, ns);
  }
  provider.position = document.position;
  return provider;
}

AiBackend decodeAi(const Value& document, std::string_view ns) {
  AiBackend ai;
  if (const Value* provider = readField(document, "provider")) {
    ai.groups.emplace_back().providers.push_back(decodeProvider(*provider, ns));
    return ai;
  }
  for (const Value& group : readList(document, "groups")) {
    std::vector<AiProvider>& providers = ai.groups.emplace_back().providers;
    for (const Value& provider : readList(group, "providers")) {
      providers.push_back(decodeProvider(provider, ns));
    }
  }
  return ai;
}

}  // namespace

TcpKeepalive decodeTcpKeepalive(const Value& document) {
  return {
      .time = readDuration(document, "time"),
      .interval = readDuration(document, "interval"),
      .retries = readCount(document, "retries"),
  };
}

std::vector<Section> decodeSections(
    const Value& object, std::initializer_list<std::string_view> typed
) {
  std::vector<Section> sections;
  if (const wire::Object* members = object.object()) {
    for (const wire::Member& member : *members) {
      if (!member.value.isNull() && std::ranges::find(typed, member.key) == typed.end()) {
        sections.push_back(
            {.name = member.key, .value = member.value, .position = member.key_position}
        );
      }
    }
  }
  return sections;
}

BackendPolicies decodeBackendPolicies(const Value& policies, std::string_view ns) {
  BackendPolicies decoded;
  if (const Value* auth = readField(policies, "auth")) {
    decoded.auth = decodeAuth(*auth, ns);
  }
  if (const Value* tls = readField(policies, "tls")) {
    decoded.tls = decodeTls(*tls, ns);
  }
  if (const Value* http = readField(policies, "http")) {
    decoded.http = decodeHttp(*http);
  }
  if (const Value* tcp = readField(policies, "tcp")) {
    decoded.tcp = decodeTcp(*tcp);
  }
  decoded.other = decodeSections(policies, {"auth", "tls", "http", "tcp"});
  return decoded;
}

AgentgatewayBackend decodeBackend(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  AgentgatewayBackend backend;
  if (const Value* ai = readField(spec, "ai")) {
    backend.target = decodeAi(*ai, meta.key.ns);
  } else if (const Value* fixed = readField(spec, "static")) {
    backend.target = StaticBackend{
        .host = withoutBrackets(readText(*fixed, "host", "")),
        .port = readPort(*fixed, "port").value_or(0),
        .unix_path = readText(*fixed, "unixPath", ""),
    };
  } else if (readField(spec, "dynamicForwardProxy") != nullptr) {
    backend.target = DynamicForwardProxy{};
  } else {
    std::vector<Section> others = decodeSections(spec, {"policies"});
    backend.target = OtherBackend{others.empty() ? Section{} : std::move(others.front())};
  }
  if (const Value* policies = readField(spec, "policies")) {
    backend.policies = decodeBackendPolicies(*policies, meta.key.ns);
  }
  backend.meta = std::move(meta);
  return backend;
}

}  // namespace gatehouse::resource
