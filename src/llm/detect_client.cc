#include "llm/detect_client.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "crypto/digest.h"
#include "wire/json_read.h"

namespace gatehouse::llm {
namespace {

struct Mark {
  std::string_view text;
  std::string_view client;
};

/// How user agents begin; products that are built on an SDK stand before it.
constexpr std::array kAgentStarts = {
    Mark{"claude-cli/", "claude-code"},
    Mark{"claude-code/", "claude-code"},
    Mark{"codex", "codex"},
    Mark{"cursor", "cursor"},
    Mark{"grok", "grok"},
    Mark{"xai-grok", "grok"},
    Mark{"geminicli/", "gemini-cli"},
    Mark{"gemini-cli", "gemini-cli"},
    Mark{"opencode/", "opencode"},
    Mark{"goose", "goose"},
    Mark{"qwencode/", "qwen-code"},
    Mark{"qwen-code", "qwen-code"},
    Mark{"continue", "continue"},
    Mark{"langchain", "langchain"},
    Mark{"ai-sdk/", "ai-sdk"},
    Mark{"ai/", "ai-sdk"},
    Mark{"openai/python", "openai-python"},
    Mark{"asyncopenai/python", "openai-python"},
    Mark{"openai/js", "openai-js"},
    Mark{"anthropic/python", "anthropic-python"},
    Mark{"asyncanthropic/python", "anthropic-python"},
    Mark{"anthropic/js", "anthropic-js"},
    Mark{"curl/", "curl"},
    Mark{"gatehouse-playground", "gatehouse-playground"},
    Mark{"mozilla/", "browser"},
};

/// What stands anywhere in a user agent: a product behind the SDK or browser it is built on.
constexpr std::array kAgentParts = {
    Mark{"claude-cli/", "claude-code"},
    Mark{"codex_cli", "codex"},
    Mark{"opencode/", "opencode"},
    Mark{"cursor/", "cursor"},
    Mark{"langchain", "langchain"},
    Mark{" ai-sdk/", "ai-sdk"},
};

/// Fields only one client sends.
struct TellingField {
  http::FieldName name;
  std::string_view client;
};
constexpr std::array kTellingFields = {
    TellingField{"x-claude-code-session-id", "claude-code"},
    TellingField{"x-grok-conv-id", "grok"},
    TellingField{"x-grok-session-id", "grok"},
};

Session sessionFrom(std::string_view id, std::string_view source) {
  return {.id = std::string(id), .agent = {}, .parent_agent = {}, .source = source};
}

std::string_view valueOf(const http::Fields& fields, http::FieldName name) {
  return trim(fields.get(name).value_or(""));
}

std::optional<Session> fromClientHeaders(const http::Fields& fields) {
  if (std::string_view id = valueOf(fields, "x-claude-code-session-id"); !id.empty()) {
    Session session = sessionFrom(id, "x-claude-code-session-id");
    session.agent = valueOf(fields, "x-claude-code-agent-id");
    session.parent_agent = valueOf(fields, "x-claude-code-parent-agent-id");
    return session;
  }
  for (http::FieldName name :
       {http::FieldName("x-grok-session-id"), http::FieldName("x-grok-conv-id")}) {
    if (std::string_view id = valueOf(fields, name); !id.empty()) {
      Session session = sessionFrom(id, name.text());
      session.agent = valueOf(fields, "x-grok-agent-id");
      return session;
    }
  }
  for (http::FieldName name :
       {http::FieldName("session-id"),
        http::FieldName("session_id"),
        http::FieldName("conversation_id")}) {
    if (std::string_view id = valueOf(fields, name); !id.empty()) {
      return sessionFrom(id, name.text());
    }
  }
  return std::nullopt;
}

/// Claude Code's user id: "user_..._session_ID", or JSON text with a session_id; empty if it is
/// neither.
std::string sessionInUserId(std::string_view user_id) {
  if (user_id.starts_with('{')) {
    wire::Parsed<wire::Value> parsed = wire::readJson(user_id, {.max_bytes = 4096, .max_depth = 8});
    const wire::Value* session = parsed ? parsed->find("session_id") : nullptr;
    return session != nullptr && session->isString() ? *session->string() : std::string();
  }
  constexpr std::string_view kMark = "session_";
  std::size_t at = user_id.rfind(kMark);
  return at == std::string_view::npos ? std::string()
                                      : std::string(user_id.substr(at + kMark.size()));
}

std::optional<Session> fromBody(const BodySessionKeys& body) {
  struct Named {
    std::string_view value;
    std::string_view source;
  };
  for (const Named& named : {
           Named{body.prompt_cache_key, "prompt_cache_key"},
           Named{body.conversation, "conversation"},
           Named{body.previous_response_id, "previous_response_id"},
           Named{body.metadata_session_id, "metadata.session_id"},
           Named{body.litellm_session_id, "litellm_session_id"},
       }) {
    if (!named.value.empty()) {
      return sessionFrom(named.value, named.source);
    }
  }
  std::string session = sessionInUserId(body.metadata_user_id);
  return session.empty() ? std::nullopt : std::optional(sessionFrom(session, "metadata.user_id"));
}

/// Ids that are long or not printable are told apart by a digest.
void bound(std::string& id) {
  constexpr std::size_t kLongest = 128;
  bool printable = std::ranges::all_of(id, [](char c) { return c >= ' ' && c <= '~'; });
  if (id.size() <= kLongest && printable) {
    return;
  }
  constexpr std::size_t kDigits = 32;
  id = "h:" + crypto::sha256Hex(id).substr(0, kDigits);
}

/// The first of kAgentParts that is in it, in one pass.
const Mark* partOf(std::string_view agent) {
  static constexpr auto kFirstLetters = [] {
    std::array<bool, 256> letters{};
    for (const Mark& part : kAgentParts) {
      letters[static_cast<unsigned char>(part.text.front())] = true;
    }
    return letters;
  }();
  std::size_t found = kAgentParts.size();
  for (; !agent.empty(); agent.remove_prefix(1)) {
    if (!kFirstLetters[static_cast<unsigned char>(agent.front())]) {
      continue;
    }
    for (std::size_t i = 0; i < found; ++i) {
      found = agent.starts_with(kAgentParts[i].text) ? i : found;
    }
  }
  return found == kAgentParts.size() ? nullptr : &kAgentParts[found];
}

}  // namespace

std::string_view clientName(const http::Fields& fields) {
  for (const TellingField& field : kTellingFields) {
    if (fields.has(field.name)) {
      return field.client;
    }
  }
  std::string agent = fold(fields.get("user-agent").value_or(""));
  if (agent.empty()) {
    return {};
  }
  if (const Mark* part = partOf(agent)) {
    return part->client;
  }
  for (const Mark& start : kAgentStarts) {
    if (agent.front() == start.text.front() && agent.starts_with(start.text)) {
      return start.client;
    }
  }
  return "other";
}

std::optional<Session> findSession(
    const http::Fields& fields,
    const BodySessionKeys& body,
    const std::vector<std::string>& configured_headers
) {
  std::optional<Session> session;
  for (const std::string& name : configured_headers) {
    if (std::string_view id = valueOf(fields, name); !session && !id.empty()) {
      session = sessionFrom(id, name);
    }
  }
  if (!session) {
    session = fromClientHeaders(fields);
  }
  if (!session) {
    session = fromBody(body);
  }
  if (session) {
    bound(session->id);
    bound(session->agent);
    bound(session->parent_agent);
  }
  return session;
}

}  // namespace gatehouse::llm
