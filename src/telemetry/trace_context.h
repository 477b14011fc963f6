// W3C Trace Context (telemetry specification section 5.1; https://www.w3.org/TR/trace-context-2/):
// the position of a request in a trace, read from and written to the `traceparent` and `tracestate`
// fields.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/fast_random.h"

namespace gatehouse::telemetry {

/// Bytes in the order of the wire; all zero is no id.
struct TraceId {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const TraceId&, const TraceId&) = default;
};
struct SpanId {
  std::array<std::uint8_t, 8> bytes{};
  friend bool operator==(const SpanId&, const SpanId&) = default;
};

inline constexpr std::uint8_t kTraceSampled = 0x01;
inline constexpr std::uint8_t kTraceRandom = 0x02;

/// The trace part of a record: ours is `span`, the caller's `parent` (zero if we began the trace).
struct TracePlace {
  TraceId trace;
  SpanId span;
  SpanId parent;
  std::uint8_t flags = 0;

  bool sampled() const { return (flags & kTraceSampled) != 0; }
};

/// What a client sent.
struct IncomingTrace {
  TraceId trace;
  SpanId parent;
  std::uint8_t flags = 0;
  std::string
      state;  // members joined by ",", within 32 members and 512 bytes; empty if none or faulty
};

/// Reads the values of all `traceparent` and `tracestate` fields of a head, in order. Nothing if
/// there is not exactly one traceparent, or it is faulty; then the tracestate counts for nothing
/// either.
std::optional<IncomingTrace> readTraceContext(
    std::span<const std::string_view> traceparent, std::span<const std::string_view> tracestate
);

/// The members of all `tracestate` fields, cut to 32 members and 512 bytes: members above 128 bytes
/// go first, then whole members from the right. Empty if any member is malformed or a key comes
/// twice.
std::string readTraceState(std::span<const std::string_view> tracestate);

/// Our place below the client's span.
TracePlace continueTrace(const IncomingTrace& incoming, FastRandom& random);
/// A trace that begins here; `sampled` is the sampler's decision.
enum class Sampled : bool { kNo, kYes };
TracePlace beginTrace(Sampled sampled, FastRandom& random);
/// Never zero.
SpanId newSpanId(FastRandom& random);

/// "00-<trace>-<span>-<flags>": what an upstream gets, `span` being the attempt's own client span.
struct TraceParentText {
  std::array<char, 55> text;
  std::string_view view() const [[clang::lifetimebound]] { return {text.data(), text.size()}; }
};
TraceParentText traceparentFor(const TracePlace& place, SpanId span);

/// Lower-case hexadecimal, 32 and 16 characters.
std::string toHex(const TraceId& id);
std::string toHex(SpanId id);

}  // namespace gatehouse::telemetry
