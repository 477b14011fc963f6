// Server certificates of HTTPS listeners: Secrets of type kubernetes.io/tls (resources.md 3.2).
#include <fmt/format.h>

#include "compile/passes.h"
#include "resource/grant.h"
#include "secret/from_objects.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::string_view kTlsType = "kubernetes.io/tls";

Problem invalid(std::string message) {
  return Problem{std::string(resource::reason::kInvalidCertificateRef), std::move(message)};
}

/// What is wrong with a chain and its key, if anything is.
std::optional<std::string> checkPair(
    const Draft& draft, std::string_view chain_pem, std::string_view key_pem
) {
  if (!chain_pem.contains("-----BEGIN CERTIFICATE-----")) {
    return "tls.crt holds no certificate in PEM form";
  }
  if (!key_pem.contains("PRIVATE KEY-----")) {
    return "tls.key holds no private key in PEM form";
  }
  return draft.options.check_key_pair ? draft.options.check_key_pair(chain_pem, key_pem)
                                      : std::nullopt;
}

std::optional<Problem> checkReference(
    const Draft& draft, const resource::ObjectRef& ref, const resource::Gateway& gateway
) {
  if (!ref.group.empty() || ref.kind != resource::Secret::kKind) {
    return invalid(fmt::format("certificateRefs of kind {} are not supported", ref.kind));
  }
  const resource::Referrer from{
      resource::kGatewayGroup, resource::Gateway::kKind, gateway.meta.key.ns
  };
  if (!resource::isGranted(draft.resources, from, keyOf(ref))) {
    return Problem{
        std::string(resource::reason::kRefNotPermitted),
        fmt::format(
            "Secret {}/{} is in another namespace and no ReferenceGrant there permits it",
            ref.ns,
            ref.name
        )
    };
  }
  const auto* secret = draft.resources.find<resource::Secret>(ref.ns, ref.name);
  if (secret != nullptr && secret->type != kTlsType) {
    return invalid(fmt::format(
        "Secret {}/{} is of type {}; expected {}", ref.ns, ref.name, secret->type, kTlsType
    ));
  }
  return std::nullopt;
}

/// Appends the certificate `ref` names, or says what is wrong.
std::optional<Problem> addCertificate(
    const Draft& draft,
    const resource::ObjectRef& ref,
    const resource::Gateway& gateway,
    ListenerDraft& listener
) {
  if (auto problem = checkReference(draft, ref, gateway)) {
    return problem;
  }
  const auto chain = secret::valueFrom(draft.resources, ref.ns, ref.name, "tls.crt");
  if (!chain) {
    return invalid(chain.error().detail());
  }
  const auto key = secret::valueFrom(draft.resources, ref.ns, ref.name, "tls.key");
  if (!key) {
    return invalid(key.error().detail());
  }
  if (const auto fault = checkPair(draft, (*chain)->reveal(), (*key)->reveal())) {
    return invalid(fmt::format("Secret {}/{}: {}", ref.ns, ref.name, *fault));
  }
  listener.certificates.push_back(snapshot::ServerCertificate{
      .hostnames = {listener.spec->hostname},
      .chain_pem = std::string((*chain)->reveal()),
      .key_pem = *key,
  });
  return std::nullopt;
}

void resolveCertificates(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener) {
  const std::string field = fmt::format("spec.listeners[{}].tls", listener.index);
  const resource::ObjectMeta& meta = gateway.resource->meta;
  if (!listener.spec->tls || listener.spec->tls->certificate_refs.empty()) {
    listener.unresolved = invalid("an HTTPS listener needs tls.certificateRefs");
    draft.find(Severity::kError, meta, field, listener.unresolved->message);
    return;
  }
  const auto& refs = listener.spec->tls->certificate_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (auto problem = addCertificate(draft, refs[i], *gateway.resource, listener)) {
      draft.find(
          Severity::kError,
          meta,
          fmt::format("{}.certificateRefs[{}].name", field, i),
          problem->message
      );
      listener.unresolved = std::move(problem);
    }
  }
}

}  // namespace

void passCertificates(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    for (ListenerDraft& listener : gateway.listeners) {
      if (listener.tls && listener.accepted()) {
        resolveCertificates(draft, gateway, listener);
      }
    }
    if (gateway.resource->frontend_tls) {
      draft.noteInactive(gateway.resource->meta, "spec.tls.frontend.default.validation");
    }
  }
}

}  // namespace gatehouse::compile
