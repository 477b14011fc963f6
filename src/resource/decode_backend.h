// AgentgatewayBackend and the backend policies it shares with policies: checked document -> struct.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "resource/backend.h"
#include "resource/meta.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// `document` passed check/document.h.
AgentgatewayBackend decodeBackend(const wire::Value& document, ObjectMeta meta);

/// `policies` of a backend, of a provider, or `backend` of a policy in namespace `ns`.
BackendPolicies decodeBackendPolicies(const wire::Value& policies, std::string_view ns);

/// `keepalive` of a `tcp`.
TcpKeepalive decodeTcpKeepalive(const wire::Value& document);

/// The members of `object` as sections, but for those named in `typed`.
std::vector<Section> decodeSections(
    const wire::Value& object, std::initializer_list<std::string_view> typed
);

}  // namespace gatehouse::resource
