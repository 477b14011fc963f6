// Certificates of Gateways: Secrets of type kubernetes.io/tls (resources.md 3.2).
#include <algorithm>
#include <expected>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "compile/certificate.h"
#include "compile/endpoint.h"
#include "compile/passes.h"
#include "resource/grant.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::string_view kTlsType = "kubernetes.io/tls";

Problem invalid(std::string message) {
  return Problem{std::string(resource::reason::kInvalidCertificateRef), std::move(message)};
}

std::optional<Problem> checkGrant(
    const Draft& draft, const resource::ObjectRef& ref, const resource::ObjectKey& owner
) {
  const resource::Referrer from{owner.group, owner.kind, owner.ns};
  if (resource::isGranted(draft.resources, from, keyOf(ref))) {
    return std::nullopt;
  }
  return Problem{
      std::string(resource::reason::kRefNotPermitted),
      fmt::format(
          "{} is in another namespace and no ReferenceGrant there permits it",
          resource::toString(keyOf(ref))
      )
  };
}

std::optional<Problem> checkReference(
    const Draft& draft, const resource::ObjectRef& ref, const resource::ObjectKey& owner
) {
  if (!ref.group.empty() || ref.kind != resource::Secret::kKind) {
    return invalid(fmt::format("certificates of kind {} are not supported", ref.kind));
  }
  if (auto problem = checkGrant(draft, ref, owner)) {
    return problem;
  }
  const auto* secret = draft.resources.find<resource::Secret>(ref.ns, ref.name);
  if (secret != nullptr && secret->type != kTlsType) {
    return invalid(fmt::format(
        "Secret {}/{} is of type {}; expected {}", ref.ns, ref.name, secret->type, kTlsType
    ));
  }
  return std::nullopt;
}

std::expected<KeyPair, Problem> resolvePair(
    const Draft& draft, const resource::ObjectRef& ref, const resource::ObjectKey& owner
) {
  if (auto problem = checkReference(draft, ref, owner)) {
    return std::unexpected(*std::move(problem));
  }
  auto pair = readKeyPair(draft, ref.ns, ref.name);
  if (!pair) {
    return std::unexpected(invalid(std::move(pair.error())));
  }
  return *std::move(pair);
}

/// Of a value that is bad the Secret's own finding says all.
bool isToldOfSecret(const Draft& draft, const resource::ObjectRef& ref, const Problem& problem) {
  const auto* there = draft.resources.find<resource::Secret>(ref.ns, ref.name);
  return problem.reason == resource::reason::kInvalidCertificateRef && there != nullptr &&
         there->type == kTlsType &&
         (there->unusable.contains("tls.crt") || there->unusable.contains("tls.key"));
}

void findBadPair(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const resource::ObjectRef& ref,
    std::string field,
    const Problem& problem
) {
  if (!isToldOfSecret(draft, ref, problem)) {
    draft.find(Severity::kError, meta, std::move(field), problem.message);
  }
}

/// One that is not valid now is served all the same where no other is: who checks it refuses it,
/// and a renewal that is late costs nobody else anything.
void resolveCertificates(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener) {
  const std::string field = listener.field(".tls");
  const resource::ObjectMeta& meta = *listener.owner;
  if (!listener.spec->tls || listener.spec->tls->certificate_refs.empty()) {
    listener.unresolved = invalid("an HTTPS listener needs tls.certificateRefs");
    draft.find(Severity::kError, meta, field, listener.unresolved->message);
    return;
  }
  const auto& refs = listener.spec->tls->certificate_refs;
  std::vector<snapshot::ServerCertificate> expired;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    auto pair = resolvePair(draft, refs[i], meta.key);
    if (!pair) {
      findBadPair(
          draft, meta, refs[i], fmt::format("{}.certificateRefs[{}].name", field, i), pair.error()
      );
      listener.unresolved = pair.error();
      continue;
    }
    auto fault = noteUse(
        draft,
        {meta,
         fmt::format("{}.certificateRefs[{}].name", field, i),
         fmt::format("{}/{}", refs[i].ns, refs[i].name),
         fmt::format("Gateway {} listener {}", gateway.name(), listener.name())},
        *pair
    );
    (fault ? expired : listener.certificates)
        .push_back(snapshot::ServerCertificate{
            .hostnames = {listener.spec->hostname},
            .chain_pem = std::move(pair->chain_pem),
            .key_pem = std::move(pair->key_pem),
        });
    if (fault) {
      listener.unresolved = invalid(*std::move(fault));
    }
  }
  std::ranges::move(expired, std::back_inserter(listener.certificates));
}

/// What is wrong with the certificates of authorities, if anything is.
std::optional<std::string> checkAuthorities(const Draft& draft, std::string_view pem) {
  if (!pem.contains(kCertificateStart)) {
    return "ca.crt holds no certificate in PEM form";
  }
  return draft.options.check_authorities ? draft.options.check_authorities(pem) : std::nullopt;
}

