// What the simulated model takes from a conversation and what it says to it, before either has the
// form of a dialect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "llm/simulate.h"
#include "wire/json.h"

namespace gatehouse::llm {

/// The most words of one reply.
inline constexpr std::int64_t kMostSimulatedTokens = 16'384;

struct SimulatedTurn {
  std::string model = std::string(kSimulatedModel);
  std::string answer;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::optional<std::int64_t> limit;  // of output tokens, as asked for
  bool cut = false;                   // the limit ended the answer
  bool stream = false;
  bool with_usage = false;  // a chat stream tells it
};

/// Of a Chat, Messages, count_tokens or Responses request. Errors: those of simulate().
Result<SimulatedTurn> readTurn(const SimulatedRequest& request);

/// The next word of `text`, which is not empty, taken off it with the white space before it and, of
/// the last, behind it.
std::string_view takeWord(std::string_view& text);
std::int64_t countWords(std::string_view text);

/// The request as one JSON object.
Result<wire::Value> readSimulated(std::string_view body);
/// The model it names; the simulated one if it names none.
Result<std::string> modelOf(const wire::Value& request);
/// Null where the member is absent or null.
const wire::Value* given(const wire::Value& object, std::string_view key);
/// A whole number from 1 to `most`; nothing if it is not given.
Result<std::optional<std::int64_t>> readCount(
    const wire::Value& request, std::string_view key, std::int64_t most
);
/// kBadRequest: "max_tokens is 0; it must be ...".
std::unexpected<Error> wrongMember(
    std::string_view name, const wire::Value& value, std::string_view expected
);
std::unexpected<Error> missingMember(std::string_view name, std::string_view expected);

}  // namespace gatehouse::llm
