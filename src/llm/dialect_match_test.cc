#include "llm/dialect_match.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

using http::Method;
using testing::HasSubstr;

struct PathCase {
  Method method;
  std::string_view path;
  Dialect dialect;
  std::string_view prefix;
  std::string_view own_path;
  std::string_view model = {};
};

void PrintTo(const PathCase& path, std::ostream* out) {
  *out << http::toString(path.method) << ' ' << path.path;
}

class KnownPath : public testing::TestWithParam<PathCase> {};

TEST_P(KnownPath, HasItsDialect) {
  const PathCase& path = GetParam();
  DialectMatch match = matchDialect(path.method, path.path, {});
  EXPECT_EQ(match.dialect, path.dialect);
  EXPECT_EQ(match.prefix, path.prefix);
  EXPECT_EQ(match.own_path, path.own_path);
  EXPECT_EQ(match.path_model, path.model);
}

INSTANTIATE_TEST_SUITE_P(
    Chat,
    KnownPath,
    testing::Values(
        PathCase{Method::kPost, "/v1/chat/completions", Dialect::kChat, "", "/chat/completions"},
        PathCase{
            Method::kPost,
            "/openai/v1/chat/completions",
            Dialect::kChat,
            "/openai",
            "/chat/completions"
        },
        PathCase{
            Method::kPost,
            "/openai/chat/completions",
            Dialect::kChat,
            "/openai",
            "/chat/completions"
        },
        PathCase{
            Method::kPost,
            "/spark/v1/v1/chat/completions",
            Dialect::kChat,
            "/spark",
            "/chat/completions"
        },
        PathCase{
            Method::kPost, "/spark/chat/completions/", Dialect::kChat, "/spark", "/chat/completions"
        },
        PathCase{
            Method::kPost,
            "/a/v1beta/openai/chat/completions?alt=sse",
            Dialect::kChat,
            "/a/v1beta/openai",
            "/chat/completions"
        },
        PathCase{
            Method::kPost,
            "/az/openai/deployments/gpt 4/chat/completions",
            Dialect::kChat,
            "/az",
            "/chat/completions",
            "gpt 4"
        },
        PathCase{
            Method::kPost,
            "/openai/deployments/a/b/chat/completions",
            Dialect::kChat,
            "/openai/deployments/a/b",
            "/chat/completions"
        }
    )
);

INSTANTIATE_TEST_SUITE_P(
    Others,
    KnownPath,
    testing::Values(
        PathCase{
            Method::kPost, "/anthropic/v1/messages", Dialect::kMessages, "/anthropic", "/messages"
        },
        PathCase{Method::kPost, "/v1/v1/messages", Dialect::kMessages, "", "/messages"},
        PathCase{
            Method::kPost,
            "/anthropic/v1/messages/count_tokens",
            Dialect::kMessagesCount,
            "/anthropic",
            "/messages/count_tokens"
        },
        PathCase{
            Method::kPost,
            "/v1/projects/p/models/claude@1:rawPredict",
            Dialect::kMessages,
            "/v1/projects/p",
            "/models/claude@1:rawPredict",
            "claude@1"
        },
        PathCase{Method::kPost, "/x/v1/responses", Dialect::kResponses, "/x", "/responses"},
        PathCase{
            Method::kPost, "/x/responses/compact", Dialect::kDetect, "/x", "/responses/compact"
        },
        PathCase{
            Method::kGet,
            "/x/v1/responses/resp_1/input_items",
            Dialect::kDetect,
            "/x",
            "/responses/resp_1/input_items"
        },
        PathCase{Method::kPost, "/x/v1/embeddings", Dialect::kEmbeddings, "/x", "/embeddings"},
        PathCase{Method::kPost, "/x/v2/rerank", Dialect::kRerank, "/x", "/rerank"},
        PathCase{Method::kPost, "/x/v1/completions", Dialect::kCompletions, "/x", "/completions"},
        PathCase{
            Method::kPost, "/x/v1/images/generations", Dialect::kDetect, "/x", "/images/generations"
        },
        PathCase{
            Method::kPost,
            "/x/v1/audio/transcriptions",
            Dialect::kDetect,
            "/x",
            "/audio/transcriptions"
        },
        PathCase{Method::kPost, "/x/v1/moderations", Dialect::kDetect, "/x", "/moderations"},
        PathCase{Method::kGet, "/x/v1/files", Dialect::kDetect, "/x", "/files"},
        PathCase{Method::kDelete, "/x/v1/files/file-1", Dialect::kDetect, "/x", "/files/file-1"},
        PathCase{
            Method::kPost, "/x/v1/batches/b/cancel", Dialect::kDetect, "/x", "/batches/b/cancel"
        },
        PathCase{Method::kGet, "/x/v1/realtime", Dialect::kRealtime, "/x", "/realtime"},
        PathCase{
            Method::kHead, "/anthropic/api/hello", Dialect::kHello, "/anthropic", "/api/hello"
        },
        PathCase{
            Method::kPost,
            "/v1beta/models/gemini-2:streamGenerateContent",
            Dialect::kGemini,
            "",
            "/models/gemini-2:streamGenerateContent",
            "gemini-2"
        },
        PathCase{
            Method::kPost,
            "/v1beta/models/gemini-2:countTokens",
            Dialect::kGeminiCount,
            "",
            "/models/gemini-2:countTokens",
            "gemini-2"
        },
        PathCase{
            Method::kPost,
            "/v1beta/models/e:batchEmbedContents",
            Dialect::kGeminiEmbed,
            "",
            "/models/e:batchEmbedContents",
            "e"
        }
    )
);

