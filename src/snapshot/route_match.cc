#include "snapshot/route_match.h"

#include <optional>
#include <string>
#include <tuple>

#include "base/text.h"

namespace gatehouse::snapshot {
namespace {

std::optional<int> hexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char low = foldChar(c);
  if (low >= 'a' && low <= 'f') {
    return low - 'a' + 10;
  }
  return std::nullopt;
}

/// Takes one decoded character off a part of a query; a '%' that begins no code stands for itself.
char takeDecoded(std::string_view& text) {
  const char first = text.front();
  if (first == '%' && text.size() >= 3) {
    const auto high = hexDigit(text[1]);
    const auto low = hexDigit(text[2]);
    if (high && low) {
      text.remove_prefix(3);
      return static_cast<char>(*high * 16 + *low);
    }
  }
  text.remove_prefix(1);
  return first == '+' ? ' ' : first;
}

bool equalsDecoded(std::string_view encoded, std::string_view plain) {
  while (!encoded.empty() && !plain.empty()) {
    if (takeDecoded(encoded) != plain.front()) {
      return false;
    }
    plain.remove_prefix(1);
  }
  return encoded.empty() && plain.empty();
}

std::string decoded(std::string_view encoded) {
  std::string plain;
  plain.reserve(encoded.size());
  while (!encoded.empty()) {
    plain += takeDecoded(encoded);
  }
  return plain;
}

/// First value of a query parameter, still encoded.
std::optional<std::string_view> firstQueryValue(std::string_view query, std::string_view name) {
  for (std::optional<std::string_view> rest = query; rest;) {
    const std::string_view pair = *takePart(rest, '&');
    const std::size_t equals = pair.find('=');
    if (equalsDecoded(pair.substr(0, equals), name)) {
      return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

bool headerMatches(const ValueMatch& wanted, const http::Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const http::Fields::Field field = fields.at(i);
    if (!iequals(field.name, wanted.name)) {
      continue;
    }
    if (wanted.pattern ? wanted.pattern->matches(field.value) : field.value == wanted.value) {
      return true;
    }
  }
  return false;
}

bool queryMatches(const ValueMatch& wanted, std::string_view query) {
  const auto value = firstQueryValue(query, wanted.name);
  if (!value) {
    return false;
  }
  if (!wanted.pattern) {
    return equalsDecoded(*value, wanted.value);
  }
  const bool plain = value->find_first_of("%+") == std::string_view::npos;
  return wanted.pattern->matches(plain ? *value : std::string_view(decoded(*value)));
}

/// More is more specific: exact over wildcard over none, then length.
std::tuple<bool, std::size_t> hostRank(std::string_view hostname) {
  return {!hostname.empty() && !hostname.starts_with("*."), hostname.size()};
}

/// Only prefixes are told apart by length: two exact paths that match are equal, expressions have
/// no length.
std::size_t pathRank(const RouteEntry& entry) {
  return entry.path_kind == PathKind::kPrefix ? normalPrefix(entry.path).size() : 0;
}

}  // namespace

bool hostMatches(std::string_view hostname, std::string_view host) {
  if (hostname.empty()) {
    return true;
  }
  if (!hostname.starts_with("*.")) {
    return hostname == host;
  }
  const std::string_view suffix = hostname.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

std::string_view normalPrefix(std::string_view path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

bool pathMatches(const RouteEntry& entry, std::string_view path) {
  switch (entry.path_kind) {
    case PathKind::kExact:
      return path == entry.path;
    case PathKind::kRegularExpression:
      return entry.path_pattern && entry.path_pattern->matches(path);
    case PathKind::kPrefix: {
      const std::string_view prefix = normalPrefix(entry.path);
      return prefix.empty() || path == prefix ||
             (path.starts_with(prefix) && path[prefix.size()] == '/');
    }
  }
  return false;
}

bool conditionsMatch(const RouteEntry& entry, const http::RequestHead& head) {
  if (!entry.method.empty() && entry.method != head.methodName()) {
    return false;
  }
  for (const ValueMatch& header : entry.headers) {
    if (!headerMatches(header, head.fields)) {
      return false;
    }
  }
  for (const ValueMatch& parameter : entry.query) {
    if (!queryMatches(parameter, head.query())) {
      return false;
    }
  }
  return true;
}

bool precedes(const RouteEntry& a, const RouteEntry& b) {
  if (const auto x = hostRank(a.hostname), y = hostRank(b.hostname); x != y) {
    return x > y;
  }
  if (a.path_kind != b.path_kind) {
    return a.path_kind < b.path_kind;
  }
  if (const auto x = pathRank(a), y = pathRank(b); x != y) {
    return x > y;
  }
  if (a.method.empty() != b.method.empty()) {
    return b.method.empty();
  }
  if (a.headers.size() != b.headers.size()) {
    return a.headers.size() > b.headers.size();
  }
  if (a.query.size() != b.query.size()) {
    return a.query.size() > b.query.size();
  }
  return std::tie(a.created, a.route_key, a.rule_index, a.match_index, a.hostname) <
         std::tie(b.created, b.route_key, b.rule_index, b.match_index, b.hostname);
}

}  // namespace gatehouse::snapshot