/// The certificates of the authorities a reference leads to.
std::expected<std::string, Problem> readAuthorities(
    const Draft& draft, const resource::ObjectRef& ref, const resource::ObjectKey& owner
) {
  if (!ref.group.empty() ||
      (ref.kind != resource::ConfigMap::kKind && ref.kind != resource::Secret::kKind)) {
    return std::unexpected(Problem{
        std::string(resource::reason::kInvalidCaCertificateKind),
        fmt::format("caCertificateRefs of kind {} are not supported", ref.kind)
    });
  }
  if (auto problem = checkGrant(draft, ref, owner)) {
    return std::unexpected(*std::move(problem));
  }
  auto pem = readCa(draft, ref);
  const auto fault = pem ? checkAuthorities(draft, *pem) : std::optional<std::string>("not found");
  if (!fault) {
    return *std::move(pem);
  }
  return std::unexpected(Problem{
      std::string(resource::reason::kInvalidCaCertificateRef),
      pem ? fmt::format("{}: {}", resource::toString(keyOf(ref)), *fault)
          : fmt::format("{} with key ca.crt not found", resource::toString(keyOf(ref)))
  });
}

/// What clients of a port must show, and where that was written.
struct WantedValidation {
  const resource::FrontendValidation* wanted = nullptr;
  std::string field;
};

WantedValidation validationFor(const resource::Gateway& gateway, std::uint16_t port) {
  if (!gateway.frontend_tls) {
    return {};
  }
  const resource::FrontendTls& tls = *gateway.frontend_tls;
  for (std::size_t i = 0; i < tls.per_port.size(); ++i) {
    if (tls.per_port[i].port == port) {
      const auto& own = tls.per_port[i].validation;
      return {own ? &*own : nullptr, fmt::format("spec.tls.frontend.perPort[{}].tls", i)};
    }
  }
  return {tls.by_default ? &*tls.by_default : nullptr, "spec.tls.frontend.default"};
}

/// What came of the references of a port, for all of its listeners.
struct PortValidation {
  snapshot::ClientValidation clients;
  std::optional<Problem> unresolved;
  std::optional<Problem> not_accepted;
};

/// A port that asks for client certificates and knows no authority is not served.
PortValidation resolveAuthorities(Draft& draft, const GatewayDraft& gateway, std::uint16_t port) {
  PortValidation made;
  const auto [wanted, field] = validationFor(*gateway.resource, port);
  if (wanted == nullptr) {
    return made;
  }
  made.clients.required = !wanted->allow_insecure_fallback;
  const auto& refs = wanted->ca_certificate_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    auto pem = readAuthorities(draft, refs[i], gateway.resource->meta.key);
    if (pem) {
      made.clients.ca_pem += *pem + "\n";
      continue;
    }
    draft.find(
        Severity::kError,
        gateway.resource->meta,
        fmt::format("{}.validation.caCertificateRefs[{}].name", field, i),
        pem.error().message
    );
    made.unresolved = std::move(pem.error());
  }
  if (made.clients.ca_pem.empty()) {
    made.not_accepted = Problem{
        std::string(resource::reason::kNoValidCaCertificate),
        made.unresolved ? made.unresolved->message : "no authority for client certificates is named"
    };
  }
  return made;
}

void validateClients(Draft& draft, GatewayDraft& gateway) {
  std::map<std::uint16_t, PortValidation> ports;
  for (ListenerDraft& listener : gateway.listeners) {
    if (!listener.tls || !listener.accepted()) {
      continue;
    }
    const std::uint16_t port = listener.spec->port;
    auto known = ports.find(port);
    if (known == ports.end()) {
      known = ports.emplace(port, resolveAuthorities(draft, gateway, port)).first;
    }
    listener.clients = known->second.clients;
    listener.not_accepted = known->second.not_accepted;
    if (known->second.unresolved) {
      listener.unresolved = known->second.unresolved;
    }
  }
}

/// The certificate a Gateway shows to upstreams. Without it they are asked all the same, and those
/// that want one refuse.
void resolveClientCertificate(Draft& draft, GatewayDraft& gateway) {
  const auto& ref = gateway.resource->backend_client_certificate;
  if (!ref) {
    return;
  }
  auto pair = resolvePair(draft, *ref, gateway.resource->meta.key);
  if (pair) {
    noteUse(
        draft,
        {gateway.resource->meta,
         "spec.tls.backend.clientCertificateRef.name",
         fmt::format("{}/{}", ref->ns, ref->name),
         "Gateway " + gateway.name()},
        *pair
    );
    gateway.client_certificate = *std::move(pair);
    return;
  }
  Problem& problem = pair.error();
  findBadPair(
      draft, gateway.resource->meta, *ref, "spec.tls.backend.clientCertificateRef.name", problem
  );
  if (problem.reason == resource::reason::kInvalidCertificateRef) {
    problem.reason = resource::reason::kInvalidClientCertificateRef;
  }
  gateway.unresolved = std::move(problem);
}

}  // namespace

void passCertificates(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    for (ListenerDraft& listener : gateway.listeners) {
      if (listener.tls && listener.accepted()) {
        resolveCertificates(draft, gateway, listener);
      }
    }
    validateClients(draft, gateway);
    resolveClientCertificate(draft, gateway);
  }
}

}  // namespace gatehouse::compile
