// The texts of one request record, in one allocation. A text enters under a named field only: the
// enum below is the allow-list of telemetry specification 1.4, and there is no field for a
// credential. Every text is cut to its field's length and passed through the redactor.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::telemetry {

enum class Text : std::uint8_t {
  kMethod,
  kHost,
  kPath,  // without query
  kClientAddress,
  kTlsServerName,
  kTlsVersion,      // "TLSv1.3"
  kSourceIdentity,  // SPIFFE id or certificate subject
  kUserAgent,
  kKeyId,
  kKeyName,
  kUser,
  kTeam,
  kJwtSubject,
  kSession,
  kAgent,
  kParentAgent,
  kTraceState,
  kError,  // sentence for the operator
  kModelRequested,
  kModelAnswered,
  kResponseId,
  kFinishReasons,  // joined by ","
  kReasoningLevel,
  kServiceTier,
  kStopSequences,    // JSON array as the client sent it
  kEncodingFormats,  // joined by ","
  kPriceVersion,
  kMcpMethod,
  kMcpTarget,
  kMcpSession,
  kMcpResourceType,
  kMcpResourceUri,
  kMcpErrorCode,
  kMcpErrorMessage,
  kTool,
  kPrompt,
  kJsonRpcId,
  kSelectedEndpoint,  // chosen by an inference pool
  kPayload,           // manifest id of captured content
};
inline constexpr std::size_t kTextCount = 39;

/// A text of an attempt, kept in the record's texts; absent by default.
class TextRef {
 public:
  TextRef() = default;
  bool known() const { return offset_ != 0; }

 private:
  friend class RecordTexts;
  std::uint16_t offset_ = 0;
};

class RecordTexts {
 public:
  /// Replaces what was there. An empty value makes the text absent.
  void set(Text field, std::string_view value);
  /// Empty if absent. Valid until the next set() or keep().
  std::string_view get(Text field) const [[clang::lifetimebound]] {
    return at(offsets_[static_cast<std::size_t>(field)]);
  }
  bool has(Text field) const { return offsets_[static_cast<std::size_t>(field)] != 0; }

  /// Keeps a text of at most 256 bytes that has no field of its own.
  TextRef keep(std::string_view value);
  std::string_view get(TextRef ref) const [[clang::lifetimebound]] { return at(ref.offset_); }

 private:
  std::uint16_t append(std::string_view value, std::size_t limit);
  std::uint16_t store(std::string_view value, std::size_t limit);
  std::string_view at(std::uint16_t offset) const;

  std::string bytes_;  // all of it is room: two bytes of length, then the text
  std::uint16_t used_ = 0;
  std::array<std::uint16_t, kTextCount> offsets_{};
};

}  // namespace gatehouse::telemetry
