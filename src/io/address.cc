#include "io/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "io/socket_address.h"

namespace gatehouse::io {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<std::uint32_t> parseScope(std::string_view text) {
  if (std::optional<std::uint64_t> index = parseUnsigned(text, UINT32_MAX)) {
    return static_cast<std::uint32_t>(*index);
  }
  std::uint32_t named = ::if_nametoindex(std::string(text).c_str());
  return named == 0 ? std::nullopt : std::optional(named);
}

bool inPrefix(std::uint32_t address, std::uint32_t prefix, int bits) {
  return (address >> (32 - bits)) == (prefix >> (32 - bits));
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    std::string_view ip = text.substr(0, colon);
    bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
    std::optional<std::uint64_t> port = parseUnsigned(text.substr(colon + 1), 65535);
    if (port && (bracketed || ip.find(':') == std::string_view::npos)) {
      if (std::optional<Address> address = fromIp(ip, static_cast<std::uint16_t>(*port))) {
        return *address;
      }
    }
  }
  return fail(
      ErrorKind::kInvalidConfiguration,
      Origin::kGateway,
      "'" + std::string(text) +
          "' is not an IP address with a port, such as 127.0.0.1:8080 or [::1]:8080"
  );
}

std::optional<Address> Address::fromIp(std::string_view ip, std::uint16_t port) {
  if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') {
    ip = ip.substr(1, ip.size() - 2);
  }
  Bytes bytes{};
  if (ip.find(':') == std::string_view::npos) {
    if (::inet_pton(AF_INET, std::string(ip).c_str(), bytes.data()) != 1) {
      return std::nullopt;
    }
    return Address(Family::kV4, bytes, port);
  }
  std::uint32_t scope = 0;
  if (std::size_t percent = ip.find('%'); percent != std::string_view::npos) {
    std::optional<std::uint32_t> parsed = parseScope(ip.substr(percent + 1));
    if (!parsed) {
      return std::nullopt;
    }
    scope = *parsed;
    ip = ip.substr(0, percent);
  }
  if (::inet_pton(AF_INET6, std::string(ip).c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  return Address(Family::kV6, bytes, port, scope);
}

Address Address::loopback(std::uint16_t port, Family family) {
  if (family == Family::kV4) {
    return {family, {127, 0, 0, 1}, port};
  }
  Bytes bytes{};
  bytes[15] = 1;
  return {family, bytes, port};
}

Address Address::any(std::uint16_t port, Family family) {
  return {family, {}, port};
}

Address Address::withPort(std::uint16_t port) const {
  return {family_, bytes_, port, scope_};
}

std::optional<std::uint32_t> Address::asV4() const {
  std::size_t at = 0;
  if (family_ == Family::kV6) {
    if (!std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin())) {
      return std::nullopt;
    }
    at = kMappedPrefix.size();
  }
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | bytes_[at + i];
  }
  return value;
}

bool Address::isLoopback() const {
  if (std::optional<std::uint32_t> v4 = asV4()) {
    return inPrefix(*v4, 0x7f000000, 8);
  }
  return bytes_ == loopback(0, Family::kV6).bytes_;
}

bool Address::isPrivate() const {
  if (std::optional<std::uint32_t> v4 = asV4()) {
    return inPrefix(*v4, 0x0a000000, 8) || inPrefix(*v4, 0xac100000, 12) ||
           inPrefix(*v4, 0xc0a80000, 16) || inPrefix(*v4, 0x64400000, 10);
  }
  return (bytes_[0] & 0xfe) == 0xfc;
}

bool Address::isLinkLocal() const {
  if (std::optional<std::uint32_t> v4 = asV4()) {
    return inPrefix(*v4, 0xa9fe0000, 16);
  }
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool Address::isUnspecified() const {
  return family_ != Family::kUnix &&
         std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string Address::formatIp() const {
  if (family_ == Family::kUnix) {
    return "unix";
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  int family = family_ == Family::kV4 ? AF_INET : AF_INET6;
  ::inet_ntop(family, bytes_.data(), text.data(), text.size());
  std::string result = text.data();
  if (scope_ != 0) {
    result += '%' + std::to_string(scope_);
  }
  return result;
}

std::string Address::format() const {
  std::string ip = formatIp();
  if (family_ == Family::kUnix) {
    return ip;
  }
  if (family_ == Family::kV6) {
    ip = '[' + ip + ']';
  }
  return ip + ':' + std::to_string(port_);
}

SocketAddress toSystem(const Address& address) {
  SocketAddress result;
  if (address.family() == Family::kV4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port());
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.length = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port());
    v6.sin6_scope_id = address.scope();
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.length = sizeof v6;
  }
  return result;
}

Address fromSystem(const sockaddr* address) {
  Address::Bytes bytes{};
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return {Family::kV4, bytes, ntohs(v4.sin_port)};
  }
  if (address->sa_family != AF_INET6) {
    return address->sa_family == AF_UNIX ? Address::unixSocket() : Address();
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  std::memcpy(bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    Address::Bytes mapped{};
    std::copy(bytes.begin() + kMappedPrefix.size(), bytes.end(), mapped.begin());
    return {Family::kV4, mapped, ntohs(v6.sin6_port)};
  }
  return {Family::kV6, bytes, ntohs(v6.sin6_port), v6.sin6_scope_id};
}

Address localAddressOf(int fd) {
  SocketAddress local;
  if (::getsockname(fd, local.get(), &local.length) != 0) {
    return {};
  }
  return fromSystem(local.get());
}

}  // namespace gatehouse::io
