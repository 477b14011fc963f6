// From an error to the reply a client gets: status, fields and a body in its dialect (D8). The one
// place that decides what a client is told. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/head.h"
#include "llm/dialect.h"

namespace gatehouse::proxy {

/// In whose words to answer.
enum class Voice : std::uint8_t {
  kDialect,  // AI routes: the dialect's error JSON
  kProblem,  // everything else: application/problem+json
};

struct ReplyTo {
  Voice voice = Voice::kDialect;
  llm::Dialect dialect = llm::Dialect::kChat;
  std::string_view request_id;
  std::string_view allow;    // for kMethodNotAllowed: value of the Allow field
  bool misdirected = false;  // for kRouteNotFound: another connection would reach its host
};

/// A whole reply made by us.
struct LocalReply {
  http::ResponseHead head;  // with Content-Length
  std::string body;
};

/// The reply to an error that has one (not kCancelled, not kPeerClosed).
LocalReply errorReply(const Error& error, const ReplyTo& to);

/// What a client reads about an error: what happened and what to do.
std::string errorMessage(const Error& error);

/// A reply of our own that is no error. An empty body has no content type.
LocalReply localReply(http::Status status, std::string_view content_type, std::string body);

}  // namespace gatehouse::proxy
