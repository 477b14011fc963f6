#include "cli/mock_mask.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "crypto/digest.h"
#include "wire/percent.h"

namespace gatehouse::cli {
namespace {

constexpr std::size_t kDigits = 8;

bool namesCredential(std::string_view name) {
  constexpr std::array<std::string_view, 13> kParts{
      "auth",
      "cookie",
      "key",
      "token",
      "secret",
      "pass",
      "credential",
      "session",
      "assertion",
      "jwt",
      "websocket-protocol",
      "sig",
      "code",
  };
  const std::string folded = fold(name);
  return std::ranges::any_of(kParts, [&](std::string_view part) { return folded.contains(part); });
}

/// Of an Authorization; what is none may be the key itself.
bool isScheme(std::string_view word) {
  constexpr std::array<std::string_view, 6> kSchemes{
      "bearer", "basic", "digest", "negotiate", "token", "aws4-hmac-sha256"
  };
  return std::ranges::find(kSchemes, fold(word)) != kSchemes.end();
}

std::string masked(std::string_view value) {
  return value.empty() ? "" : "masked:" + crypto::sha256Hex(value).substr(0, kDigits);
}

}  // namespace

std::string maskedField(std::string_view name, std::string_view value) {
  if (iequals(name, "referer")) {
    return maskedTarget(value);
  }
  if (!namesCredential(name)) {
    return std::string(value);
  }
  const auto parts = splitOnce(value, ' ');
  if (parts && fold(name).ends_with("authorization") && isScheme(parts->first)) {
    return std::string(parts->first) + " " + masked(parts->second);
  }
  return masked(value);
}

std::string maskedTarget(std::string_view target) {
  const auto halves = splitOnce(target, '?');
  if (!halves) {
    return std::string(target);
  }
  std::string text(halves->first);
  char before = '?';
  for (std::string_view part : split(halves->second, '&')) {
    text += before;
    before = '&';
    const auto pair = splitOnce(part, '=');
    if (pair && namesCredential(wire::decodeQueryPart(pair->first).value_or(""))) {
      text.append(pair->first).append("=");
      text += masked(wire::decodeQueryPart(pair->second).value_or(std::string(pair->second)));
    } else {
      text += part;
    }
  }
  return text;
}

}  // namespace gatehouse::cli
