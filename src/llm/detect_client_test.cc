#include "llm/detect_client.h"

#include <initializer_list>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

http::Fields fieldsOf(std::initializer_list<std::pair<std::string_view, std::string_view>> lines) {
  http::Fields fields;
  for (auto [name, value] : lines) {
    fields.add(name, value);
  }
  return fields;
}

std::string_view clientWith(std::string_view agent) {
  return clientName(fieldsOf({{"User-Agent", agent}}));
}

TEST(ClientName, IsReadFromTheUserAgent) {
  EXPECT_EQ(clientWith("claude-cli/2.0.14 (external, cli)"), "claude-code");
  EXPECT_EQ(clientWith("codex_cli_rs/0.46.0 (Debian 12; x86_64) xterm"), "codex");
  EXPECT_EQ(clientWith("opencode/0.15.3 ai-sdk/provider-utils/3.0.10"), "opencode");
  EXPECT_EQ(clientWith("ai/5.0.8 ai-sdk/openai-compatible/1.0.22 runtime/node.js/22"), "ai-sdk");
  EXPECT_EQ(clientWith("GeminiCLI/v22.1.0 (linux; x64)"), "gemini-cli");
  EXPECT_EQ(clientWith("QwenCode/0.0.10 (linux; x64)"), "qwen-code");
  EXPECT_EQ(clientWith("OpenAI/Python 1.99.9"), "openai-python");
  EXPECT_EQ(clientWith("AsyncOpenAI/Python 1.99.9"), "openai-python");
  EXPECT_EQ(clientWith("OpenAI/JS 5.12.2"), "openai-js");
  EXPECT_EQ(clientWith("Anthropic/Python 0.64.0"), "anthropic-python");
  EXPECT_EQ(clientWith("Anthropic/JS 0.60.0"), "anthropic-js");
  EXPECT_EQ(clientWith("curl/7.88.1"), "curl");
  EXPECT_EQ(clientWith("Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"), "browser");
  EXPECT_EQ(clientWith("Mozilla/5.0 AppleWebKit/537.36 Cursor/1.4.5 Electron/34"), "cursor");
  EXPECT_EQ(clientWith("Go-http-client/2.0"), "other");
  EXPECT_EQ(clientName({}), "");
}

TEST(ClientName, IsFoundWhereverItStandsInTheUserAgent) {
  for (std::size_t before = 0; before < 300; ++before) {
    std::string agent = std::string(before, 'c') + "cuRSoR/";
    EXPECT_EQ(clientWith(agent + std::string(before % 64, 'o')), "cursor") << before;
    agent.pop_back();
    EXPECT_EQ(clientWith(agent), before == 0 ? "cursor" : "other") << before;
  }
}

TEST(ClientName, IsTheFirstOfOurListNotOfTheUserAgent) {
  EXPECT_EQ(clientWith("opencode/1 ai-sdk/2 codex_cli/3 claude-cli/4"), "claude-code");
  EXPECT_EQ(clientWith("x ai-sdk/2 LangChain codex_cli/3"), "codex");
  EXPECT_EQ(clientWith("Mozilla/5.0 ai-sdk/2 langchain"), "langchain");
  EXPECT_EQ(clientWith("openai/python ai-sdk/2"), "ai-sdk");
}

TEST(ClientName, FoldsLettersOnly) {
  EXPECT_EQ(
      clientWith("codex\x7f"
                 "cli"),
      "codex"
  );  // by its start
  EXPECT_EQ(
      clientWith("x codex\x7f"
                 "cli"),
      "other"
  );
  EXPECT_EQ(clientWith("x CODEX_CLI"), "codex");
  EXPECT_EQ(
      clientWith("curl\x0f"
                 "7"),
      "other"
  );
  EXPECT_EQ(clientWith("\xC3\x87url/7"), "other");
  EXPECT_EQ(clientWith("c"), "other");
}

TEST(ClientName, IsReadFromHeadersOnlyOneClientSends) {
  EXPECT_EQ(
      clientName(fieldsOf({{"User-Agent", "node"}, {"X-Claude-Code-Session-Id", "a"}})),
      "claude-code"
  );
  EXPECT_EQ(clientName(fieldsOf({{"x-grok-conv-id", "a"}})), "grok");
}

