// The small grammar of RFC 9110 section 5.6 that the other files here rest on: tokens and
// comma-separated lists of them. Pure functions on views.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace gatehouse::http {

inline constexpr std::string_view kTokenOctets =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// True for the octets that may stand in a token.
inline constexpr std::array<bool, 256> kTokenOctet = [] {
  std::array<bool, 256> table{};
  for (char c : kTokenOctets) {
    table[static_cast<std::uint8_t>(c)] = true;
  }
  return table;
}();

/// Not empty and nothing but token octets.
constexpr bool isToken(std::string_view text) {
  // Tokens are short and nearly always right: no branch per octet.
  bool all = !text.empty();
  for (char c : text) {
    all &= kTokenOctet[static_cast<std::uint8_t>(c)];
  }
  return all;
}

constexpr bool isBlank(char c) {
  return c == ' ' || c == '\t';
}

/// Without the spaces and tabs around it.
constexpr std::string_view trimBlanks(std::string_view text) {
  while (!text.empty() && isBlank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && isBlank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// Takes the next element off a comma-separated list; empty elements are passed over. Empty when
/// the list is at its end. Quoted strings are not understood: for lists of tokens only.
inline std::string_view nextElement(std::string_view& list) {
  while (!list.empty()) {
    std::size_t comma = list.find(',');
    std::string_view element = trimBlanks(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (!element.empty()) {
      return element;
    }
  }
  return {};
}

/// Whether a list of tokens names `token`, without case.
inline bool listHas(std::string_view list, std::string_view token) {
  for (auto element = nextElement(list); !element.empty(); element = nextElement(list)) {
    if (iequals(element, token)) {
      return true;
    }
  }
  return false;
}

}  // namespace gatehouse::http
