// GatewayClass, Gateway, ListenerSet: checked document -> struct, defaults applied (resources.md
// 2).
#pragma once

#include "resource/gateway.h"
#include "resource/meta.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// `document` passed check/document.h; what is missing all the same takes its default.
GatewayClass decodeGatewayClass(const wire::Value& document, ObjectMeta meta);
Gateway decodeGateway(const wire::Value& document, ObjectMeta meta);
ListenerSet decodeListenerSet(const wire::Value& document, ObjectMeta meta);

}  // namespace gatehouse::resource
