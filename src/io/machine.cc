#include "io/machine.h"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>

#include "base/text.h"

namespace gatehouse::io {

namespace {

std::string readFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// 0 and "max" are none; version 1 writes a number near 2^63 for none.
std::uint64_t limitIn(const std::string& path) {
  constexpr std::uint64_t kNone = std::uint64_t{1} << 62;
  const std::string text = readFile(path);
  return parseUnsigned(trim(text), kNone).value_or(0);
}

std::uint64_t lesser(std::uint64_t a, std::uint64_t b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

/// Of the group at `path` below `root`, and of all around it.
std::uint64_t leastAbove(const std::string& root, std::string_view path, const char* file) {
  std::uint64_t least = limitIn(root + "/" + file);
  while (!path.empty() && path != "/") {
    least = lesser(least, limitIn(root + std::string(path) + "/" + file));
    path = path.substr(0, path.rfind('/'));
  }
  return least;
}

}  // namespace

std::uint64_t cgroupMemoryLimit(std::string_view groups, const std::string& root) {
  std::uint64_t least = 0;
  for (const std::string_view line : split(groups, '\n')) {
    // hierarchy:controllers:path
    const auto number = splitOnce(line, ':');
    const auto rest = number ? splitOnce(number->second, ':') : std::nullopt;
    if (!rest || !rest->second.starts_with('/') || rest->second.contains("..")) {
      continue;
    }
    if (rest->first.empty()) {
      least = lesser(least, leastAbove(root, rest->second, "memory.max"));
    } else if (rest->first == "memory") {
      least = lesser(least, leastAbove(root + "/memory", rest->second, "memory.limit_in_bytes"));
    }
  }
  return least;
}

std::uint64_t memoryLimit() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  const std::uint64_t machine =
      pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
                            : 0;
  return lesser(machine, cgroupMemoryLimit(readFile("/proc/self/cgroup"), "/sys/fs/cgroup"));
}

bool hasDescriptorBelow(std::uint64_t ceiling) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  ::close(fd);
  return static_cast<std::uint64_t>(fd) < ceiling;
}

}  // namespace gatehouse::io
