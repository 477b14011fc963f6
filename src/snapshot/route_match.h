// One match of one rule against one request, and which of two matches comes first (Gateway API,
// HTTPRoute spec.rules[].matches; resources.md 3.4). Pure; allocates nothing, except to decode a
// percent-encoded query value for a regular expression.
#pragma once

#include <string_view>

#include "http/head.h"
#include "snapshot/route_table.h"

namespace gatehouse::snapshot {

/// Whether the hostname of a listener or route ("" any, "*.x" any depth below x, else that name)
/// takes `host`. Both are lower case.
bool hostMatches(std::string_view hostname, std::string_view host);

/// Whether the path part of `entry` takes `path` (without query). A prefix is compared by whole
/// segments and ignores a trailing '/' of its own.
bool pathMatches(const RouteEntry& entry, std::string_view path);

/// Whether method, headers and query parameters of `entry` fit. A header that is there several
/// times matches if one of its lines does; of a query parameter the first value counts,
/// percent-decoded.
bool conditionsMatch(const RouteEntry& entry, const http::RequestHead& head);

/// True if `a` is tried before `b` whenever both match.
bool precedes(const RouteEntry& a, const RouteEntry& b);

/// A prefix without its trailing '/': "/abc/" and "/abc" are one, "/" is "".
std::string_view normalPrefix(std::string_view path [[clang::lifetimebound]]);

}  // namespace gatehouse::snapshot