INSTANTIATE_TEST_SUITE_P(
    Models,
    KnownPath,
    testing::Values(
        PathCase{Method::kGet, "/x/v1/models", Dialect::kModels, "/x", "/models"},
        PathCase{Method::kHead, "/x/models/?limit=1000", Dialect::kModels, "/x", "/models"},
        PathCase{
            Method::kGet,
            "/x/v1/models/Qwen/Qwen3.6",
            Dialect::kModels,
            "/x",
            "/models/Qwen/Qwen3.6",
            "Qwen/Qwen3.6"
        },
        PathCase{
            Method::kGet,
            "/v1/models/accounts/f/models/llama",
            Dialect::kModels,
            "",
            "/models/accounts/f/models/llama",
            "accounts/f/models/llama"
        },
        PathCase{
            Method::kGet, "/models/v1/models/m", Dialect::kModels, "/models", "/models/m", "m"
        },
        PathCase{
            Method::kGet,
            "/v1/models/acme/rerank",
            Dialect::kModels,
            "",
            "/models/acme/rerank",
            "acme/rerank"
        }
    )
);

INSTANTIATE_TEST_SUITE_P(
    Unknown,
    KnownPath,
    testing::Values(
        PathCase{Method::kPost, "/", Dialect::kUnknown, "", ""},
        PathCase{Method::kPost, "/openai/files", Dialect::kUnknown, "", "/openai/files"},
        PathCase{
            Method::kPost, "/v1/messages/batches", Dialect::kUnknown, "", "/v1/messages/batches"
        },
        PathCase{Method::kPost, "/v1/filesystem", Dialect::kUnknown, "", "/v1/filesystem"},
        PathCase{Method::kPost, "/v1/xcompletions", Dialect::kUnknown, "", "/v1/xcompletions"},
        PathCase{Method::kPost, "x:generateContent", Dialect::kUnknown, "", "x:generateContent"}
    )
);

TEST(DetectDialect, LeavesAnUnknownPostToItsBody) {
  Result<DialectMatch> match = detectDialect(Method::kPost, "/weird", Upgrade::kNone, {});
  ASSERT_TRUE(match.has_value());
  EXPECT_EQ(match->dialect, Dialect::kUnknown);
}

