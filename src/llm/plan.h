// The decided upstream call: which dialect, which path, how the reply is treated (llm.md 3, 5).
// Same dialect only; a pair that would need translation is refused. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "llm/dialect_match.h"
#include "llm/passthrough.h"
#include "llm/provider/provider.h"

namespace gatehouse::llm {

/// Who answers and how much of the answer we read.
enum class Treatment : std::uint8_t {
  kPassthrough,  // sent upstream; the reply is forwarded as it is and read on the side
  kOpaque,       // sent upstream; nothing is read
  kModelList,    // answered here, see model_list.h
  kHello,        // answered here with 204
};

struct Plan {
  Treatment treatment = Treatment::kPassthrough;
  Dialect client = Dialect::kUnknown;
  Dialect upstream = Dialect::kUnknown;
  std::string target;  // request target upstream: path and query; empty when answered here
  ReplyRules reply;
};

/// Where a request was sent to, as received.
struct ClientTarget {
  std::string_view path;
  std::string_view query;         // without '?', empty if none
  std::string_view route_prefix;  // what the route's path match consumed: "/openai"
};

/// `match` is what detectDialect said, with the dialect prepareRequest found where that read the
/// body; reply.usage_chunk is prepareRequest's to say. Errors: kNotSupported if the provider does
/// not serve the dialect.
Result<Plan> makePlan(
    const DialectMatch& match, const ClientTarget& target, const ProviderSettings& settings
);

}  // namespace gatehouse::llm
