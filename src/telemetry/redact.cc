#include "telemetry/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/text.h"
#include "wire/byte_block.h"

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

// Three characters in a row of each shape, in any of the cases they are read in. Texts of records
// are many and short, and nearly none has such a triple.
struct Triple {
  std::string_view first;
  std::string_view second;
  std::string_view third;
};
constexpr std::array<Triple, 8> kTriples = {{
    {"s", "k", "-_"},    // sk-, gsk_
    {"a", "i", "-"},     // xai-
    {"g", "h", "_"},     // gh_
    {"e", "y", "J"},     // eyJ
    {"I", "z", "a"},     // AIza
    {":", "/", "/"},     // ://
    {"rR", "eE", "rR"},  // bearer
    {"sS", "iI", "cC"},  // basic
}};

// A bit for each triple with such a character; bytes with the halves of two of them pass as well.
class TripleFilter {
 public:
  explicit consteval TripleFilter(std::string_view Triple::* place) {
    for (std::size_t i = 0; i < kTriples.size(); ++i) {
      for (char c : kTriples[i].*place) {
        low_[static_cast<std::uint8_t>(c) & 0x0FU] |= static_cast<std::uint8_t>(1U << i);
        high_[static_cast<std::uint8_t>(c) >> 4U] |= static_cast<std::uint8_t>(1U << i);
      }
    }
  }
  wire::HalfBlock triplesAt(const char* bytes) const {
    return wire::HalfBlock(bytes).lookUp(low_, high_);
  }

 private:
  wire::HalfTable low_{};
  wire::HalfTable high_{};
};
constexpr TripleFilter kFirst(&Triple::first);
constexpr TripleFilter kSecond(&Triple::second);
constexpr TripleFilter kThird(&Triple::third);

constexpr std::size_t kStep = wire::HalfBlock::kSize;
constexpr std::size_t kReach = kStep + 2;  // triples that begin in the block

// Whether one may begin in the block at `bytes`; two more bytes are read.
bool mayHoldTriple(const char* bytes) {
  wire::HalfBlock all =
      kFirst.triplesAt(bytes) & kSecond.triplesAt(bytes + 1) & kThird.triplesAt(bytes + 2);
  return ~all.equal('\0') != 0;
}

}  // namespace

bool mayHoldCredential(std::string_view text) {
  while (text.size() >= kReach) {
    if (mayHoldTriple(text.data())) {
      return true;
    }
    text.remove_prefix(kStep);
  }
  std::array<char, kReach> rest{};
  std::memcpy(rest.data(), text.data(), text.size());
  return mayHoldTriple(rest.data());
}

bool mayHoldCredentialBeforeZeros(std::string_view text) {
  static_assert(kZerosBehind >= kReach);
  for (std::size_t at = 0; at < text.size(); at += kStep) {
    if (mayHoldTriple(text.data() + at)) {
      return true;
    }
  }
  return false;
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
