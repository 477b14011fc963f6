#include "http/target.h"

#include <algorithm>

#include "base/text.h"

namespace gatehouse::http {
namespace {

bool isAlphanumeric(char c) {
  char folded = foldChar(c);
  return isDigit(c) || (folded >= 'a' && folded <= 'z');
}

bool isHexDigit(char c) {
  char folded = foldChar(c);
  return isDigit(c) || (folded >= 'a' && folded <= 'f');
}

// RFC 3986 allows sub-delimiters and percent-encoding in a name as well; no host on earth has them,
// and other readers of Host disagree about them.
bool isRegisteredName(std::string_view host) {
  return std::ranges::all_of(host, [](char c) {
    return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
  });
}

bool isBracketedAddress(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') {
    return false;
  }
  std::string_view inside = host.substr(1, host.size() - 2);
  return std::ranges::count(inside, ':') >= 2 &&
         std::ranges::all_of(inside, [](char c) { return isHexDigit(c) || c == ':' || c == '.'; });
}

bool isVisible(char c) {
  return c > 0x20 && c < 0x7f;
}

bool validQuery(std::string_view query) {
  return std::ranges::all_of(query, [](char c) { return isVisible(c) && c != '#'; });
}

bool validPath(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (!isVisible(c) || c == '#' || c == '\\') {
      return false;
    }
    if (c != '%') {
      continue;
    }
    if (path.size() - i < 3 || !isHexDigit(path[i + 1]) || !isHexDigit(path[i + 2])) {
      return false;
    }
    if (path[i + 1] == '0' && path[i + 2] == '0') {
      return false;
    }
  }
  return true;
}

bool validPathAndQuery(std::string_view text) {
  std::size_t mark = text.find('?');
  return validPath(text.substr(0, mark)) &&
         (mark == std::string_view::npos || validQuery(text.substr(mark + 1)));
}

std::optional<Target> parseAbsolute(std::string_view text) {
  Target target{.form = TargetForm::kAbsolute};
  if (istartsWith(text, "http://")) {
    text.remove_prefix(7);
  } else if (istartsWith(text, "https://")) {
    target.default_port = 443;
    text.remove_prefix(8);
  } else {
    return std::nullopt;
  }
  target.authority = text.substr(0, text.find_first_of("/?"));
  std::string_view rest = text.substr(target.authority.size());
  auto authority = parseAuthority(target.authority);
  if (!authority || authority->host.empty() || !validPathAndQuery(rest)) {
    return std::nullopt;
  }
  if (!rest.starts_with('/')) {
    target.origin = "/";
  }
  target.origin += rest;
  return target;
}

}  // namespace

std::optional<Authority> parseAuthority(std::string_view text) {
  Authority authority;
  // In brackets a colon is no port.
  std::size_t name_end = text.starts_with('[') ? text.find(']') : 0;
  if (name_end == std::string_view::npos) {
    return std::nullopt;
  }
  std::size_t colon = text.find(':', name_end);
  authority.host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    std::string_view digits = text.substr(colon + 1);
    auto port = parseUnsigned(digits, 65535);
    if (!port || digits.size() > 5 || authority.host.empty()) {
      return std::nullopt;
    }
    authority.port = static_cast<std::uint16_t>(*port);
  }
  bool valid = authority.host.starts_with('[') ? isBracketedAddress(authority.host)
                                               : isRegisteredName(authority.host);
  return valid ? std::optional(authority) : std::nullopt;
}

bool sameAuthority(const Authority& a, const Authority& b, std::uint16_t default_port) {
  return iequals(a.host, b.host) && a.port.value_or(default_port) == b.port.value_or(default_port);
}

std::optional<Target> parseTarget(Method method, std::string_view text) {
  if (method == Method::kConnect) {
    auto authority = parseAuthority(text);
    if (!authority || authority->host.empty() || !authority->port) {
      return std::nullopt;
    }
    return Target{
        .form = TargetForm::kAuthority, .authority = text, .default_port = *authority->port
    };
  }
  if (text == "*") {
    bool fits = method == Method::kOptions;
    return fits ? std::optional(Target{.form = TargetForm::kAsterisk, .origin = "*"})
                : std::nullopt;
  }
  if (!text.starts_with('/')) {
    return parseAbsolute(text);
  }
  if (!validPathAndQuery(text)) {
    return std::nullopt;
  }
  return Target{.form = TargetForm::kOrigin, .origin = std::string(text)};
}

}  // namespace gatehouse::http
