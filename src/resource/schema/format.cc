#include "resource/schema/format.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace gatehouse::resource {
namespace {

constexpr std::int64_t kMaxDns = 253;
constexpr std::size_t kMaxLabel = 63;

bool isLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool isUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool isAlnum(char c) {
  return isLower(c) || isUpper(c) || isDigit(c);
}
bool isLowerAlnum(char c) {
  return isLower(c) || isDigit(c);
}

bool isLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && isLowerAlnum(text.front()) &&
         isLowerAlnum(text.back()) &&
         std::ranges::all_of(text, [](char c) { return isLowerAlnum(c) || c == '-'; });
}

bool isGroup(std::string_view text) {
  return text.empty() || isDnsName(text);
}

bool isKind(std::string_view text) {
  return !text.empty() && (isUpper(text.front()) || isLower(text.front())) && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return isAlnum(c) || c == '-'; });
}

/// RFC 9110 token.
bool isToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return isAlnum(c) || kMarks.contains(c); });
}

bool isTokenOrPseudo(std::string_view text) {
  constexpr std::array<std::string_view, 5> kPseudo{
      ":authority", ":method", ":path", ":scheme", ":status"
  };
  return isToken(text) || std::ranges::find(kPseudo, text) != kPseudo.end();
}

bool isHostname(std::string_view text) {
  if (text.starts_with("*.")) {
    text.remove_prefix(2);
  }
  return isDnsName(text) && !looksLikeIpAddress(text);
}

bool isHttpUrl(std::string_view text) {
  return parseHttpUrl(text).has_value();
}

/// scheme ":" something, no spaces.
bool isUri(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
         isKind(text.substr(0, colon)) &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c != 127; });
}

bool isAbsolutePath(std::string_view text) {
  return text.starts_with('/');
}

bool isBase64(std::string_view text) {
  std::size_t characters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      continue;
    }
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || !(isAlnum(c) || c == '+' || c == '/')) {
      return false;
    }
    ++characters;
  }
  return padding <= 2 && characters % 4 == 0;
}

bool isDataKey(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return isAlnum(c) || c == '-' || c == '.' || c == '_';
  });
}

bool isCloudRegion(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return isLowerAlnum(c) || c == '-'; });
}

bool isRoleArn(std::string_view text) {
  constexpr std::size_t kAccount = 12;
  if (!text.starts_with("arn:aws")) {
    return false;
  }
  const std::size_t iam = text.find(":iam::");
  if (iam == std::string_view::npos) {
    return false;
  }
  const std::string_view rest = text.substr(iam + 6);
  return rest.size() > kAccount && std::ranges::all_of(rest.substr(0, kAccount), isDigit) &&
         rest.substr(kAccount).starts_with(":role/") && rest.size() > kAccount + 6;
}

bool isSessionName(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return isAlnum(c) || std::string_view("_+=,.@-").contains(c);
  });
}

/// "*" or http(s)://host[:port], the host perhaps starting with "*." or "*" alone.
bool isOrigin(std::string_view text) {
  if (text == "*") {
    return true;
  }
  if (const std::size_t star = text.find("://*"); star != std::string_view::npos) {
    const std::string_view rest = text.substr(star + 4);
    if (rest.empty() || rest.starts_with(':')) {
      const std::string any = fmt::format("{}://any{}", text.substr(0, star), rest);
      return isOrigin(any);
    }
  }
  const std::size_t star = text.find("://*.");
  if (star == std::string_view::npos) {
    const auto url = parseHttpUrl(text);
    return url && url->path.empty() && !text.contains('*');
  }
  const std::string_view host = text.substr(star + 5);
  return (text.starts_with("http://") || text.starts_with("https://")) && !host.empty() &&
         std::ranges::all_of(host, [](char c) {
           return isAlnum(c) || c == '-' || c == '.' || c == ':';
         });
}

bool isHexDigit(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Nothing but characters of a path or query (RFC 3986 sections 3.3, 3.4), escapes whole.
bool isUrlText(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !isHexDigit(text[i + 1]) || !isHexDigit(text[i + 2])) {
        return false;
      }
    } else if (!isAlnum(text[i]) && !std::string_view("/-._~!$&'()*+,;=:@").contains(text[i])) {
      return false;
    }
  }
  return true;
}

bool isUrlPath(std::string_view text) {
  return text.starts_with('/') && isUrlText(text);
}

bool isUrlTarget(std::string_view text) {
  const std::size_t mark = text.find('?');
  const std::string_view query = mark == std::string_view::npos ? "" : text.substr(mark + 1);
  return isUrlPath(text.substr(0, mark)) && std::ranges::all_of(query, [](char c) {
           return c == '?' || c == '%' || isUrlText(std::string_view(&c, 1));
         });
}

/// Characters of an IPv6 address, without brackets, perhaps with a zone (RFC 4007 section 11).
bool isIpv6Text(std::string_view text) {
  if (const auto parts = splitOnce(text, '%')) {
    const bool zone = !parts->second.empty() && std::ranges::all_of(parts->second, [](char c) {
      return isAlnum(c) || std::string_view("-._").contains(c);
    });
    return zone && isIpv6Text(parts->first);
  }
  return std::ranges::count(text, ':') >= 2 &&
         std::ranges::all_of(text, [](char c) { return isHexDigit(c) || c == ':' || c == '.'; });
}

