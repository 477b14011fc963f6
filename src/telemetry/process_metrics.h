// What the system says about our own process. Numbers that it does not tell are absent.
#pragma once

#include <cstdint>
#include <optional>

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

}  // namespace gatehouse::telemetry
