// Trace context as clients send it. Input: lines; the first is the one traceparent, all others are
// tracestate fields. What is read can be sent on: it is within the limits, means the same when read
// again, and our own traceparent is one.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "telemetry/trace_context.h"

namespace {

using namespace gatehouse::telemetry;

constexpr std::size_t kStateBytes = 512;
constexpr std::size_t kStateMembers = 32;

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return lines;
    }
    text.remove_prefix(end + 1);
  }
}

std::size_t membersIn(std::string_view state) {
  std::size_t members = state.empty() ? 0 : 1;
  for (const char c : state) {
    members += c == ',' ? 1 : 0;
  }
  return members;
}

void requireState(const std::string& state) {
  GATEHOUSE_INVARIANT(state.size() <= kStateBytes && membersIn(state) <= kStateMembers);
  const std::string_view again[] = {state};
  GATEHOUSE_INVARIANT(readTraceState(again) == state);
}

void requireSameTrace(const IncomingTrace& incoming) {
  const TracePlace place = {incoming.trace, incoming.parent, {}, incoming.flags};
  const TraceParentText text = traceparentFor(place, incoming.parent);
  const std::string_view ours = text.view();
  const std::string_view parents[] = {ours};
  const auto again = readTraceContext(parents, {});
  GATEHOUSE_INVARIANT(again && again->trace == incoming.trace);
  GATEHOUSE_INVARIANT(again->parent == incoming.parent && again->flags == incoming.flags);
  GATEHOUSE_INVARIANT(again->state.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = linesOf({reinterpret_cast<const char*>(data), size});
  const std::span<const std::string_view> all(lines);
  requireState(readTraceState(all.subspan(1)));
  GATEHOUSE_INVARIANT(!readTraceContext({}, all));
  const auto incoming = readTraceContext(all.first(1), all.subspan(1));
  if (incoming) {
    requireState(incoming->state);
    requireSameTrace(*incoming);
  }
  return 0;
}
