#include "llm/detect_client.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/padded_view.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "wire/byte_block.h"
#include "wire/json_read.h"

namespace gatehouse::llm {
namespace {

using wire::HalfBlock;

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

/// Marks as they are looked for: by first letter, and in one comparison each.
template <std::size_t count>
class MarkSet {
 public:
  explicit consteval MarkSet(const std::array<Mark, count>& marks) {
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view text = marks[i].text;
      Pattern& pattern = patterns_[i];
      pattern.size = text.size();
      pattern.client = marks[i].client;
      for (std::size_t at = 0; at < text.size(); ++at) {
        pattern.text.at(at) = text[at];
        pattern.case_bits[at] = text[at] >= 'a' && text[at] <= 'z' ? HalfBlock::kCaseBit : 0;
      }
      by_letter_[slotOf(text.front())] |= std::uint32_t{1} << i;
    }
  }

  /// The first of the marks before `end` that `rest` begins with, in any case of letters; `end` if
  /// there is none. `rest` is not empty.
  std::size_t find(PaddedView rest, std::size_t end = count) const {
    const char* text = rest.text().data();
    std::uint32_t candidates = by_letter_[slotOf(*text)];
    for (; candidates != 0; candidates &= candidates - 1) {
      auto i = static_cast<std::size_t>(std::countr_zero(candidates));
      if (i >= end) {
        break;
      }
      if (begins(text, rest.size(), patterns_[i])) {
        return i;
      }
    }
    return end;
  }
  std::string_view clientOf(std::size_t index) const { return patterns_[index].client; }

 private:
  struct Pattern {
    std::array<char, HalfBlock::kSize> text{};
    std::array<char, HalfBlock::kSize> case_bits{};  // kCaseBit where a letter is
    std::size_t size = 0;
    std::string_view client;
  };
  static_assert(count <= 32);

  /// The same for both cases of a letter; others may share it.
  static constexpr std::size_t slotOf(char first) { return static_cast<std::uint8_t>(first) & 31U; }

  static bool begins(const char* text, std::size_t size, const Pattern& pattern) {
    HalfBlock folded = HalfBlock(text) | HalfBlock(pattern.case_bits.data());
    HalfBlock::Mask differ = folded.differ(HalfBlock(pattern.text.data()));
    return size >= pattern.size &&
           static_cast<std::size_t>(std::countr_zero(differ)) >= pattern.size;
  }

  std::array<Pattern, count> patterns_{};
  std::array<std::uint32_t, 32> by_letter_{};
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
constexpr http::FieldSet kTellingNames = {
    "x-claude-code-session-id", "x-grok-conv-id", "x-grok-session-id"
};
/// Fields that name a session.
constexpr http::FieldSet kSessionNames = {
    "x-claude-code-session-id",
    "x-grok-conv-id",
    "x-grok-session-id",
    "session-id",
    "session_id",
    "conversation_id",
};

Session sessionFrom(std::string_view id, std::string_view source) {
  return {.id = std::string(id), .agent = {}, .parent_agent = {}, .source = source};
}

std::string_view valueOf(const http::Fields& fields, http::FieldName name) {
  return trim(fields.get(name).value_or(""));
}

std::optional<Session> fromClientHeaders(const http::Fields& fields) {
  if (!fields.hasAny(kSessionNames)) {
    return std::nullopt;
  }
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
  if (body.metadata_user_id.empty()) {
    return std::nullopt;
  }
  std::string session = sessionInUserId(body.metadata_user_id);
  return session.empty() ? std::nullopt : std::optional(sessionFrom(session, "metadata.user_id"));
}

std::optional<Session> fromSources(
    const http::Fields& fields,
    const BodySessionKeys& body,
    const std::vector<std::string>& configured_headers
) {
  for (const std::string& name : configured_headers) {
    if (std::string_view id = valueOf(fields, name); !id.empty()) {
      return sessionFrom(id, name);
    }
  }
  if (std::optional<Session> session = fromClientHeaders(fields)) {
    return session;
  }
  return fromBody(body);
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

/// The character of each of kAgentParts at `place`, in both cases.
constexpr std::array<char, 2 * kAgentParts.size()> lettersAt(std::size_t place) {
  std::array<char, 2 * kAgentParts.size()> letters{};
  for (std::size_t i = 0; i < kAgentParts.size(); ++i) {
    char c = kAgentParts[i].text[place];
    letters[2 * i] = c;
    letters[2 * i + 1] = c >= 'a' && c <= 'z' ? static_cast<char>(c - HalfBlock::kCaseBit) : c;
  }
  return letters;
}
constexpr auto kFirstLetters = lettersAt(0);
constexpr auto kSecondLetters = lettersAt(1);

/// The client of the first of kAgentParts that is in it; empty if there is none.
std::string_view clientOfPart(PaddedView agent) {
  static constexpr MarkSet kParts(kAgentParts);
  static constexpr wire::ByteClass kFirst({kFirstLetters.data(), kFirstLetters.size()});
  static constexpr wire::ByteClass kSecond({kSecondLetters.data(), kSecondLetters.size()});
  std::size_t found = kAgentParts.size();
  for (std::size_t from = 0; from < agent.size(); from += HalfBlock::kSize) {
    const char* begin = agent.text().data() + from;
    // Two letters that follow each other are rarely those of a part.
    HalfBlock::Mask places = HalfBlock(begin).in(kFirst)&HalfBlock(begin + 1).in(kSecond);
    std::size_t left = agent.size() - from;
    for (; places != 0; places &= places - 1) {
      auto place = static_cast<std::size_t>(std::countr_zero(places));
      if (place >= left) {
        break;
      }
      found = kParts.find(agent.slice(from + place, left - place), found);
    }
  }
  return found == kAgentParts.size() ? std::string_view() : kParts.clientOf(found);
}

std::string_view clientOfAgent(PaddedView agent) {
  static constexpr MarkSet kStarts(kAgentStarts);
  if (std::string_view client = clientOfPart(agent); !client.empty()) {
    return client;
  }
  std::size_t start = kStarts.find(agent);
  return start == kAgentStarts.size() ? "other" : kStarts.clientOf(start);
}

}  // namespace

std::string_view clientName(const http::Fields& fields) {
  if (fields.hasAny(kTellingNames)) {
    for (const TellingField& field : kTellingFields) {
      if (fields.has(field.name)) {
        return field.client;
      }
    }
  }
  std::string_view agent = fields.get("user-agent").value_or("");
  if (agent.empty()) {
    return {};
  }
  constexpr std::size_t kUsual = 256;
  if (agent.size() > kUsual) [[unlikely]] {
    return clientOfAgent(PaddedCopy(agent).view());
  }
  std::array<char, kUsual + PaddedView::kPadding> padded;
  std::memcpy(padded.data(), agent.data(), agent.size());
  return clientOfAgent(PaddedView(padded.data(), agent.size(), padded.size()));
}

std::optional<Session> findSession(
    const http::Fields& fields,
    const BodySessionKeys& body,
    const std::vector<std::string>& configured_headers
) {
  std::optional<Session> session = fromSources(fields, body, configured_headers);
  if (session) {
    bound(session->id);
    bound(session->agent);
    bound(session->parent_agent);
  }
  return session;
}

}  // namespace gatehouse::llm
