// Request targets and authorities (RFC 9112 section 3.2, RFC 9110 section 4.2). What two readers
// could understand in two ways is refused: user information, fragments, backslashes and broken
// percent-encoding in a path, empty ports. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"

namespace gatehouse::http {

/// `host` is a registered name, an IPv4 address or an IPv6 address in its brackets, as written; it
/// may be empty.
struct Authority {
  std::string_view host;
  std::optional<std::uint16_t> port;
};

/// What stands before the port.
std::string_view hostOf(std::string_view authority);
/// An origin (RFC 6454 section 6.2) as it compares: in lower case, without the scheme's own port.
std::string normalOrigin(std::string_view origin);
/// Nothing for anything but `host [ ":" port ]`. Views into `text`.
std::optional<Authority> parseAuthority(std::string_view text);

enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };

struct Target {
  TargetForm form = TargetForm::kOrigin;
  std::string origin{};  // origin form: path and query; "*" for kAsterisk; empty for kAuthority
  std::string_view authority{};  // of kAbsolute and kAuthority; a view into the text parsed
};

/// The form must fit the method: kAuthority is for CONNECT and only that, kAsterisk for OPTIONS.
/// Schemes: http and https.
std::optional<Target> parseTarget(Method method, std::string_view text);

}  // namespace gatehouse::http
