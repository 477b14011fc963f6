#include "http/target.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/byte_block.h"

namespace gatehouse::http {
namespace {

using Octets = std::array<bool, 256>;

constexpr Octets octetsOf(std::string_view octets) {
  Octets table{};
  for (char c : octets) {
    table[static_cast<std::uint8_t>(c)] = true;
  }
  return table;
}

constexpr std::string_view kLettersAndDigits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

// RFC 3986 allows sub-delimiters and percent-encoding in a name as well; no host on earth has them,
// and other readers of Host disagree about them.
constexpr Octets kNameOctets = [] {
  Octets table = octetsOf(kLettersAndDigits);
  for (char c : std::string_view("-._~")) {
    table[static_cast<std::uint8_t>(c)] = true;
  }
  return table;
}();
constexpr Octets kAddressOctets = octetsOf("0123456789abcdefABCDEF:.");
// All that is visible, but no fragment.
constexpr Octets kQueryOctets = [] {
  Octets table{};
  for (int c = 0x21; c < 0x7f; ++c) {
    table[static_cast<std::uint8_t>(c)] = c != '#';
  }
  return table;
}();

constexpr auto kSimpleLetters = [] {
  std::array<char, 0x7f - 0x21 - 3> letters{};
  auto at = letters.begin();
  for (char c = 0x21; c < 0x7f; ++c) {
    if (c != '#' && c != '%' && c != '\\') {
      *at++ = c;
    }
  }
  return letters;
}();
constexpr wire::ByteClass kSimpleOctets(
    std::string_view(kSimpleLetters.data(), kSimpleLetters.size())
);

bool allIn(const Octets& octets, std::string_view text) {
  bool all = true;
  for (char c : text) {
    all &= octets[static_cast<std::uint8_t>(c)];
  }
  return all;
}

bool isBracketedAddress(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') {
    return false;
  }
  std::string_view inside = host.substr(1, host.size() - 2);
  return std::ranges::count(inside, ':') >= 2 && allIn(kAddressOctets, inside);
}

bool isHexDigit(char c) {
  return kAddressOctets[static_cast<std::uint8_t>(c)] && c != ':' && c != '.';
}

// Two hexadecimal digits behind every percent sign, which do not stand for NUL.
bool validEscapes(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    std::string_view digits = path.substr(at + 1, 2);
    if (digits.size() != 2 || digits == "00" || !isHexDigit(digits[0]) || !isHexDigit(digits[1])) {
      return false;
    }
  }
  return true;
}

/// Nothing but octets that need no second look: visible, and no '#', '%' or '\\'.
bool isSimple(std::string_view text) {
  constexpr std::size_t kBlock = wire::HalfBlock::kSize;
  for (; text.size() >= kBlock; text.remove_prefix(kBlock)) {
    if (~wire::HalfBlock(text.data()).in(kSimpleOctets) != 0) {
      return false;
    }
  }
  std::array<char, kBlock> rest;
  rest.fill('/');
  text.copy(rest.data(), text.size());
  return ~wire::HalfBlock(rest.data()).in(kSimpleOctets) == 0;
}

bool validPathAndQuery(std::string_view text) {
  if (isSimple(text)) {
    return true;
  }
  std::string_view path = text.substr(0, text.find('?'));
  return allIn(kQueryOctets, text) && path.find('\\') == std::string_view::npos &&
         validEscapes(path);
}

std::optional<Target> parseAbsolute(std::string_view text) {
  Target target{.form = TargetForm::kAbsolute};
  if (istartsWith(text, "http://")) {
    text.remove_prefix(7);
  } else if (istartsWith(text, "https://")) {
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

std::string normalOrigin(std::string_view origin) {
  std::string text = fold(origin);
  const std::string_view own = text.starts_with("https:") ? ":443" : ":80";
  if (text.ends_with(own)) {
    text.resize(text.size() - own.size());
  }
  return text;
}

std::string_view hostOf(std::string_view authority) {
  // In brackets a colon is no port.
  std::size_t from = authority.starts_with('[') ? authority.find(']') : 0;
  return authority.substr(0, authority.find(':', from));
}

std::optional<Authority> parseAuthority(std::string_view text) {
  constexpr std::size_t kLongestPort = 5;
  Authority authority;
  authority.host = hostOf(text);
  std::string_view port = text.substr(authority.host.size());
  if (!port.empty()) {
    port.remove_prefix(1);
    auto number = parseUnsigned(port, 65535);
    if (!number || port.size() > kLongestPort || authority.host.empty()) {
      return std::nullopt;
    }
    authority.port = static_cast<std::uint16_t>(*number);
  }
  bool valid = text.starts_with('[') ? isBracketedAddress(authority.host)
                                     : allIn(kNameOctets, authority.host);
  return valid ? std::optional(authority) : std::nullopt;
}

std::optional<Target> parseTarget(Method method, std::string_view text) {
  if (method == Method::kConnect) {
    auto authority = parseAuthority(text);
    if (!authority || authority->host.empty() || !authority->port) {
      return std::nullopt;
    }
    return Target{.form = TargetForm::kAuthority, .authority = text};
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
