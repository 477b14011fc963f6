// The access log (telemetry specification section 9): one line per request, keys in a fixed order,
// absent when unknown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/line_writer.h"
#include "base/log_line.h"
#include "telemetry/attributes.h"
#include "telemetry/line_buffer.h"
#include "telemetry/name.h"
#include "telemetry/record.h"

namespace gatehouse::telemetry {

struct AccessLogSettings {
  LogFormat format = LogFormat::kJson;
  NameSet names = NameSet::kGatehouse;
};

/// The line of an ended record, newline included.
std::string accessLine(const RequestRecord& record, const AccessLogSettings& settings);

/// The keys of a log's lines, by attribute; empty where its set of names has none.
using LineKeys = std::array<LineKey, kAttributeCount>;

/// The last field written for each attribute whose values come back, with the name it was made of.
struct ReadyFields {
  std::array<ReadyField, kAttributeCount> fields;
  std::array<Name, kAttributeCount> names;
};

/// A moment as text, "2026-01-02T03:04:05.678901Z"; the date is worked out once a second.
class TimeText {
 public:
  void write(WallMicros wall, LineBuffer& line);

 private:
  static constexpr std::size_t kSize = 20;  // to the point before the microseconds
  std::int64_t second_ = -1;
  std::array<char, kSize> text_{};
};

/// One worker's way to the log: a reused buffer. Owner's thread.
class AccessLog {
 public:
  /// `writer` null: nothing is written. It must outlive this.
  AccessLog(LineWriter* writer, AccessLogSettings settings);
  /// Hands the line of an ended record over; never waits. False if the writer had no room.
  bool write(const RequestRecord& record);

 private:
  LineWriter* writer_;
  LineKeys keys_;
  ReadyFields ready_;
  LineBuffer line_;
  TimeText time_;
};

}  // namespace gatehouse::telemetry
