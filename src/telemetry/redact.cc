#include "telemetry/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/text.h"
#include "telemetry/byte_block.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::string_view kMask = "[redacted]";
// Shorter words are names such as "sk-model", not keys.
constexpr std::size_t kShortestSecret = 8;

constexpr bool isTokenChar(char c) {
  char folded = foldChar(c);
  return (folded >= 'a' && folded <= 'z') || isDigit(c) || c == '-' || c == '_' || c == '.' ||
         c == '~' || c == '+' || c == '/' || c == '=';
}

constexpr bool isWordChar(char c) {
  char folded = foldChar(c);
  return (folded >= 'a' && folded <= 'z') || isDigit(c);
}

// Beginnings of words that are credentials as a whole.
constexpr std::array<std::string_view, 6> kPrefixes = {"sk-", "xai-", "gh_", "AIza", "eyJ", "gsk_"};
// Words after which a credential comes.
constexpr std::array<std::string_view, 2> kSchemes = {"bearer", "basic"};

// Characters a shape begins with; all others are passed by at once.
constexpr auto kBeginsShape = [] {
  std::array<bool, 256> begins{};
  for (char c : std::string_view(":bBsxgAe")) {
    begins[static_cast<unsigned char>(c)] = true;
  }
  return begins;
}();

std::size_t tokenEnd(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && isTokenChar(text[end])) {
    ++end;
  }
  return end;
}

struct Found {
  std::size_t begin = 0;
  std::size_t end = 0;  // equal to begin: nothing
};

Found prefixedToken(std::string_view text, std::size_t at) {
  for (std::string_view prefix : kPrefixes) {
    if (text.substr(at).starts_with(prefix)) {
      std::size_t end = tokenEnd(text, at);
      return end - at >= prefix.size() + kShortestSecret ? Found{at, end} : Found{};
    }
  }
  return {};
}

// "basic authentication failed" is a sentence: base 64 of a name and a password has more than
// lower-case letters.
bool isLowerWord(std::string_view token) {
  return std::ranges::all_of(token, [](char c) { return c >= 'a' && c <= 'z'; });
}

Found tokenAfterScheme(std::string_view text, std::size_t at) {
  for (std::string_view scheme : kSchemes) {
    if (!istartsWith(text.substr(at), scheme)) {
      continue;
    }
    std::size_t begin = at + scheme.size();
    if (begin == text.size() || isWordChar(text[begin])) {
      continue;
    }
    begin = std::min(text.find_first_not_of(" \t:=\"'", begin), text.size());
    std::size_t end = tokenEnd(text, begin);
    bool plain_word = scheme == "basic" && isLowerWord(text.substr(begin, end - begin));
    if (end - begin >= kShortestSecret && !plain_word) {
      return {begin, end};
    }
  }
  return {};
}

// `at` is behind "://": the part before '@', if the authority has one.
Found userInfo(std::string_view text, std::size_t at) {
  std::size_t end = std::min(text.find_first_of("/?# \t\"'<>", at), text.size());
  std::size_t sign = text.substr(at, end - at).rfind('@');
  return sign == std::string_view::npos ? Found{} : Found{at, at + sign};
}

Found credentialAt(std::string_view text, std::size_t at) {
  if (!kBeginsShape[static_cast<unsigned char>(text[at])]) {
    return {};
  }
  if (text.substr(at).starts_with("://")) {
    return userInfo(text, at + 3);
  }
  bool word_begins = at == 0 || !isWordChar(text[at - 1]);
  if (!word_begins) {
    return {};
  }
  Found found = prefixedToken(text, at);
  return found.end != found.begin ? found : tokenAfterScheme(text, at);
}

// Whether one of three letters in a row that each shape has begins in the block at `bytes`; two
// more bytes are read. Texts of records are many and short, and nearly none has one.
bool hasTripleOfShape(const char* bytes) {
  const ByteBlock first = loadBlock(bytes);
  const ByteBlock second = loadBlock(bytes + 1);
  const ByteBlock third = loadBlock(bytes + 2);
  auto triple = [&](unsigned char a, unsigned char b, unsigned char c) {
    return (first == a) & (second == b) & (third == c);
  };
  auto foldedTriple = [&](unsigned char a, unsigned char b, unsigned char c) {
    return ((first | 0x20) == a) & ((second | 0x20) == b) & ((third | 0x20) == c);
  };
  return any(
      triple('s', 'k', '-') | triple('a', 'i', '-') | triple('g', 'h', '_') |
      triple('s', 'k', '_') | triple('e', 'y', 'J') | triple('I', 'z', 'a') |
      triple(':', '/', '/') | foldedTriple('r', 'e', 'r') | foldedTriple('s', 'i', 'c')
  );
}

}  // namespace

bool mayHoldCredential(std::string_view text) {
  constexpr std::size_t kStep = kBlockSize;
  constexpr std::size_t kReach = kStep + 2;  // triples that begin in the block
  while (text.size() >= kReach) {
    if (hasTripleOfShape(text.data())) {
      return true;
    }
    text.remove_prefix(kStep);
  }
  std::array<char, kReach> rest{};
  std::memcpy(rest.data(), text.data(), text.size());
  return hasTripleOfShape(rest.data());
}

std::string redacted(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    Found found = credentialAt(text, at);
    if (found.end == found.begin) {
      out += text[at++];
      continue;
    }
    out += text.substr(at, found.begin - at);
    out += kMask;
    at = found.end;
  }
  return out;
}

}  // namespace gatehouse::telemetry
