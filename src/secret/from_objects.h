// Credentials out of the Secrets of a ResourceSet (resources.md 4). Pure; values leave as
// crypto::SecretText and appear in no message.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret_text.h"
#include "resource/ref.h"
#include "resource/set.h"

namespace gatehouse::secret {

using SecretHandle = std::shared_ptr<const crypto::SecretText>;

/// Key of a Secret that is read when a reference names none.
inline constexpr std::string_view kDefaultKey = "Authorization";

/// The credential `ref` names: without a key, the value of `Authorization`, trimmed and without a
/// leading "Bearer "; with a key, that value as it is. kCredentialMissing with a sentence for the
/// operator: the Secret is not there, it has no such key, or the value has an error, is empty or
/// cannot stand in a header.
Result<SecretHandle> credentialFrom(
    const resource::ResourceSet& resources, const resource::SecretKeyRef& ref
);

/// The value under `key` as it is, for certificates and keys. kCredentialMissing as above.
Result<SecretHandle> valueFrom(
    const resource::ResourceSet& resources,
    std::string_view ns,
    std::string_view name,
    std::string_view key
);

/// "Secret ns/name not found", with the ExternalSecret that would make it, if there is one.
std::string describeMissing(
    const resource::ResourceSet& resources, std::string_view ns, std::string_view name
);

/// The ExternalSecret of the set whose target is that Secret, or null.
const resource::ExternalSecret* findMaker(
    const resource::ResourceSet& resources [[clang::lifetimebound]],
    std::string_view ns,
    std::string_view name
);

}  // namespace gatehouse::secret
