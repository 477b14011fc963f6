// How a request gets its dialect: by the longest path suffix under any route prefix (D6, llm.md 1).
// Query, content type and a trailing '/' do not count; a doubled version segment counts as one. No
// body is read here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/head.h"
#include "llm/dialect.h"

namespace gatehouse::llm {

/// One line of policies.ai.routes.
struct DialectRoute {
  std::string suffix;  // "/v1/chat/completions"; "*" is any path
  Dialect dialect = Dialect::kChat;
};

/// policies.ai.routes of a backend; when not empty it takes the place of the built-in table.
class DialectRoutes {
 public:
  DialectRoutes() = default;
  /// Any order; the longest suffix is tried first, "*" last.
  explicit DialectRoutes(std::vector<DialectRoute> routes);
  bool empty() const { return routes_.empty(); }
  const std::vector<DialectRoute>& inOrder() const [[clang::lifetimebound]] { return routes_; }

 private:
  std::vector<DialectRoute> routes_;
};

/// The dialect a route type of policies.ai.routes names ("Completions", "AnthropicTokenCount",
/// ...).
std::optional<Dialect> dialectFromRouteType(std::string_view name);

/// What a path says. Views into the path that was given.
struct DialectMatch {
  Dialect dialect = Dialect::kUnknown;
  /// Before the version segments: "/openai".
  std::string_view prefix;
  /// The dialect's own part, after them: "/chat/completions", "/models/a/b".
  std::string_view own_path;
  /// The model id in the path, percent-encoded as received; empty if there is none.
  std::string_view path_model;
};

/// The match by path alone; never fails, kUnknown if no suffix fits.
DialectMatch matchDialect(
    http::Method method, std::string_view path [[clang::lifetimebound]], const DialectRoutes& routes
);

/// Whether the client asks to switch to WebSocket. Offers of h2c do not count: they may be ignored.
enum class Upgrade : std::uint8_t { kNone, kWebSocket };

/// matchDialect, then the method checked. A POST no suffix fits comes back as kUnknown, to be
/// judged by its body in prepareRequest. Errors, all downstream: kUnknownPath,
/// kMethodNotAllowed (see allowedMethods), kUpgradeRequired.
Result<DialectMatch> detectDialect(
    http::Method method,
    std::string_view path [[clang::lifetimebound]],
    Upgrade upgrade,
    const DialectRoutes& routes
);

/// A path without version segments in front: "/v1/messages" is "/messages".
std::string_view withoutLeadingVersions(std::string_view path);

/// The known suffixes in one line, for the text of an unknown_path error.
std::string_view knownSuffixes();

}  // namespace gatehouse::llm
