// The wire API formats and how a request gets one: by the longest path suffix under any route
// prefix (D6, llm.md 1). Query, content type and a trailing '/' do not count; a doubled version
// segment counts as one. No body is read here, except that looksLikeChat judges a located one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/head.h"

namespace gatehouse::llm {

enum class Dialect : std::uint8_t {
  kChat,           // OpenAI chat completions
  kMessages,       // Anthropic Messages
  kMessagesCount,  // Anthropic count_tokens
  kResponses,      // OpenAI Responses
  kEmbeddings,
  kRerank,
  kCompletions,  // OpenAI legacy completions
  kModels,       // model lists
  kGemini,       // generateContent
  kGeminiCount,
  kGeminiEmbed,
  kRealtime,
  kDetect,       // forwarded as it is; model and usage read where JSON allows
  kPassthrough,  // forwarded unread; only by policies.ai.routes
  kHello,        // Claude Code's probe
  kUnknown,      // no suffix known; a POST may still be a chat by its body
};

/// The name in records and logs (telemetry.md 1.3): "chat_completions", "messages", ...
std::string_view recordName(Dialect dialect);
/// The operation in records: "chat", "text_completion", "embeddings", "count_tokens", "models", ...
std::string_view operationName(Dialect dialect);

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
  std::string_view prefix;  // before the version segments: "/openai"
  std::string_view
      own_path;  // the dialect's own part, after them: "/chat/completions", "/models/a/b"
  std::string_view path_model;  // model id in the path, percent-encoded as received; empty if none
};

/// The match by path alone; never fails, kUnknown if no suffix fits.
DialectMatch matchDialect(
    http::Method method, std::string_view path [[clang::lifetimebound]], const DialectRoutes& routes
);

/// Whether the client asks for a protocol switch.
enum class Upgrade : std::uint8_t { kNone, kRequested };

/// matchDialect, then the method checked. A POST no suffix fits comes back as kUnknown, to be
/// judged by looksLikeChat once its body is read. Errors, all downstream: kUnknownPath,
/// kMethodNotAllowed (see allowedMethods), kUpgradeRequired.
Result<DialectMatch> detectDialect(
    http::Method method,
    std::string_view path [[clang::lifetimebound]],
    Upgrade upgrade,
    const DialectRoutes& routes
);

/// Value of the Allow field for a dialect: "POST"; empty if any method is allowed.
std::string_view allowedMethods(Dialect dialect);

/// The known suffixes in one line, for the text of an unknown_path error.
std::string_view knownSuffixes();

/// Whether the dialect of error bodies is Messages, Gemini or OpenAI's, before or without a dialect
/// of the request: by path suffix, else `anthropic-version` present means Messages, else OpenAI
/// (llm.md 9).
Dialect errorDialect(Dialect matched, const http::Fields& fields);

/// Whether a dialect's request body is one JSON object that we read before sending it on.
bool readsBody(Dialect dialect);

}  // namespace gatehouse::llm
