// The access log (telemetry specification section 9): one line per request, keys in a fixed order,
// absent when unknown.
#pragma once

#include <cstdint>
#include <string>

#include "base/line_writer.h"
#include "base/log_line.h"
#include "telemetry/attributes.h"
#include "telemetry/record.h"

namespace gatehouse::telemetry {

struct AccessLogSettings {
  LogFormat format = LogFormat::kJson;
  NameSet names = NameSet::kGatehouse;
};

/// Appends the line of an ended record, newline included.
void appendAccessLine(
    std::string& out, const RequestRecord& record, const AccessLogSettings& settings
);

/// "840us", "12ms", "3.204s".
void appendDuration(std::string& out, std::int64_t micros);

/// One worker's way to the log: a reused buffer. Owner's thread.
class AccessLog {
 public:
  /// `writer` null: nothing is written. It must outlive this.
  AccessLog(LineWriter* writer, AccessLogSettings settings)
      : writer_(writer), settings_(settings) {}
  /// Hands the line of an ended record over; never waits. False if the writer had no room.
  bool write(const RequestRecord& record);

 private:
  LineWriter* writer_;
  AccessLogSettings settings_;
  std::string line_;
};

}  // namespace gatehouse::telemetry
