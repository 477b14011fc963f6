// Credentials of AgentgatewayBackends (resources.md 4). What is missing makes the backend answer
// 503 and sends nothing upstream, never an empty key.
#include <utility>

#include <fmt/format.h>

#include "compile/endpoint.h"
#include "compile/passes.h"
#include "llm/provider/provider.h"
#include "resource/nearest.h"
#include "secret/from_objects.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// A backend's `policies.auth` on its way to upstream::BackendAuth.
class AuthBuilder {
 public:
  /// `field` is the path of `auth` in the object; `kind` the API spoken, if it is a known one.
  AuthBuilder(
      Draft& draft,
      const resource::ObjectMeta& meta,
      std::string field,
      std::optional<llm::ProviderKind> kind
  )
      : draft_(draft), meta_(meta), field_(std::move(field)), kind_(kind) {}

  upstream::BackendAuth build(const resource::BackendAuth& auth) {
    std::visit([&](const auto& primary) { addPrimary(primary, auth.location); }, auth.primary);
    for (std::size_t i = 0; i < auth.credentials.size(); ++i) {
      const resource::ExtraCredential& extra = auth.credentials[i];
      addSecret(
          extra.secret_ref, extra.location, fmt::format("{}.credentials[{}].secretRef", field_, i)
      );
    }
    if (!built_.missing.empty()) {
      built_.credentials.clear();
    }
    return std::move(built_);
  }

 private:
  using Location = std::optional<resource::CredentialLocation>;

  void addPrimary(const resource::BackendAuth::None&, const Location&) {}

  void addPrimary(const resource::SecretKeyRef& ref, const Location& location) {
    addSecret(ref, location, field_ + ".secretRef");
  }

  void addPrimary(const resource::SensitiveText& key, const Location& location) {
    if (key.empty()) {
      refuse(field_ + ".key", "auth.key is empty");
      return;
    }
    place(
        std::make_shared<const crypto::SecretText>(crypto::SecretText::copyOf(key.reveal())),
        location,
        "the manifest",
        field_ + ".key"
    );
  }

  void addPrimary(const resource::BackendAuth::Passthrough&, const Location&) {
    refuse(field_ + ".passthrough", "auth.passthrough is not supported yet");
  }

  void addPrimary(const resource::Section& section, const Location&) {
    refuse(
        fmt::format("{}.{}", field_, section.name),
        fmt::format("auth.{} is not supported yet", section.name)
    );
  }

  void refuse(std::string field, std::string sentence, Severity severity = Severity::kWarning) {
    draft_.find(severity, meta_, std::move(field), sentence);
    built_.missing = std::move(sentence);
  }

  void addSecret(
      const resource::SecretKeyRef& ref, const Location& location, const std::string& field
  ) {
    if (!ref.group.empty() || ref.kind != resource::Secret::kKind) {
      refuse(field + ".kind", fmt::format("credentials of kind {} are not supported", ref.kind));
      return;
    }
    auto credential = secret::credentialFrom(draft_.resources, ref);
    if (credential) {
      place(*std::move(credential), location, sourceOf(ref), field);
      return;
    }
    built_.missing = credential.error().detail();
    reportMissing(ref, field);
  }

  /// For people: the Secret, or what the Secret itself says about where its value is from.
  std::string sourceOf(const resource::SecretKeyRef& ref) const {
    const auto* secret = draft_.resources.find<resource::Secret>(ref.ns, ref.name);
    if (secret != nullptr) {
      const auto said = secret->meta.annotations.find(kKeyFromAnnotation);
      if (said != secret->meta.annotations.end()) {
        return said->second;
      }
    }
    return fmt::format("Secret {}/{}", ref.ns, ref.name);
  }

  /// A Secret that an ExternalSecret makes is no news; one that nobody makes may come later; one
  /// without the key is wrong; what is wrong with the key's value is said of the Secret itself.
  void reportMissing(const resource::SecretKeyRef& ref, const std::string& field) {
    if (const auto* there = draft_.resources.find<resource::Secret>(ref.ns, ref.name)) {
      if (there->unusable.contains(
              ref.key.empty() ? secret::kDefaultKey : std::string_view(ref.key)
          )) {
        return;
      }
      const std::string part = ref.key.empty() ? ".name" : ".key";
      draft_.find(Severity::kError, meta_, field + part, built_.missing);
      return;
    }
    const bool made = secret::findMaker(draft_.resources, ref.ns, ref.name) != nullptr;
    const auto names = namesIn<resource::Secret>(draft_.resources, ref.ns);
    draft_.find(
        made ? Severity::kInfo : Severity::kWarning,
        meta_,
        field + ".name",
        built_.missing + (made ? "" : resource::didYouMean(ref.name, names)) +
            "; requests are answered with 503 until it is there"
    );
  }

  /// `source` and `field`: where the value is from, for people and in the object.
  void place(
      secret::SecretHandle value,
      const Location& location,
      const std::string& source,
      const std::string& field
  ) {
    upstream::PlacedCredential placed;
    if (location) {
      using Kind = resource::CredentialLocation::Kind;
      placed.placement = location->kind == Kind::kHeader           ? upstream::Placement::kHeader
                         : location->kind == Kind::kQueryParameter ? upstream::Placement::kQuery
                                                                   : upstream::Placement::kCookie;
      placed.name = location->name;
      placed.prefix = location->prefix.value_or("");
    } else if (kind_) {
      const llm::CredentialPlacement own = llm::placeCredential(*kind_, value->reveal());
      placed.name = own.field;
      placed.prefix = own.prefix;
    }
    placed.value = std::move(value);
    if (const std::string fault = upstream::faultOf(placed); !fault.empty()) {
      refuse(field, fmt::format("{} (from {})", fault, source), Severity::kError);
      return;
    }
    built_.credentials.push_back(std::move(placed));
    built_.source += built_.source.empty() ? source : ", " + source;
  }

  Draft& draft_;
  const resource::ObjectMeta& meta_;
  std::string field_;
  std::optional<llm::ProviderKind> kind_;
  upstream::BackendAuth built_;
};

void resolveProviders(
    Draft& draft, const resource::AgentgatewayBackend& backend, const resource::AiBackend& ai
) {
  for (std::size_t g = 0; g < ai.groups.size(); ++g) {
    for (std::size_t p = 0; p < ai.groups[g].providers.size(); ++p) {
      const resource::AiProvider& provider = ai.groups[g].providers[p];
      const auto policies = effectivePolicies(backend.policies, &provider.policies);
      const auto kind = servedKind(provider.kind);
      if (policies.auth == nullptr || !kind) {
        continue;
      }
      const std::string field =
          provider.policies.auth
              ? fmt::format("spec.ai.groups[{}].providers[{}].policies.auth", g, p)
              : "spec.policies.auth";
      draft.auths.emplace(
          &provider, AuthBuilder(draft, backend.meta, field, kind).build(*policies.auth)
      );
    }
  }
}

}  // namespace

void passSecrets(Draft& draft) {
  for (const auto& backend : draft.resources.all<resource::AgentgatewayBackend>()) {
    if (const auto* ai = std::get_if<resource::AiBackend>(&backend->target)) {
      resolveProviders(draft, *backend, *ai);
    } else if (backend->policies.auth) {
      AuthBuilder builder(draft, backend->meta, "spec.policies.auth", std::nullopt);
      draft.auths.emplace(backend.get(), builder.build(*backend->policies.auth));
    }
  }
}

}  // namespace gatehouse::compile
