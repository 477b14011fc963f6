#include "llm/error_body.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

ErrorBody error(ErrorCode code) {
  return {.code = code, .message = "It \"broke\".", .request_id = "01REQ", .param = {}};
}

TEST(ErrorBody, SpeaksOpenAi) {
  EXPECT_EQ(
      writeErrorBody(Dialect::kChat, error(ErrorCode::kModelMissing)),
      R"({"error":{"message":"It \"broke\".","type":"invalid_request_error","param":null,"code":"model_missing"}})"
  );
  ErrorBody with_param = error(ErrorCode::kRateLimitExceeded);
  with_param.param = "model";
  EXPECT_EQ(
      writeErrorBody(Dialect::kEmbeddings, with_param),
      R"({"error":{"message":"It \"broke\".","type":"rate_limit_error","param":"model","code":"rate_limit_exceeded"}})"
  );
}

TEST(ErrorBody, SpeaksMessages) {
  EXPECT_EQ(
      writeErrorBody(Dialect::kMessagesCount, error(ErrorCode::kUnknownPath)),
      R"({"type":"error","error":{"type":"not_found_error","message":"It \"broke\"."},"request_id":"01REQ"})"
  );
}

TEST(ErrorBody, SpeaksGemini) {
  EXPECT_EQ(
      writeErrorBody(Dialect::kGemini, error(ErrorCode::kUpstreamTimeout)),
      R"({"error":{"code":504,"message":"It \"broke\".","status":"DEADLINE_EXCEEDED"}})"
  );
}

TEST(ErrorBody, TellsTheStatusOfItsReply) {
  ErrorBody overloaded = error(codeOfStatus(529));
  overloaded.status = 529;
  EXPECT_EQ(
      writeErrorBody(Dialect::kGemini, overloaded),
      R"({"error":{"code":529,"message":"It \"broke\".","status":"UNAVAILABLE"}})"
  );
}

TEST(ErrorEvent, SpeaksEachDialectThatStreams) {
  ErrorBody broken = error(ErrorCode::kUpstreamTruncated);
  EXPECT_EQ(
      writeErrorEvent(Dialect::kChat, broken),
      "data: {\"error\":{\"message\":\"It \\\"broke\\\".\",\"type\":\"api_error\",\"param\":null,"
      "\"code\":\"upstream_truncated\"}}\n\n"
  );
  EXPECT_EQ(
      writeErrorEvent(Dialect::kMessages, broken),
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"It "
      "\\\"broke\\\".\"},\"request_id\":\"01REQ\"}\n\n"
  );
  EXPECT_EQ(
      writeErrorEvent(Dialect::kResponses, broken),
      "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"object\":"
      "\"response\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"It "
      "\\\"broke\\\".\"}}}\n\n"
  );
  EXPECT_EQ(
      writeErrorEvent(Dialect::kGemini, broken),
      "data: {\"error\":{\"code\":502,\"message\":\"It "
      "\\\"broke\\\".\",\"status\":\"INTERNAL\"}}\n\n"
  );
  EXPECT_EQ(writeErrorEvent(Dialect::kEmbeddings, broken), "");
}

struct CodeCase {
  ErrorKind kind;
  std::string_view code;
  http::Status status;
};

TEST(ErrorCode, OfEveryKindIsThatOfTheTable) {
  for (const CodeCase& expected : {
           CodeCase{ErrorKind::kBadRequest, "bad_request", 400},
           CodeCase{ErrorKind::kInvalidJson, "invalid_json", 400},
           CodeCase{ErrorKind::kModelMissing, "model_missing", 400},
           CodeCase{ErrorKind::kBodyTooLarge, "request_too_large", 413},
           CodeCase{ErrorKind::kHeadTooLarge, "head_too_large", 431},
           CodeCase{ErrorKind::kUnsupportedEncoding, "unsupported_encoding", 415},
           CodeCase{ErrorKind::kRouteNotFound, "route_not_found", 404},
           CodeCase{ErrorKind::kUnknownPath, "unknown_path", 404},
           CodeCase{ErrorKind::kMethodNotAllowed, "method_not_allowed", 405},
           CodeCase{ErrorKind::kNotSupported, "not_supported", 501},
           CodeCase{ErrorKind::kUpgradeRequired, "upgrade_required", 426},
           CodeCase{ErrorKind::kNoBackend, "no_backend", 500},
           CodeCase{ErrorKind::kCredentialMissing, "credential_missing", 503},
           CodeCase{ErrorKind::kDns, "upstream_unavailable", 503},
           CodeCase{ErrorKind::kConnectRefused, "upstream_unavailable", 503},
           CodeCase{ErrorKind::kConnectTimeout, "upstream_unavailable", 503},
           CodeCase{ErrorKind::kTlsCertificate, "upstream_tls", 502},
           CodeCase{ErrorKind::kTlsProtocol, "upstream_unavailable", 503},
           CodeCase{ErrorKind::kUpstreamInvalid, "upstream_invalid", 502},
           CodeCase{ErrorKind::kUpstreamClosed, "upstream_invalid", 502},
           CodeCase{ErrorKind::kTimeout, "upstream_timeout", 504},
           CodeCase{ErrorKind::kOverloaded, "overloaded", 503},
           CodeCase{ErrorKind::kSystem, "internal_error", 500},
           CodeCase{ErrorKind::kInternal, "internal_error", 500},
       }) {
    ErrorCode code = codeOf(expected.kind);
    EXPECT_EQ(toString(code), expected.code);
    EXPECT_EQ(statusOf(code, Dialect::kChat), expected.status) << expected.code;
  }
}

TEST(ErrorCode, OfAStatusIsOfItsClass) {
  for (http::Status status = 400; status < 600; ++status) {
    const http::Status of_code = statusOf(codeOfStatus(status), Dialect::kMessages);
    EXPECT_TRUE(of_code / 100 == status / 100 || status == 408) << status;
  }
  for (int said : {400, 401, 403, 404, 405, 413, 429, 501, 502, 503, 504, 529}) {
    const auto status = static_cast<http::Status>(said);
    EXPECT_EQ(statusOf(codeOfStatus(status), Dialect::kMessages), status);
  }
}

TEST(ErrorCode, HasAnotherStatusWhereMessagesWantsOne) {
  EXPECT_EQ(statusOf(ErrorCode::kModelNotAllowed, Dialect::kChat), 403);
  EXPECT_EQ(statusOf(ErrorCode::kModelNotAllowed, Dialect::kMessages), 400);
  EXPECT_EQ(statusOf(ErrorCode::kOverloaded, Dialect::kMessages), 529);
}

}  // namespace
}  // namespace gatehouse::llm
