// Status of Gateways and ListenerSets with their listeners (resources.md 3.8).
#pragma once

#include "compile/draft.h"

namespace gatehouse::compile {

/// Adds it to the report. All problems are known, and routes are counted.
void reportGateway(Draft& draft, const GatewayDraft& gateway);
void reportListenerSet(Draft& draft, const ListenerSetDraft& set);

}  // namespace gatehouse::compile
