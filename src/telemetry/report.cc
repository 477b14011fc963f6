#include "telemetry/report.h"

namespace gatehouse::telemetry {

void report(const RequestRecord& record, WorkerTelemetry& worker) {
  worker.lowerGauges(record);
  worker.countRequest(record);
  worker.writeAccessLine(record);
}

}  // namespace gatehouse::telemetry