TEST(DetectDialect, NamesTheKnownPathsWhenNoneFits) {
  Result<DialectMatch> match = detectDialect(Method::kGet, "/x/weird\n", Upgrade::kNone, {});
  ASSERT_FALSE(match.has_value());
  EXPECT_EQ(match.error().kind(), ErrorKind::kUnknownPath);
  EXPECT_THAT(match.error().detail(), HasSubstr("/v1/chat/completions"));
  EXPECT_THAT(match.error().detail(), testing::Not(HasSubstr("\n")));
}

TEST(DetectDialect, ChecksTheMethod) {
  Result<DialectMatch> match =
      detectDialect(Method::kGet, "/x/v1/chat/completions", Upgrade::kNone, {});
  ASSERT_FALSE(match.has_value());
  EXPECT_EQ(match.error().kind(), ErrorKind::kMethodNotAllowed);
  EXPECT_EQ(
      detectDialect(Method::kPost, "/v1/models", Upgrade::kNone, {}).error().kind(),
      ErrorKind::kMethodNotAllowed
  );
}

TEST(DetectDialect, RefusesWebSockets) {
  EXPECT_EQ(
      detectDialect(Method::kGet, "/v1/responses", Upgrade::kWebSocket, {}).error().kind(),
      ErrorKind::kUpgradeRequired
  );
  EXPECT_EQ(
      detectDialect(Method::kGet, "/v1/realtime", Upgrade::kNone, {}).error().kind(),
      ErrorKind::kUpgradeRequired
  );
}

DialectRoutes routes() {
  return DialectRoutes({
      {"*", Dialect::kPassthrough},
      {"/v1/models", Dialect::kModels},
      {"/v1/messages", Dialect::kMessages},
      {"/messages", Dialect::kChat},
      {"/legacy", Dialect::kCompletions},
  });
}

TEST(DialectRoutes, TakeThePlaceOfTheTable) {
  DialectRoutes table = routes();
  EXPECT_EQ(matchDialect(Method::kPost, "/a/v1/messages", table).dialect, Dialect::kMessages);
  EXPECT_EQ(matchDialect(Method::kPost, "/a/v1/messages", table).own_path, "/messages");
  EXPECT_EQ(matchDialect(Method::kPost, "/a/messages", table).dialect, Dialect::kChat);
  EXPECT_EQ(matchDialect(Method::kPost, "/a/legacy/", table).dialect, Dialect::kCompletions);
  EXPECT_EQ(matchDialect(Method::kGet, "/a/v1/models/x/y", table).path_model, "x/y");
  EXPECT_EQ(matchDialect(Method::kGet, "/a/v1/models/x/y", table).own_path, "/models/x/y");
  DialectMatch any = matchDialect(Method::kPost, "/a/v1/chat/completions", table);
  EXPECT_EQ(any.dialect, Dialect::kPassthrough);
  EXPECT_EQ(any.own_path, "/a/v1/chat/completions");
}

TEST(DialectRoutes, KnowNothingElse) {
  DialectRoutes table({{"/chat", Dialect::kChat}});
  EXPECT_EQ(matchDialect(Method::kPost, "/v1/chat/completions", table).dialect, Dialect::kUnknown);
  EXPECT_TRUE(DialectRoutes().empty());
}

TEST(DialectRoutes, AreNamedByTheirTypes) {
  EXPECT_EQ(dialectFromRouteType("Completions"), Dialect::kChat);
  EXPECT_EQ(dialectFromRouteType("AnthropicTokenCount"), Dialect::kMessagesCount);
  EXPECT_EQ(dialectFromRouteType("Passthrough"), Dialect::kPassthrough);
  EXPECT_EQ(dialectFromRouteType("completions"), std::nullopt);
}

TEST(LeadingVersions, AreDropped) {
  EXPECT_EQ(withoutLeadingVersions("/v1/v1beta/messages"), "/messages");
  EXPECT_EQ(withoutLeadingVersions("/vegan/messages"), "/vegan/messages");
  EXPECT_EQ(withoutLeadingVersions("/v1"), "/v1");
}

}  // namespace
}  // namespace gatehouse::llm
