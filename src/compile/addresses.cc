#include "compile/addresses.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace gatehouse::compile {
namespace {

constexpr std::uint16_t kFirstStable = 30000;
constexpr std::uint16_t kStableCount = 2768;  // to 32767

bool isIpv6Group(std::string_view group) {
  return group.size() <= 4 && parseHex(group).has_value();
}

/// Groups of one side of "::", 0 for an empty side; nothing if one of them is none. The last may be
/// an IPv4 address.
std::optional<std::size_t> countGroups(std::string_view side, bool last_side) {
  if (side.empty()) {
    return 0;
  }
  std::size_t count = 0;
  std::optional<std::string_view> rest = side;
  while (auto group = takePart(rest, ':')) {
    if (isIpv6Group(*group)) {
      ++count;
    } else if (!rest && last_side && isIpv4(*group)) {
      count += 2;
    } else {
      return std::nullopt;
    }
  }
  return count;
}

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

/// 0: no mapped port.
std::uint16_t mappedPort(std::uint16_t listener_port) {
  switch (listener_port) {
    case 80:
      return 8080;
    case 443:
      return 8443;
    default:
      return listener_port >= 1024 ? listener_port : 0;
  }
}

bool isUnspecified(std::string_view ip) {
  return ip == "0.0.0.0" || ip == "::";
}

}  // namespace

Result<BindFlag> parseBindFlag(std::string_view text) {
  const auto parts = splitOnce(text, '=');
  if (!parts || parts->first.empty() || !parseBindAddress(parts->second)) {
    return fail(
        ErrorKind::kInvalidConfiguration,
        Origin::kGateway,
        fmt::format(
            "--bind \"{}\": expected GATEWAY[/LISTENER]=ADDR:PORT, for example "
            "gateway=127.0.0.1:8080 or ns/gateway/http=[::1]:8080, or GATEWAY=unix:/PATH",
            printable(text)
        )
    );
  }
  return BindFlag{std::string(parts->first), std::string(parts->second)};
}

std::optional<BindAddress> parseBindAddress(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    return isUnixPath(path)
               ? std::optional(BindAddress{.ip = {}, .port = 0, .unix_path = std::string(path)})
               : std::nullopt;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view ip = text.substr(0, colon);
  const auto port = parseUnsigned(text.substr(colon + 1), 65535);
  const bool bracketed = ip.starts_with('[') && ip.ends_with(']');
  if (bracketed) {
    ip = ip.substr(1, ip.size() - 2);
  }
  if (!port || !(bracketed ? isIpv6(ip) : isIpv4(ip))) {
    return std::nullopt;
  }
  return BindAddress{.ip = std::string(ip), .port = static_cast<std::uint16_t>(*port)};
}

std::string toString(const BindAddress& address) {
  if (!address.unix_path.empty()) {
    return "unix:" + address.unix_path;
  }
  const bool v6 = address.ip.contains(':');
  return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), address.ip, address.port);
}

bool collide(const BindAddress& a, const BindAddress& b) {
  if (!a.unix_path.empty() || !b.unix_path.empty()) {
    return a.unix_path == b.unix_path;
  }
  if (a.port != b.port || a.port == 0) {
    return false;
  }
  if (a.ip == b.ip) {
    return true;
  }
  const bool one_family = a.ip.contains(':') == b.ip.contains(':');
  return one_family && (isUnspecified(a.ip) || isUnspecified(b.ip));
}

bool isUnixPath(std::string_view path) {
  constexpr std::size_t kLongest = 107;
  return path.starts_with('/') && path.size() <= kLongest && !path.contains('\0');
}

bool isIpv4(std::string_view text) {
  std::size_t count = 0;
  std::optional<std::string_view> rest = text;
  while (auto part = takePart(rest, '.')) {
    if (part->size() > 3 || !parseUnsigned(*part, 255)) {
      return false;
    }
    ++count;
  }
  return count == 4;
}

bool isIpv6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    return countGroups(text, true) == 8;
  }
  const auto before = countGroups(text.substr(0, gap), false);
  const auto after = countGroups(text.substr(gap + 2), true);
  return before && after && *before + *after < 8;
}

std::uint16_t givePort(
    std::uint16_t listener_port, std::string_view key, std::set<std::uint16_t>& taken
) {
  const std::uint16_t mapped = mappedPort(listener_port);
  if (mapped != 0 && taken.insert(mapped).second) {
    return mapped;
  }
  const std::uint64_t start = fnv1a64(key);
  for (std::uint64_t step = 0; step < kStableCount; ++step) {
    const auto port = static_cast<std::uint16_t>(kFirstStable + (start + step) % kStableCount);
    if (taken.insert(port).second) {
      return port;
    }
  }
  return 0;
}

}  // namespace gatehouse::compile
