#include "secret/from_objects.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace gatehouse::secret {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::unexpected<Error> missing(std::string sentence) {
  return fail(ErrorKind::kCredentialMissing, Origin::kGateway, std::move(sentence));
}

/// Such a key is a file with a line break at its end. What else no field can carry is told where it
/// is known that it goes into one.
bool breaksHeader(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::string keyNames(const resource::Secret& secret) {
  if (secret.data.empty()) {
    return "it has no keys";
  }
  std::string names;
  for (const auto& [name, value] : secret.data) {
    names += names.empty() ? "" : ", ";
    names += printable(name);
  }
  return "its keys: " + names;
}

Result<std::string_view> findValue(
    const resource::ResourceSet& resources,
    std::string_view ns,
    std::string_view name,
    std::string_view key
) {
  const auto* secret = resources.find<resource::Secret>(ns, name);
  if (secret == nullptr) {
    return missing(describeMissing(resources, ns, name));
  }
  if (secret->unusable.contains(key)) {
    return missing(fmt::format("key \"{}\" of Secret {}/{} has an error of its own", key, ns, name)
    );
  }
  const resource::SensitiveText* value = secret->find(key);
  if (value == nullptr) {
    return missing(
        fmt::format("Secret {}/{} has no key \"{}\"; {}", ns, name, key, keyNames(*secret))
    );
  }
  if (value->empty()) {
    return missing(fmt::format("key \"{}\" of Secret {}/{} is empty", key, ns, name));
  }
  return value->reveal();
}

/// Name of the Secret an ExternalSecret makes: spec.target.name, else its own.
std::string_view targetName(const resource::ExternalSecret& maker) {
  if (const wire::Value* target = maker.spec.find("target"); target != nullptr) {
    if (const wire::Value* name = target->find("name");
        name != nullptr && name->string() != nullptr) {
      return *name->string();
    }
  }
  return maker.meta.key.name;
}

SecretHandle share(std::string_view value) {
  return std::make_shared<const crypto::SecretText>(crypto::SecretText::copyOf(value));
}

}  // namespace

const resource::ExternalSecret* findMaker(
    const resource::ResourceSet& resources, std::string_view ns, std::string_view name
) {
  for (const auto& maker : resources.all<resource::ExternalSecret>()) {
    if (maker->meta.key.ns == ns && targetName(*maker) == name) {
      return maker.get();
    }
  }
  return nullptr;
}

std::string describeMissing(
    const resource::ResourceSet& resources, std::string_view ns, std::string_view name
) {
  const resource::ExternalSecret* maker = findMaker(resources, ns, name);
  if (maker == nullptr) {
    return fmt::format("Secret {}/{} not found", ns, name);
  }
  return fmt::format(
      "Secret {}/{} not found: ExternalSecret {} is not resolved yet",
      ns,
      name,
      resource::qualifiedName(maker->meta.key)
  );
}

Result<SecretHandle> credentialFrom(
    const resource::ResourceSet& resources, const resource::SecretKeyRef& ref
) {
  const bool by_default = ref.key.empty();
  const std::string_view key = by_default ? kDefaultKey : std::string_view(ref.key);
  GATEHOUSE_TRY(std::string_view value, findValue(resources, ref.ns, ref.name, key));
  if (by_default) {
    value = trim(value);
    if (value.starts_with(kBearer)) {
      value = trim(value.substr(kBearer.size()));
    }
    if (value.empty() || value == trim(kBearer)) {
      return missing(fmt::format("key \"{}\" of Secret {}/{} is empty", key, ref.ns, ref.name));
    }
  }
  if (breaksHeader(value)) {
    return missing(fmt::format(
        "key \"{}\" of Secret {}/{} holds a line break, which no request field can carry",
        key,
        ref.ns,
        ref.name
    ));
  }
  return share(value);
}

Result<SecretHandle> valueFrom(
    const resource::ResourceSet& resources,
    std::string_view ns,
    std::string_view name,
    std::string_view key
) {
  GATEHOUSE_TRY(const std::string_view value, findValue(resources, ns, name, key));
  return share(value);
}

}  // namespace gatehouse::secret
