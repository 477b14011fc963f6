// Who is calling: the normalised client name of telemetry.md 1.1 and the session of telemetry.md 4,
// read from what the client says about itself. Never invented: no header, no session.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"

namespace gatehouse::llm {

/// "claude-code", "codex", "cursor", "openai-python", "curl", "browser", ..., "other"; empty
/// without a user agent.
std::string_view clientName(const http::Fields& fields);

struct Session {
  std::string id;     // at most 128 printable bytes; longer ones are "h:" and 32 hex digits
  std::string agent;  // sub-agent, empty if none
  std::string parent_agent;
  std::string_view
      source;  // which header or body field it came from; literal or from the configured names
};

/// Session keys found in a body (telemetry.md 4, cases 5 and 6), decoded; empty when absent.
struct BodySessionKeys {
  std::string prompt_cache_key;
  std::string conversation;  // `conversation` or `conversation.id`
  std::string previous_response_id;
  std::string metadata_session_id;
  std::string litellm_session_id;
  std::string metadata_user_id;
};

/// The session, first match of telemetry.md 4: the configured header names (default
/// agent-session-id), known clients' headers, then the body. previous_response_id is the caller's
/// to chain.
std::optional<Session> findSession(
    const http::Fields& fields,
    const BodySessionKeys& body,
    const std::vector<std::string>& configured_headers [[clang::lifetimebound]]
);

}  // namespace gatehouse::llm
