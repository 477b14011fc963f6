// Formats of strings: DNS names, header tokens, paths, URLs ... Each has a name that the schema
// notation uses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gatehouse::resource {

struct Format {
  std::string_view name;            // in the notation: "dns", "hdr"
  std::string_view expectation;     // "a lower-case DNS name"
  std::optional<std::int64_t> min;  // characters
  std::optional<std::int64_t> max;
  bool (*accepts)(std::string_view text);
};

/// All formats.
std::span<const Format> formats();

/// The format called `name`, or null.
const Format* findFormat(std::string_view name);

/// RFC 1123 subdomain: lower-case labels joined by dots.
bool isDnsName(std::string_view text);
/// Dotted-quad IPv4, or something with a colon as IPv6 has.
bool looksLikeIpAddress(std::string_view text);
/// `domain/path` with a DNS name first.
bool isDomainPrefixed(std::string_view text);

/// scheme://host[:port][/path], http or https, without query, fragment or user.
struct HttpUrl {
  bool tls = false;
  std::string_view host;  // without brackets
  std::optional<std::uint16_t> port;
  std::string_view path;  // empty or starts with /
};
std::optional<HttpUrl> parseHttpUrl(std::string_view text);

}  // namespace gatehouse::resource
