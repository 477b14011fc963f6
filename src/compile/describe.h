// A snapshot and a status report as text for people: goldens, `validate`, the start-up table.
// Secrets appear as what they are for, never as values.
#pragma once

#include <string>

#include "compile/report.h"
#include "snapshot/snapshot.h"

namespace gatehouse::compile {

/// One line a port, listener, route entry and backend, in the order they are tried.
std::string describe(const snapshot::Snapshot& snapshot);

/// One line an object and condition.
std::string describe(const StatusReport& report);

}  // namespace gatehouse::compile
