// AgentgatewayPolicy, EnterpriseAgentgatewayPolicy and BackendTLSPolicy: checked document ->
// struct.
#pragma once

#include "resource/meta.h"
#include "resource/policy.h"
#include "resource/service.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// `document` passed check/document.h. Sections unknown to the schema (enterprise) are kept like
/// the others.
AgentgatewayPolicy decodePolicy(const wire::Value& document, ObjectMeta meta);
BackendTlsPolicy decodeBackendTlsPolicy(const wire::Value& document, ObjectMeta meta);

}  // namespace gatehouse::resource