/// A DNS name as people write it, with capitals and underscores, or an IP address.
bool isHost(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    return isIpv6Text(text.substr(1, text.size() - 2));
  }
  if (text.contains(':')) {
    return isIpv6Text(text);
  }
  return !text.starts_with('.') && !text.contains("..") && std::ranges::all_of(text, [](char c) {
    return isAlnum(c) || c == '-' || c == '.' || c == '_';
  });
}

/// "*", "prefix*" or "*suffix"; or no star at all.
bool isWildcard(std::string_view text) {
  const auto stars = std::ranges::count(text, '*');
  return stars == 0 || (stars == 1 && (text.starts_with('*') || text.ends_with('*')));
}

bool isAny(std::string_view) {
  return true;
}

}  // namespace

std::span<const Format> formats() {
  static constexpr std::array kFormats{
      Format{"str", "a string", {}, {}, isAny},
      Format{"str64", "a string", 1, 64, isAny},
      Format{"str256", "a string", 1, 256, isAny},
      Format{"str1k", "a string", 1, 1024, isAny},
      Format{"cel", "a CEL expression", 1, 16384, isAny},
      Format{"dns", "a lower-case DNS name such as my-name", 1, kMaxDns, isDnsName},
      Format{"ns", "a namespace name", 1, 63, isLabel},
      Format{"group", "an API group", {}, kMaxDns, isGroup},
      Format{"kind", "a kind", 1, 63, isKind},
      Format{"hdr", "a header name", 1, 256, isToken},
      Format{
          "hdrOrPseudo",
          "a header name or :authority, :method, :path, :scheme, :status",
          1,
          256,
          isTokenOrPseudo
      },
      Format{
          "hostname",
          "a lower-case host name, perhaps with *. in front, no address",
          1,
          kMaxDns,
          isHostname
      },
      Format{
          "httpurl",
          "an absolute http or https URL without credentials or query",
          1,
          2048,
          isHttpUrl
      },
      Format{"uri", "an absolute URI", 1, kMaxDns, isUri},
      Format{"urlpath", "a URL path that starts with /, without query", 1, 1024, isUrlPath},
      Format{
          "urltarget", "a URL path that starts with /, perhaps with a query", 1, 1024, isUrlTarget
      },
      Format{"host", "a host name or IP address, without scheme and port", 1, 256, isHost},
      Format{"abspath", "a path that starts with /", 1, 1024, isAbsolutePath},
      Format{
          "domain", "a domain-prefixed name such as example.com/name", 1, kMaxDns, isDomainPrefixed
      },
      Format{"base64", "base64", {}, {}, isBase64},
      Format{"dataKey", "letters, digits, '-', '.', '_'", 1, kMaxDns, isDataKey},
      Format{"region", "a region such as us-east-1", 1, 63, isCloudRegion},
      Format{"roleArn", "a role ARN such as arn:aws:iam::123456789012:role/name", 1, {}, isRoleArn},
      Format{"sessionName", "letters, digits and _+=,.@-", 2, 64, isSessionName},
      Format{
          "origin",
          "'*' or an origin such as https://example.com, the host may start with *.",
          1,
          kMaxDns,
          isOrigin
      },
      Format{"wildcard", "a name, '*', 'prefix*' or '*suffix'", 1, 1024, isWildcard},
  };
  return kFormats;
}

const Format* findFormat(std::string_view name) {
  const auto all = formats();
  const auto found = std::ranges::find(all, name, &Format::name);
  return found == all.end() ? nullptr : &*found;
}

bool isDnsName(std::string_view text) {
  if (text.empty() || text.size() > static_cast<std::size_t>(kMaxDns)) {
    return false;
  }
  while (true) {
    const std::size_t dot = text.find('.');
    if (!isLabel(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

bool looksLikeIpAddress(std::string_view text) {
  return text.contains(':') || (!text.empty() && std::ranges::all_of(text, [](char c) {
           return isDigit(c) || c == '.';
         }));
}

bool isDomainPrefixed(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && isDnsName(text.substr(0, slash)) &&
         slash + 1 < text.size() && std::ranges::all_of(text.substr(slash + 1), [](char c) {
           return isAlnum(c) || std::string_view("/-._~%!$&'()*+,;=:").contains(c);
         });
}

std::optional<HttpUrl> parseHttpUrl(std::string_view text) {
  HttpUrl url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  url.path = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  const bool odd = std::ranges::any_of(text, [](char c) { return c <= ' ' || c == 127; });
  if (odd || text.find_first_of("?#@") != std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t end_of_host =
      authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':');
  const std::string_view host = authority.substr(0, end_of_host);
  std::string_view port = authority.substr(host.size());
  if (host.empty() || !isHost(host)) {
    return std::nullopt;
  }
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto number = authority[host.size()] == ':' ? parseUnsigned(port, 0xffff) : std::nullopt;
    if (number.value_or(0) == 0) {
      return std::nullopt;
    }
    url.port = static_cast<std::uint16_t>(*number);
  }
  url.host = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  return url;
}

}  // namespace gatehouse::resource
