// Rules of AgentgatewayBackend and of what backends, policies, models and stores share.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "resource/check/validate.h"
#include "resource/reader.h"
#include "resource/schema/format.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

bool has(const RuleSite& site, std::string_view dotted) {
  return readPath(site.value(), dotted) != nullptr;
}

bool anyFormatHasPath(const Value& provider) {
  const Value* custom = readField(provider, "custom");
  return custom != nullptr && std::ranges::any_of(readList(*custom, "formats"), [](const Value& f) {
           return readField(f, "path") != nullptr;
         });
}

/// A custom provider stands somewhere: backendRef, or host and port. Its formats' paths exclude
/// path and pathPrefix.
void customTarget(const RuleSite& site) {
  if (!has(site, "custom")) {
    return;
  }
  if (has(site, "custom.backendRef") == has(site, "host")) {
    site.errorAt("custom", "exactly one of custom.backendRef or host and port must be set");
  }
  if (anyFormatHasPath(site.value()) && (has(site, "path") || has(site, "pathPrefix"))) {
    site.errorAt(
        has(site, "path") ? "path" : "pathPrefix", "may not be set when a custom format has a path"
    );
  }
}

void customBackendKind(const RuleSite& site) {
  const Value* ref = readField(site.value(), "backendRef");
  const std::string kind = ref == nullptr ? "Service" : readText(*ref, "kind", "Service");
  if (kind != "Service" && kind != "InferencePool") {
    site.errorAt("backendRef.kind", fmt::format("expected Service or InferencePool, got {}", kind));
  }
}

void azureDeployment(const RuleSite& site) {
  if (readText(site.value(), "apiVersion", "v1") != "v1" && !has(site, "deploymentName")) {
    site.error("deploymentName must be set for this apiVersion");
  }
}

void foundryProject(const RuleSite& site) {
  if (readText(site.value(), "resourceType", "") == "Foundry" && !has(site, "projectName")) {
    site.error("projectName must be set when resourceType is Foundry");
  }
}

void tlsVerification(const RuleSite& site) {
  const std::string skip = readText(site.value(), "insecureSkipVerify", "");
  const bool has_ca = !readList(site.value(), "caCertificateRefs").empty();
  if (skip == "All" && has_ca) {
    site.errorAt("caCertificateRefs", "may not be set together with insecureSkipVerify: All");
  }
  if (readText(site.value(), "certificateSource", "Inline") == "SPIFFE") {
    for (const std::string_view field :
         {"mtlsCertificateRef", "caCertificateRefs", "insecureSkipVerify"}) {
      if (has(site, field)) {
        site.errorAt(field, "may not be set together with certificateSource: SPIFFE");
      }
    }
  }
}

void authLocation(const RuleSite& site) {
  if (has(site, "location") && !has(site, "key") && !has(site, "secretRef") &&
      !has(site, "passthrough")) {
    site.errorAt("location", "may be set only with key, secretRef or passthrough");
  }
}

void plainTextKey(const RuleSite& site) {
  if (has(site, "key")) {
    site.warningAt("key", "a credential in plain text; a secretRef keeps it out of the manifest");
  }
}

void gcpAudience(const RuleSite& site) {
  if (has(site, "audience") && readText(site.value(), "type", "AccessToken") != "IdToken") {
    site.errorAt("audience", "may be set only when type is IdToken");
  }
}

void actorToken(const RuleSite& site) {
  if (has(site, "mayAct") && readText(site.value(), "tokenType", "") != "Jwt") {
    site.errorAt("mayAct", "needs tokenType Jwt");
  }
}

void tokenExchange(const RuleSite& site) {
  if (readText(site.value(), "grantType", "TokenExchange") != "TokenExchange") {
    for (const std::string_view field : {"actorToken", "requestedTokenType"}) {
      if (has(site, field)) {
        site.errorAt(field, "may be set only when grantType is TokenExchange");
      }
    }
  }
  if (readText(site.value(), "requestedTokenType", "") == "IdJag") {
    site.errorAt("requestedTokenType", "IdJag is supported by crossAppAccess only");
  }
}

void noIdJag(const RuleSite& site) {
  if (readText(site.value(), "tokenType", "") == "IdJag") {
    site.errorAt("tokenType", "IdJag is not supported here");
  }
}

void clientAuth(const RuleSite& site) {
  const std::string method = readText(site.value(), "method", "");
  const bool signs = method == "PrivateKeyJwt";
  if (has(site, "privateKeyJwt") != signs) {
    site.error("privateKeyJwt and method PrivateKeyJwt must be set together");
  }
  if (signs && has(site, "secretRef")) {
    site.errorAt("secretRef", "may not be set when method is PrivateKeyJwt");
  }
  if (!has(site, "secretRef") && !signs && method != "ClientSecretPost") {
    site.error("secretRef must be set unless method is ClientSecretPost or PrivateKeyJwt");
  }
}

bool urlHasPath(const RuleSite& site) {
  const auto url = parseHttpUrl(readText(site.value(), "url", ""));
  return url && !url->path.empty();
}

