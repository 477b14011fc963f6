#include "cli/mock_answer.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "llm/dialect_match.h"
#include "llm/error_body.h"
#include "llm/model_list.h"
#include "llm/simulate.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kModel = "mock";

MockReply jsonReply(http::Status status, std::string body) {
  MockReply reply;
  reply.status = status;
  reply.fields.emplace_back("Content-Type", "application/json");
  reply.pieces.push_back(std::move(body));
  return reply;
}

std::string requestId(std::uint64_t number) {
  return "req_mock_" + std::to_string(number);
}

MockReply errorReply(llm::Dialect dialect, std::uint64_t number, const Error& error) {
  const llm::ErrorCode code = llm::codeOf(error.kind());
  const std::string id = requestId(number);
  const std::string message = error.chain() + ".";
  return jsonReply(
      llm::statusOf(code, dialect),
      llm::writeErrorBody(
          dialect, {.code = code, .message = message, .request_id = id, .param = {}}
      )
  );
}

MockReply noRule(llm::Dialect dialect, const http::RequestHead& head, std::uint64_t number) {
  const std::string id = requestId(number);
  const std::string message =
      "the mock has no rule for " + printable(head.methodName(), 20) + " " +
      printable(head.path(), 120) +
      "; without one it answers POST on /v1/chat/completions, /v1/messages, "
      "/v1/messages/count_tokens, /v1/responses and /v1/embeddings, and GET on /v1/models. "
      "Give it a rule with --script.";
  return jsonReply(
      404,
      llm::writeErrorBody(
          dialect,
          {.code = llm::ErrorCode::kUnknownPath,
           .message = message,
           .request_id = id,
           .param = {},
           .name = "no_rule"}
      )
  );
}

MockReply models(
    const http::RequestHead& head, const llm::DialectMatch& match, std::uint64_t number
) {
  llm::ModelReply reply = llm::answerModels(
      llm::modelListForm(head.fields, llm::ProviderKind::kOpenAi),
      {.id = llm::ModelName{std::string(kModel)}, .owned_by = "gatehouse"},
      {.id = match.path_model, .query = head.query()},
      requestId(number)
  );
  return jsonReply(reply.status, std::move(reply.body));
}

MockReply simulated(llm::SimulatedReply from) {
  MockReply reply;
  reply.fields.emplace_back("Content-Type", from.content_type);
  reply.chunked = from.content_type.starts_with("text/event-stream");
  reply.pieces = std::move(from.pieces);
  return reply;
}

}  // namespace

MockReply answerWithoutRule(
    const http::RequestHead& head, std::string_view body, std::uint64_t number
) {
  const llm::DialectMatch match = llm::matchDialect(head.method, head.path(), {});
  const llm::Dialect dialect = llm::errorDialect(match.dialect, head.fields);
  if (!llm::allows(match.dialect, head.method)) {
    return noRule(dialect, head, number);
  }
  if (match.dialect == llm::Dialect::kModels) {
    return models(head, match, number);
  }
  if (match.dialect == llm::Dialect::kHello) {
    MockReply reply;
    reply.status = 204;
    return reply;
  }
  auto reply = llm::simulate(
      {.dialect = match.dialect,
       .body = body,
       .id_suffix = std::to_string(number),
       .created_seconds = 0}
  );
  if (reply) {
    return simulated(*std::move(reply));
  }
  return reply.error().kind() == ErrorKind::kNotSupported
             ? noRule(dialect, head, number)
             : errorReply(dialect, number, reply.error());
}

}  // namespace gatehouse::cli
