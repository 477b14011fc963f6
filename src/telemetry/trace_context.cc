#include "telemetry/trace_context.h"

#include <algorithm>
#include <vector>

#include "base/hex.h"
#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::size_t kParentSize = 55;
constexpr std::size_t kStateMembers = 32;
constexpr std::size_t kStateBytes = 512;
constexpr std::size_t kLongMember = 128;

std::optional<std::uint8_t> lowerHexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<std::uint8_t>(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return static_cast<std::uint8_t>(c - 'a' + 10);
  }
  return std::nullopt;
}

/// `text` has two digits for each byte of `out`.
bool readLowerHex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto high = lowerHexDigit(text[2 * i]);
    auto low = lowerHexDigit(text[2 * i + 1]);
    if (!high || !low) {
      return false;
    }
    out[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

bool allZero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::optional<IncomingTrace> readTraceparent(std::string_view text) {
  if (text.size() < kParentSize || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  IncomingTrace incoming;
  bool read = readLowerHex(text.substr(0, 2), version) &&
              readLowerHex(text.substr(3, 32), incoming.trace.bytes) &&
              readLowerHex(text.substr(36, 16), incoming.parent.bytes) &&
              readLowerHex(text.substr(53, 2), flags);
  if (!read || version[0] == 0xFF || allZero(incoming.trace.bytes) ||
      allZero(incoming.parent.bytes)) {
    return std::nullopt;
  }
  bool longer = text.size() > kParentSize;
  if (longer && (version[0] == 0 || text[kParentSize] != '-')) {
    return std::nullopt;
  }
  incoming.flags = flags[0] & (kTraceSampled | kTraceRandom);  // what version 00 can say
  return incoming;
}

bool isKeyChar(char c) {
  return (c >= 'a' && c <= 'z') || isDigit(c) || c == '_' || c == '-' || c == '*' || c == '/';
}

// simple-key, or tenant@system (Trace Context level 2, section 3.3.2.2).
bool isStateKey(std::string_view key) {
  if (key.empty() || key.size() > 256) {
    return false;
  }
  auto parts = splitOnce(key, '@');
  if (!parts) {
    return key[0] >= 'a' && key[0] <= 'z' && std::ranges::all_of(key, isKeyChar);
  }
  auto [tenant, system] = *parts;
  if (tenant.empty() || tenant.size() > 241 || system.empty() || system.size() > 14) {
    return false;
  }
  bool begins = isDigit(tenant[0]) || (tenant[0] >= 'a' && tenant[0] <= 'z');
  return begins && system[0] >= 'a' && system[0] <= 'z' && std::ranges::all_of(tenant, isKeyChar) &&
         std::ranges::all_of(system, isKeyChar);
}

bool isStateValue(std::string_view value) {
  bool printable = std::ranges::all_of(value, [](char c) {
    return c >= 0x20 && c <= 0x7E && c != ',' && c != '=';
  });
  return printable && value.size() <= 256 && (value.empty() || value.back() != ' ');
}

struct StateMembers {
  std::vector<std::string_view> list;
  bool faulty = false;

  void add(std::string_view member) {
    auto parts = splitOnce(member, '=');
    if (!parts || !isStateKey(parts->first) || !isStateValue(parts->second) || has(parts->first)) {
      faulty = true;
      return;
    }
    list.push_back(member);
  }
  bool has(std::string_view key) const {
    return std::ranges::any_of(list, [key](std::string_view member) {
      return member.size() > key.size() && member.starts_with(key) && member[key.size()] == '=';
    });
  }
  std::size_t octets() const {
    std::size_t sum = list.empty() ? 0 : list.size() - 1;  // commas
    for (std::string_view member : list) {
      sum += member.size();
    }
    return sum;
  }
  /// To 32 members and 512 bytes: the longest goes first while it is over 128 bytes, then the last.
  void cut() {
    list.resize(std::min(list.size(), kStateMembers));
    while (octets() > kStateBytes) {
      auto longest = std::ranges::max_element(list, {}, &std::string_view::size);
      list.erase(longest->size() > kLongMember ? longest : list.end() - 1);
    }
  }
};

}  // namespace

std::string readTraceState(std::span<const std::string_view> tracestate) {
  StateMembers members;
  for (std::string_view line : tracestate) {
    std::optional<std::string_view> rest = line;
    while (auto part = takePart(rest, ',')) {
      std::string_view member = trim(*part);
      if (!member.empty()) {
        members.add(member);
      }
    }
  }
  if (members.faulty) {
    return {};
  }
  members.cut();
  std::string joined;
  joined.reserve(members.octets());
  for (std::string_view member : members.list) {
    joined += joined.empty() ? "" : ",";
    joined += member;
  }
  return joined;
}

std::optional<IncomingTrace> readTraceContext(
    std::span<const std::string_view> traceparent, std::span<const std::string_view> tracestate
) {
  if (traceparent.size() != 1) {
    return std::nullopt;
  }
  auto incoming = readTraceparent(traceparent[0]);
  if (incoming) {
    incoming->state = readTraceState(tracestate);
  }
  return incoming;
}

SpanId newSpanId(FastRandom& random) {
  SpanId id;
  while (allZero(id.bytes)) {
    auto bits = std::bit_cast<std::array<std::uint8_t, 8>>(random.next());
    id.bytes = bits;
  }
  return id;
}

TracePlace continueTrace(const IncomingTrace& incoming, FastRandom& random) {
  return {incoming.trace, newSpanId(random), incoming.parent, incoming.flags};
}

TracePlace beginTrace(Sampled sampled, FastRandom& random) {
  TracePlace place;
  SpanId left = newSpanId(random);
  SpanId right = newSpanId(random);
  std::ranges::copy(left.bytes, place.trace.bytes.begin());
  std::ranges::copy(right.bytes, place.trace.bytes.begin() + 8);
  place.span = newSpanId(random);
  place.flags = kTraceRandom;
  if (sampled == Sampled::kYes) {
    place.flags |= kTraceSampled;
  }
  return place;
}

TraceParentText traceparentFor(const TracePlace& place, SpanId span) {
  TraceParentText parent;
  char* at = std::ranges::copy(std::string_view("00-"), parent.text.data()).out;
  at = writeHex(place.trace.bytes, at);
  *at++ = '-';
  at = writeHex(span.bytes, at);
  *at++ = '-';
  writeHex(std::array{place.flags}, at);
  return parent;
}

std::string toHex(const TraceId& id) {
  std::array<char, 2 * sizeof(id.bytes)> text;
  return {text.data(), writeHex(id.bytes, text.data())};
}

std::string toHex(SpanId id) {
  std::array<char, 2 * sizeof(id.bytes)> text;
  return {text.data(), writeHex(id.bytes, text.data())};
}

}  // namespace gatehouse::telemetry