void urlWithoutPath(const RuleSite& site) {
  if (urlHasPath(site)) {
    site.errorAt("url", "may not have a path here");
  }
}

void urlPathNeedsHttp(const RuleSite& site) {
  if (!urlHasPath(site)) {
    return;
  }
  if (!has(site, "http")) {
    site.errorAt("url", "may have a path only together with http");
  } else if (has(site, "http.path")) {
    site.errorAt("http.path", "may not be set when url has a path");
  }
}

/// Only regex and Bedrock guards look anywhere but at the system prompt and the messages.
void guardScope(const RuleSite& site) {
  if (has(site, "scope") && !has(site, "regex") && !has(site, "bedrockGuardrails")) {
    site.errorAt("scope", "may be set only with regex or bedrockGuardrails");
  }
}

void wildcardKeys(const RuleSite& site) {
  const Format* wildcard = findFormat("wildcard");
  for (const wire::Member& member : *site.value().object()) {
    if (!wildcard->accepts(member.key)) {
      site.errorAt(member.key, fmt::format("expected {}", wildcard->expectation));
    }
  }
}

void modelProvider(const RuleSite& site) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSettings{{
      {"Azure", "azure"},
      {"VertexAI", "vertexai"},
      {"Bedrock", "bedrock"},
      {"Custom", "custom"},
  }};
  const std::string provider = readText(site.value(), "provider", "");
  for (const auto& [name, field] : kSettings) {
    if ((provider == name) != has(site, field)) {
      site.error(fmt::format("{} must be set if and only if provider is {}", field, name));
    }
  }
  if (provider == "Ollama" && !has(site, "baseURL")) {
    site.error("baseURL must be set when provider is Ollama");
  }
}

void virtualModel(const RuleSite& site) {
  if (!has(site, "virtualModel")) {
    return;
  }
  if (readText(site.value(), "visibility", "Public") != "Public") {
    site.errorAt("visibility", "must be Public for a virtual model");
  }
  const Value* match = readField(site.value(), "match");
  if (match != nullptr && readText(*match, "model", "").contains('*')) {
    site.errorAt("match.model", "must be an exact name for a virtual model");
  }
}

void lastWithoutWhen(const RuleSite& site) {
  const wire::Array& targets = *site.value().array();
  for (std::size_t i = 0; i + 1 < targets.size(); ++i) {
    if (readField(targets[i], "when") == nullptr) {
      site.errorAtItem(i, "", "only the last target may be without when");
    }
  }
}

void overlayKinds(const RuleSite& site) {
  const Value* workload = readField(site.value(), "workload");
  const bool daemon = workload != nullptr && readText(*workload, "kind", "") == "DaemonSet";
  for (const std::string_view field : {"deployment", "horizontalPodAutoscaler"}) {
    if (daemon && has(site, field)) {
      site.errorAt(field, "may not be set when workload.kind is DaemonSet");
    }
  }
  if (!daemon && has(site, "daemonSet")) {
    site.errorAt("daemonSet", "may be set only when workload.kind is DaemonSet");
  }
}

void shutdownOrder(const RuleSite& site) {
  const auto least = readInteger(site.value(), "min");
  const auto most = readInteger(site.value(), "max");
  if (least && most && *least > *most) {
    site.errorAt("min", "may not be greater than max");
  }
}

void oneProvider(const RuleSite& site) {
  const auto providers = std::ranges::count_if(*site.value().object(), [](const auto& member) {
    return !member.value.isNull();
  });
  if (providers != 1) {
    site.error(fmt::format("exactly one provider must be set, got {}", providers));
  }
}

}  // namespace

std::span<const NamedRule> backendRules() {
  static constexpr std::array kRules{
      NamedRule{"customTarget", customTarget},
      NamedRule{"customBackendKind", customBackendKind},
      NamedRule{"azureDeployment", azureDeployment},
      NamedRule{"foundryProject", foundryProject},
      NamedRule{"tlsVerification", tlsVerification},
      NamedRule{"authLocation", authLocation},
      NamedRule{"plainTextKey", plainTextKey},
      NamedRule{"gcpAudience", gcpAudience},
      NamedRule{"actorToken", actorToken},
      NamedRule{"tokenExchange", tokenExchange},
      NamedRule{"noIdJag", noIdJag},
      NamedRule{"clientAuth", clientAuth},
      NamedRule{"urlWithoutPath", urlWithoutPath},
      NamedRule{"urlPathNeedsHttp", urlPathNeedsHttp},
      NamedRule{"guardScope", guardScope},
      NamedRule{"wildcardKeys", wildcardKeys},
      NamedRule{"modelProvider", modelProvider},
      NamedRule{"virtualModel", virtualModel},
      NamedRule{"lastWithoutWhen", lastWithoutWhen},
      NamedRule{"overlayKinds", overlayKinds},
      NamedRule{"shutdownOrder", shutdownOrder},
      NamedRule{"oneProvider", oneProvider},
  };
  return kRules;
}

}  // namespace gatehouse::resource
