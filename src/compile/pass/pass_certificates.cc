// Certificates of Gateways: Secrets of type kubernetes.io/tls (resources.md 3.2).
#include <expected>
#include <utility>

#include <fmt/format.h>

#include "compile/endpoint.h"
#include "compile/passes.h"
#include "resource/grant.h"
#include "secret/from_objects.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::string_view kCertificateStart = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kTlsType = "kubernetes.io/tls";

Problem invalid(std::string message) {
  return Problem{std::string(resource::reason::kInvalidCertificateRef), std::move(message)};
}

/// What is wrong with a chain and its key, if anything is.
std::optional<std::string> checkPair(
    const Draft& draft, std::string_view chain_pem, std::string_view key_pem
) {
  if (!chain_pem.contains(kCertificateStart)) {
    return "tls.crt holds no certificate in PEM form";
  }
  if (!key_pem.contains("PRIVATE KEY-----")) {
    return "tls.key holds no private key in PEM form";
  }
  return draft.options.check_key_pair ? draft.options.check_key_pair(chain_pem, key_pem)
                                      : std::nullopt;
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

/// A chain and its key, each checked and both together.
struct Pair {
  secret::SecretHandle chain;
  secret::SecretHandle key;
};

std::expected<Pair, Problem> readPair(
    const Draft& draft, const resource::ObjectRef& ref, const resource::ObjectKey& owner
) {
  if (auto problem = checkReference(draft, ref, owner)) {
    return std::unexpected(*std::move(problem));
  }
  const auto chain = secret::valueFrom(draft.resources, ref.ns, ref.name, "tls.crt");
  if (!chain) {
    return std::unexpected(invalid(chain.error().detail()));
  }
  const auto key = secret::valueFrom(draft.resources, ref.ns, ref.name, "tls.key");
  if (!key) {
    return std::unexpected(invalid(key.error().detail()));
  }
  if (const auto fault = checkPair(draft, (*chain)->reveal(), (*key)->reveal())) {
    return std::unexpected(invalid(fmt::format("Secret {}/{}: {}", ref.ns, ref.name, *fault)));
  }
  return Pair{*chain, *key};
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

void resolveCertificates(Draft& draft, ListenerDraft& listener) {
  const std::string field = listener.field(".tls");
  const resource::ObjectMeta& meta = *listener.owner;
  if (!listener.spec->tls || listener.spec->tls->certificate_refs.empty()) {
    listener.unresolved = invalid("an HTTPS listener needs tls.certificateRefs");
    draft.find(Severity::kError, meta, field, listener.unresolved->message);
    return;
  }
  const auto& refs = listener.spec->tls->certificate_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const auto pair = readPair(draft, refs[i], meta.key);
    if (!pair) {
      findBadPair(
          draft, meta, refs[i], fmt::format("{}.certificateRefs[{}].name", field, i), pair.error()
      );
      listener.unresolved = pair.error();
      continue;
    }
    listener.certificates.push_back(snapshot::ServerCertificate{
        .hostnames = {listener.spec->hostname},
        .chain_pem = std::string(pair->chain->reveal()),
        .key_pem = pair->key,
    });
  }
}

std::optional<Problem> checkAuthority(
    const Draft& draft, const resource::ObjectRef& ref, const resource::ObjectKey& owner
) {
  if (!ref.group.empty() ||
      (ref.kind != resource::ConfigMap::kKind && ref.kind != resource::Secret::kKind)) {
    return Problem{
        std::string(resource::reason::kInvalidCaCertificateKind),
        fmt::format("caCertificateRefs of kind {} are not supported", ref.kind)
    };
  }
  if (auto problem = checkGrant(draft, ref, owner)) {
    return problem;
  }
  const auto pem = readCa(draft, ref);
  if (pem && pem->contains(kCertificateStart)) {
    return std::nullopt;
  }
  return Problem{
      std::string(resource::reason::kInvalidCaCertificateRef),
      fmt::format(
          "{} {}",
          resource::toString(keyOf(ref)),
          pem ? "holds no certificate in PEM form under ca.crt" : "with key ca.crt not found"
      )
  };
}

/// What clients of a port must show, and where that was written.
struct ClientValidation {
  const resource::FrontendValidation* wanted = nullptr;
  std::string field;
};

ClientValidation validationFor(const resource::Gateway& gateway, std::uint16_t port) {
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

/// A listener that asks for client certificates and knows no authority is not served; nor is one
/// that must check them, as nothing does yet.
void resolveAuthorities(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener) {
  const auto [wanted, field] = validationFor(*gateway.resource, listener.spec->port);
  if (wanted == nullptr) {
    return;
  }
  std::size_t bad = 0;
  const auto& refs = wanted->ca_certificate_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (auto problem = checkAuthority(draft, refs[i], gateway.resource->meta.key)) {
      draft.find(
          Severity::kError,
          gateway.resource->meta,
          fmt::format("{}.validation.caCertificateRefs[{}].name", field, i),
          problem->message
      );
      listener.unresolved = std::move(problem);
      ++bad;
    }
  }
  if (bad > 0 && bad == refs.size()) {
    listener.not_accepted =
        Problem{std::string(resource::reason::kNoValidCaCertificate), listener.unresolved->message};
  } else if (!wanted->allow_insecure_fallback) {
    listener.not_accepted = Problem{
        std::string(resource::reason::kUnsupportedValue),
        "client certificates are not checked yet, so a listener that must check them is not served"
    };
    draft.find(
        Severity::kError,
        gateway.resource->meta,
        field + ".validation",
        fmt::format(
            "listener {}: {}; mode AllowInsecureFallback serves it without the check",
            listener.name(),
            listener.not_accepted->message
        )
    );
  }
}

/// The certificate a Gateway shall show to upstreams must be there, though nothing shows it yet.
void checkClientCertificate(Draft& draft, GatewayDraft& gateway) {
  const auto& ref = gateway.resource->backend_client_certificate;
  if (!ref) {
    return;
  }
  auto pair = readPair(draft, *ref, gateway.resource->meta.key);
  if (pair) {
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
        resolveCertificates(draft, listener);
        resolveAuthorities(draft, gateway, listener);
      }
    }
    checkClientCertificate(draft, gateway);
  }
}

}  // namespace gatehouse::compile
