// The request side of the same-dialect path (llm.md 2, D7): one scan of the body finds what we need
// to know and where the few bytes stand that we change: the value of `model`, an injected
// `stream_options`, the name of `max_tokens`. Everything else goes on as received. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/padded_view.h"
#include "base/result.h"
#include "http/fields.h"
#include "llm/detect_client.h"
#include "llm/dialect_match.h"
#include "llm/model.h"
#include "llm/passthrough.h"
#include "llm/provider/provider.h"

namespace gatehouse::llm {

/// What the client asked for, as sent; absent or empty when it did not say. For the record.
struct RequestFacts {
  std::optional<ModelName> model_requested;
  bool stream = false;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<double> frequency_penalty;
  std::optional<double> presence_penalty;
  std::optional<std::int64_t> max_tokens;
  std::optional<std::int64_t> top_k;
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> choice_count;
  std::optional<std::int64_t> dimension_count;
  std::string stop_sequences;  // JSON as sent
  std::string reasoning_level;
  std::string service_tier;
  std::string encoding_format;
  BodySessionKeys session;
};

/// A request body as received: the same bytes twice, to be shared and to be read.
struct RequestBody {
  Chunk bytes;
  PaddedView text;
};

struct PreparedRequest {
  Dialect dialect = Dialect::kUnknown;  // of the body; never kUnknown
  std::vector<Chunk> body;              // what goes upstream; shares the received bytes
  ModelName model_sent;
  UsageChunk usage_chunk = UsageChunk::kShown;  // for ReplyRules
  bool changed = false;                         // the body is not as received
};

/// Whether the body of a kDetect request may name a model that is not to reach the upstream: one is
/// configured, and the content is JSON by its type, or by that of a client that sets none (curl's
/// forms).
bool mayNameModel(
    const DialectMatch& match, const ProviderSettings& settings, const http::Fields& fields
);

/// A body of which mayNameModel holds, with the configured model in the place of the client's;
/// where there is none, added on the paths where one is expected. What is no object of JSON goes on
/// as it is, and nothing is known of it. Errors as of prepareRequest, kInvalidJson only.
Result<PreparedRequest> prepareDetected(
    const DialectMatch& match,
    const RequestBody& body,
    const ProviderSettings& settings,
    RequestFacts& facts
);

/// Fills `facts`, which is empty before; after an error it means nothing.
/// `dialect` is one that readsBody; kUnknown becomes kChat if the body is a chat. Errors, all
/// downstream: kInvalidJson with the position (not one JSON object, a key of ours twice, an escaped
/// `model` key), kModelMissing, kUnknownPath (kUnknown and no chat), kNotSupported (a Responses
/// body on a chat path).
Result<PreparedRequest> prepareRequest(
    const DialectMatch& match,
    const RequestBody& body,
    const ProviderSettings& settings,
    RequestFacts& facts
);

}  // namespace gatehouse::llm
