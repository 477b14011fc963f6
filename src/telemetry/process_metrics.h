// What the system says about our own process. Numbers that it does not tell are absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gatehouse::telemetry {

struct ProcessReading {
  std::optional<double> cpu_seconds;  // user and system
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_fds;
  std::optional<std::uint64_t> max_fds;      // absent if unlimited
  std::optional<double> start_time_seconds;  // since the epoch
};

/// Reads /proc and limits: a dozen system calls, not for a worker.
ProcessReading readProcess();

/// Which process this is among all that ever tell of requests: the name of the pod, which runs one
/// at a time, else host and start, "host@2026-11-27T04:15:00.123456Z". An empty name is none.
std::string instanceName(std::string_view pod, std::string_view host, WallMicros start);

/// Empty if the system does not tell.
std::string hostName();

}  // namespace gatehouse::telemetry
