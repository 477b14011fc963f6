// Any reply, however cut: the same bytes leave and the same things are read. Without a hidden usage
// chunk they are exactly the bytes that came.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "base/check.h"
#include "llm/passthrough.h"

namespace gatehouse::llm {
namespace {

struct Passed {
  std::string bytes;  // forwarded, without the tail
  ReplyEnd end;
  ReplyFacts facts;
};

/// In pieces of `step` bytes, the first of `first`.
Passed pass(const ReplyRules& rules, std::string_view body, std::size_t first, std::size_t step) {
  http::ResponseHead head;
  head.fields.add("content-type", "text/event-stream");
  ReplyReader reader(rules, head);
  Passed passed;
  std::size_t size = first;
  while (!body.empty()) {
    std::string piece(body.substr(0, size));
    body.remove_prefix(piece.size());
    for (std::string_view view : reader.feed(piece).views) {
      passed.bytes += view;
    }
    size = step;
  }
  passed.end = reader.finish(BodyEnd::kClean, "01REQ");
  passed.facts = reader.takeFacts();
  return passed;
}

void checkSame(const Passed& a, const Passed& b) {
  GATEHOUSE_INVARIANT(a.end.verdict == b.end.verdict);
  GATEHOUSE_INVARIANT(a.facts.usage == b.facts.usage);
  GATEHOUSE_INVARIANT(a.facts.response_id == b.facts.response_id);
  GATEHOUSE_INVARIANT(a.facts.model == b.facts.model);
  GATEHOUSE_INVARIANT(a.facts.finishes == b.facts.finishes);
  GATEHOUSE_INVARIANT(a.facts.error_type == b.facts.error_type);
  GATEHOUSE_INVARIANT(a.facts.events == b.facts.events);
  if (a.end.verdict != ReplyVerdict::kTruncated) {  // else part of an event may have left already
    GATEHOUSE_INVARIANT(a.bytes + a.end.tail == b.bytes + b.end.tail);
  }
}

void run(const ReplyRules& rules, std::string_view body, std::size_t cut) {
  Passed whole = pass(rules, body, std::max<std::size_t>(body.size(), 1), 1);
  checkSame(whole, pass(rules, body, std::max<std::size_t>(cut, 1), body.size()));
  checkSame(whole, pass(rules, body, 1, 1));
  if (rules.usage_chunk == UsageChunk::kShown) {
    GATEHOUSE_INVARIANT(whole.bytes == body);
  }
}

}  // namespace
}  // namespace gatehouse::llm

/// The first byte chooses dialect and whether the usage chunk is hidden, the second where to cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gatehouse::llm::Dialect;
  using gatehouse::llm::UsageChunk;
  constexpr Dialect kDialects[] = {
      Dialect::kChat, Dialect::kMessages, Dialect::kResponses, Dialect::kDetect
  };
  if (size < 2) {
    return 0;
  }
  std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  gatehouse::llm::ReplyRules rules{.dialect = kDialects[data[0] % std::size(kDialects)]};
  if (data[0] & 0x80) {
    rules = {.dialect = Dialect::kChat, .usage_chunk = UsageChunk::kHidden};
  }
  gatehouse::llm::run(rules, body, data[1] % (body.size() + 1));
  return 0;
}
