// Core kinds, EndpointSlice, ReferenceGrant, External Secrets kinds: checked document -> struct.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "resource/finding.h"
#include "resource/meta.h"
#include "resource/secret_object.h"
#include "resource/service.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// Value of an environment variable, or nothing if it is not set.
using LookUpVariable = std::function<std::optional<std::string>(std::string_view name)>;

/// `data` decoded, `stringData` over it. With `variable`, each `${NAME}` in stringData is replaced
/// by the variable's value. What is no string, no base64, a variable that is not set, and a `${`
/// that begins no such name, is an error in `sink`; it costs that key alone, which becomes
/// unusable.
Secret decodeSecret(
    const wire::Value& document, ObjectMeta meta, const LookUpVariable& variable, FindingSink& sink
);
ConfigMap decodeConfigMap(const wire::Value& document, ObjectMeta meta);
Service decodeService(const wire::Value& document, ObjectMeta meta);
EndpointSlice decodeEndpointSlice(const wire::Value& document, ObjectMeta meta);
ReferenceGrant decodeReferenceGrant(const wire::Value& document, ObjectMeta meta);
Namespace decodeNamespace(const wire::Value& document, ObjectMeta meta);
ExternalSecret decodeExternalSecret(const wire::Value& document, ObjectMeta meta);
SecretStore decodeSecretStore(const wire::Value& document, ObjectMeta meta);

}  // namespace gatehouse::resource
