// What the configuration is and what became of it.
#pragma once

#include <functional>

#include "admin/server.h"
#include "control/view.h"

namespace gatehouse::admin {

/// The newest view; any thread.
using ReadView = std::function<control::ViewHandle()>;

/// /api/resources: every object with its status, findings and reload state; Secret values never.
/// Filters: kind, namespace, name as query parameters. /api/config: generation and reload state
/// alone. /api/certificates: those in use, until when they are valid and where they are used.
Handler resourcesHandler(ReadView view);

}  // namespace gatehouse::admin
