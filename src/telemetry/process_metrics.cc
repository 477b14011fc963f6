#include "telemetry/process_metrics.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <dirent.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/chrono.h>

#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

/// The beginning of a small file of /proc; empty if it cannot be read.
std::string readSmallFile(const char* path) {
  auto close = [](std::FILE* file) { std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path, "re"));
  std::string text;
  if (file) {
    text.resize(8192);
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  }
  return text;
}

/// Number `index` of a text of numbers separated by spaces.
std::optional<std::uint64_t> numberAt(std::string_view text, std::size_t index) {
  std::optional<std::string_view> rest = text;
  for (std::size_t i = 0; i < index; ++i) {
    if (!takePart(rest, ' ')) {
      return std::nullopt;
    }
  }
  auto part = takePart(rest, ' ');
  return part ? parseUnsigned(trim(*part)) : std::nullopt;
}

std::optional<double> cpuSeconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) {
    return std::nullopt;
  }
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<std::uint64_t> residentBytes() {
  auto pages = numberAt(readSmallFile("/proc/self/statm"), 1);
  return pages ? std::optional(*pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)))
               : std::nullopt;
}

std::optional<std::uint64_t> openFds() {
  auto close = [](DIR* directory) { closedir(directory); };
  std::unique_ptr<DIR, decltype(close)> directory(opendir("/proc/self/fd"));
  if (!directory) {
    return std::nullopt;
  }
  std::uint64_t count = 0;
  while (const dirent* entry = readdir(directory.get())) {
    count += entry->d_name[0] == '.' ? 0 : 1;
  }
  return count - 1;  // not the one that is reading
}

std::optional<std::uint64_t> maxFds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::nullopt;
  }
  return limit.rlim_cur;
}

/// Field 22 of /proc/self/stat is in ticks since boot (proc(5)); /proc/stat says when that was.
std::optional<double> startTime() {
  const std::string stat = readSmallFile("/proc/self/stat");
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  const std::string system = readSmallFile("/proc/stat");
  const std::size_t boot = system.find("\nbtime ");
  if (name_end == std::string::npos || boot == std::string::npos) {
    return std::nullopt;
  }
  auto ticks = numberAt(std::string_view(stat).substr(name_end + 2), 19);
  std::string_view boot_text = std::string_view(system).substr(boot + 7);
  auto boot_seconds = parseUnsigned(boot_text.substr(0, boot_text.find('\n')));
  if (!ticks || !boot_seconds) {
    return std::nullopt;
  }
  auto since_boot = static_cast<double>(*ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<double>(*boot_seconds) + since_boot;
}

}  // namespace

ProcessReading readProcess() {
  return {
      .cpu_seconds = cpuSeconds(),
      .resident_bytes = residentBytes(),
      .open_fds = openFds(),
      .max_fds = maxFds(),
      .start_time_seconds = startTime(),
  };
}

std::string instanceName(std::string_view pod, std::string_view host, WallMicros start) {
  if (std::string_view name = trim(pod); !name.empty()) {
    return std::string(name);
  }
  const std::chrono::sys_time<Micros> time{Micros(static_cast<std::int64_t>(start))};
  const auto second = std::chrono::floor<Seconds>(time);
  return fmt::format(
      "{}@{:%FT%T}.{:06}Z", host.empty() ? "unknown" : host, second, (time - second).count()
  );
}

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "";
}

}  // namespace gatehouse::telemetry
