#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {
namespace {

bool isBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int hexValue(char c) {
  if (isDigit(c)) {
    return c - '0';
  }
  char folded = foldChar(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

/// Bytes of the sequence a first byte begins, and the range of its second byte (RFC 3629, section
/// 4).
struct Utf8Lead {
  std::size_t length;
  unsigned char second_min;
  unsigned char second_max;
};

Utf8Lead utf8Lead(unsigned char first) {
  if (first < 0x80) {
    return {1, 0, 0};
  }
  if (first < 0xC2 || first > 0xF4) {
    return {0, 0, 0};
  }
  if (first < 0xE0) {
    return {2, 0x80, 0xBF};
  }
  if (first < 0xF0) {
    unsigned char low = first == 0xE0 ? 0xA0 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : 0xBF;
    return {3, low, high};
  }
  unsigned char low = first == 0xF0 ? 0x90 : 0x80;
  unsigned char high = first == 0xF4 ? 0x8F : 0xBF;
  return {4, low, high};
}

/// Length of the valid sequence at the start of `text`, 0 if there is none.
std::size_t utf8Sequence(std::string_view text) {
  Utf8Lead lead = utf8Lead(static_cast<unsigned char>(text[0]));
  if (lead.length <= 1) {
    return lead.length;
  }
  if (text.size() < lead.length) {
    return 0;
  }
  auto second = static_cast<unsigned char>(text[1]);
  if (second < lead.second_min || second > lead.second_max) {
    return 0;
  }
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      return 0;
    }
  }
  return lead.length;
}

void appendHexByte(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  auto byte = static_cast<unsigned char>(c);
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

bool isAscii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

/// Characters a JSON string may hold as they are. Bytes past ASCII are looked at on their own.
constexpr auto kStandsForItself = [] {
  std::array<bool, 256> stands{};
  for (unsigned c = 0x20; c < 0x7F; ++c) {
    stands[c] = c != '"' && c != '\\';
  }
  return stands;
}();
bool standsForItself(char c) {
  return kStandsForItself[static_cast<unsigned char>(c)];
}

void appendJsonEscape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  appendHexByte(out, c);
}

/// Edits (insert, remove, replace, swap of neighbours) between two texts, case ignored.
std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool same = foldChar(a[i - 1]) == foldChar(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && foldChar(a[i - 1]) == foldChar(b[j - 2]) &&
                     foldChar(a[i - 2]) == foldChar(b[j - 1]);
      if (swapped) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t wordAt(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

// foldChar() on eight octets at once. Adding to an octet without its top bit sets that bit where
// the octet is at least a bound; A-Z are the octets at or past the first bound and not past the
// second.
constexpr std::uint64_t foldWord(std::uint64_t word) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  std::uint64_t low = word & (0x7f * kEach);
  std::uint64_t from_a = low + (0x80 - 'A') * kEach;
  std::uint64_t past_z = low + (0x7f - 'Z') * kEach;
  std::uint64_t capital = (from_a ^ past_z) & ~word & (0x80 * kEach);
  return word | (capital >> 2);
}

void foldWordAt(std::string& text, std::size_t at) {
  const std::uint64_t word = foldWord(wordAt(text, at));
  std::memcpy(text.data() + at, &word, sizeof word);
}

}  // namespace

std::string fold(std::string_view text) {
  std::string folded(text);
  if (folded.size() < kWord) {
    std::ranges::transform(folded, folded.begin(), foldChar);
    return folded;
  }
  // Word by word; the last one may overlap the one before.
  const std::size_t last = folded.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    foldWordAt(folded, at);
  }
  foldWordAt(folded, last);
  return folded;
}

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  if (a.size() < kWord) {
    return std::ranges::equal(a, b, {}, foldChar, foldChar);
  }
  // Word by word; the last one may overlap the one before.
  std::size_t last = a.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    if (foldWord(wordAt(a, at)) != foldWord(wordAt(b, at))) {
      return false;
    }
  }
  return foldWord(wordAt(a, last)) == foldWord(wordAt(b, last));
}

bool istartsWith(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && isBlank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && isBlank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<std::pair<std::string_view, std::string_view>> splitOnce(
    std::string_view text, char separator
) {
  std::size_t at = text.find(separator);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::optional<std::string_view> rest = text;
  while (auto part = takePart(rest, separator)) {
    parts.push_back(*part);
  }
  return parts;
}

std::optional<std::string_view> takePart(std::optional<std::string_view>& rest, char separator) {
  if (!rest) {
    return std::nullopt;
  }
  auto halves = splitOnce(*rest, separator);
  if (!halves) {
    return std::exchange(rest, std::nullopt);
  }
  rest = halves->second;
  return halves->first;
}

std::optional<std::uint64_t> parseUnsigned(std::string_view text, std::uint64_t max) {
  constexpr std::size_t kCannotOverflow = 19;
  if (text.empty()) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  if (text.size() <= kCannotOverflow) {
    for (char c : text) {
      if (!isDigit(c)) {
        return std::nullopt;
      }
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number <= max ? std::optional(number) : std::nullopt;
  }
  for (char c : text) {
    if (!isDigit(c)) {
      return std::nullopt;
    }
    auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > max || number > (max - digit) / 10) {
      return std::nullopt;
    }
    number = number * 10 + digit;
  }
  return number;
}

std::optional<std::uint64_t> parseHex(std::string_view text) {
  if (text.empty() || text.size() > 16) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (char c : text) {
    int digit = hexValue(c);
    if (digit < 0) {
      return std::nullopt;
    }
    number = number << 4 | static_cast<std::uint64_t>(digit);
  }
  return number;
}

std::size_t validUtf8Prefix(std::string_view text) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    std::size_t length = utf8Sequence(text.substr(valid));
    if (length == 0) {
      break;
    }
    valid += length;
  }
  return valid;
}

std::string printable(std::string_view text, std::size_t max) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= max) {
      return out += "...";
    }
    char c = text.front();
    std::size_t length = utf8Sequence(text);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\\x";
      appendHexByte(out, c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void appendQuoted(std::string& out, std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::size_t from = at;
    while (at < text.size() && standsForItself(text[at])) {
      ++at;
    }
    out += text.substr(from, at - from);
    if (at == text.size()) {
      break;
    }
    if (isAscii(text[at])) {
      appendJsonEscape(out, text[at]);
      ++at;
      continue;
    }
    std::size_t length = utf8Sequence(text.substr(at));
    out += length == 0 ? kReplacement : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  out += '"';
}

void appendCrockford(std::string& out, std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::array<char, 13> text{};
  for (std::size_t i = text.size(); i-- > 0; number >>= 5) {
    text[i] = kDigits[number & 31];
  }
  out.append(text.data(), text.size());
}

std::string crockford(std::uint64_t number) {
  std::string out;
  appendCrockford(out, number);
  return out;
}

std::optional<std::string_view> nearestName(
    std::string_view wanted, std::span<const std::string_view> candidates
) {
  std::size_t best = wanted.size() / 3 + 1;
  std::optional<std::string_view> nearest;
  for (std::string_view candidate : candidates) {
    std::size_t distance = editDistance(wanted, candidate);
    if (distance < best || (distance == best && !nearest && distance < wanted.size())) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace gatehouse
