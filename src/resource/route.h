// HTTPRoute (Gateway API v1.6.1), whole, decoded and defaulted: a rule always has at least one
// match.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "resource/meta.h"
#include "resource/ref.h"

namespace gatehouse::resource {

enum class PathMatchType : std::uint8_t { kExact, kPathPrefix, kRegularExpression };

struct PathMatch {
  PathMatchType type = PathMatchType::kPathPrefix;
  std::string value = "/";
};

enum class ValueMatchType : std::uint8_t { kExact, kRegularExpression };

/// One header or one query parameter. Header names keep their spelling here; they compare without
/// case.
struct ValueMatch {
  ValueMatchType type = ValueMatchType::kExact;
  std::string name;
  std::string value;
};

struct HttpRouteMatch {
  PathMatch path;
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query_params;
  std::optional<std::string> method;
  Position position;
};

struct HeaderValue {
  std::string name;
  std::string value;
};

struct HeaderModifier {
  std::vector<HeaderValue> set;
  std::vector<HeaderValue> add;
  std::vector<std::string> remove;
};

enum class PathModifierType : std::uint8_t { kReplaceFullPath, kReplacePrefixMatch };

struct PathModifier {
  PathModifierType type = PathModifierType::kReplaceFullPath;
  std::string value;
};

/// Share of requests mirrored: numerator / denominator.
struct RequestMirror {
  BackendObjectRef backend_ref;
  std::uint32_t numerator = 100;
  std::uint32_t denominator = 100;
};

struct RequestRedirect {
  std::optional<std::string> scheme;
  std::optional<std::string> hostname;
  std::optional<std::uint16_t> port;
  std::uint16_t status_code = 302;
  std::optional<PathModifier> path;
};

struct UrlRewrite {
  std::optional<std::string> hostname;
  std::optional<PathModifier> path;
};

struct ExtensionRef {
  ObjectRef ref;
};

struct CorsFilter {
  std::vector<std::string> allow_origins;
  std::vector<std::string> allow_methods;
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  bool allow_credentials = false;
  Seconds max_age{5};
};

enum class HttpFilterType : std::uint8_t {
  kRequestHeaderModifier,
  kResponseHeaderModifier,
  kRequestMirror,
  kRequestRedirect,
  kUrlRewrite,
  kExtensionRef,
  kCors,
};

/// One filter; `settings` holds the alternative its type names (HeaderModifier for both modifier
/// types).
struct HttpFilter {
  HttpFilterType type = HttpFilterType::kRequestHeaderModifier;
  std::variant<HeaderModifier, RequestMirror, RequestRedirect, UrlRewrite, ExtensionRef, CorsFilter>
      settings;
  Position position;
};

struct HttpBackendRef {
  BackendObjectRef ref;
  std::uint32_t weight = 1;
  std::vector<HttpFilter> filters;
};

/// Absent: no limit stated. Zero: explicitly off.
struct HttpRouteTimeouts {
  std::optional<Millis> request;
  std::optional<Millis> backend_request;
};

struct HttpRouteRetry {
  std::vector<std::uint16_t> codes;
  std::optional<std::uint32_t> attempts;
  std::optional<Millis> backoff;
};

struct HttpRouteRule {
  std::string name;
  std::vector<HttpRouteMatch> matches;
  std::vector<HttpFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  HttpRouteTimeouts timeouts;
  std::optional<HttpRouteRetry> retry;
  bool session_persistence = false;  // asked for; not supported
  Position position;
};

struct HttpRoute {
  static constexpr std::string_view kKind = "HTTPRoute";
  ObjectMeta meta;
  std::vector<ParentRef> parent_refs;
  std::vector<std::string> hostnames;
  std::vector<HttpRouteRule> rules;
};

}  // namespace gatehouse::resource
