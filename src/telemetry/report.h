// The one place where a finished request becomes telemetry (house principle 13). Everything that is
// told about a request afterwards is made from its record, here, and nowhere else.
#pragma once

#include "telemetry/record.h"
#include "telemetry/worker_telemetry.h"

namespace gatehouse::telemetry {

/// Counts `record` and writes its access-log line; once per record, after end(), on the worker that
/// served it. In order: gauges that requestBegan and streamBegan raised go down; counters and
/// histograms of the request, of its attempts and of its LLM part; the log line. Allocates only for
/// series not met before. Spans and stored rows join this list.
void report(const RequestRecord& record, WorkerTelemetry& worker);

}  // namespace gatehouse::telemetry