BodySessionKeys body(std::string BodySessionKeys::* key, std::string_view value) {
  BodySessionKeys keys;
  keys.*key = value;
  return keys;
}

Session sessionOf(
    const http::Fields& fields,
    const BodySessionKeys& keys = {},
    const std::vector<std::string>& configured = {"agent-session-id"}
) {
  return findSession(fields, keys, configured).value_or(Session{});
}

TEST(FindSession, FollowsTheOrderOfSources) {
  http::Fields all = fieldsOf({
      {"conversation_id", "6"},
      {"session-id", "5"},
      {"x-grok-conv-id", "4"},
      {"x-grok-session-id", "3"},
      {"X-Claude-Code-Session-Id", "2"},
      {"Agent-Session-Id", "1"},
  });
  BodySessionKeys keys = body(&BodySessionKeys::prompt_cache_key, "7");
  const std::vector<std::string> configured = {"agent-session-id"};
  std::string order;
  for (const char* name :
       {"agent-session-id",
        "x-claude-code-session-id",
        "x-grok-session-id",
        "x-grok-conv-id",
        "session-id",
        "conversation_id"}) {
    Session session = sessionOf(all, keys, configured);
    EXPECT_EQ(session.source, name);
    order += session.id;
    all.remove(name);
  }
  order += sessionOf(all, keys, configured).id;
  EXPECT_EQ(order, "1234567");
}

TEST(FindSession, KnowsSubAgents) {
  Session session = sessionOf(fieldsOf({
      {"x-claude-code-session-id", " s "},
      {"x-claude-code-agent-id", "a"},
      {"x-claude-code-parent-agent-id", "p"},
  }));
  EXPECT_EQ(session.id, "s");
  EXPECT_EQ(session.agent, "a");
  EXPECT_EQ(session.parent_agent, "p");
  EXPECT_EQ(sessionOf(fieldsOf({{"x-grok-session-id", "s"}, {"x-grok-agent-id", "g"}})).agent, "g");
}

TEST(FindSession, ReadsTheBodysKeys) {
  EXPECT_EQ(sessionOf({}, body(&BodySessionKeys::conversation, "c")).source, "conversation");
  EXPECT_EQ(
      sessionOf({}, body(&BodySessionKeys::previous_response_id, "r")).source,
      "previous_response_id"
  );
  EXPECT_EQ(
      sessionOf({}, body(&BodySessionKeys::metadata_session_id, "m")).source, "metadata.session_id"
  );
  EXPECT_EQ(
      sessionOf({}, body(&BodySessionKeys::litellm_session_id, "l")).source, "litellm_session_id"
  );
  Session user =
      sessionOf({}, body(&BodySessionKeys::metadata_user_id, "user_ab_account__session_1-2"));
  EXPECT_EQ(user.id, "1-2");
  EXPECT_EQ(user.source, "metadata.user_id");
  EXPECT_EQ(
      sessionOf(
          {}, body(&BodySessionKeys::metadata_user_id, R"({"device_id":"d","session_id":"3-4"})")
      )
          .id,
      "3-4"
  );
}

TEST(FindSession, InventsNone) {
  EXPECT_FALSE(findSession({}, {}, {}));
  EXPECT_FALSE(findSession(fieldsOf({{"session-id", " "}}), {}, {}));
  for (const char* user :
       {"alice", "session_", R"({"session_id":5})", "{broken", R"({"device_id":"session_1"})"}) {
    EXPECT_FALSE(findSession({}, body(&BodySessionKeys::metadata_user_id, user), {})) << user;
  }
}

TEST(FindSession, BoundsWhatItKeeps) {
  std::string exact(128, 'x');
  EXPECT_EQ(sessionOf(fieldsOf({{"session-id", exact}})).id, exact);
  for (const std::string& id : {exact + "x", std::string("a\tb"), std::string("\xc3\xbc")}) {
    Session session = sessionOf(fieldsOf({{"session-id", id}}));
    EXPECT_EQ(session.id.size(), 34U);
    EXPECT_TRUE(session.id.starts_with("h:"));
  }
}

}  // namespace
}  // namespace gatehouse::llm
