// Names of fields, and the names that the gateway itself asks for. A known name has a small number,
// found once when a line is read or written; looking a field up, or seeing that there is none, then
// compares numbers. A literal gets its number when it is compiled: `fields.get("content-type")`.
// Names are compared without case (RFC 9110 section 5.1).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/text.h"
#include "wire/byte_block.h"

namespace gatehouse::http {

/// In lower case. A name that is not here is found all the same, by its text.
inline constexpr std::array<std::string_view, 63> kKnownFields = {
    // of the message and the connection
    "connection",
    "content-length",
    "date",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // of the content and the client
    "accept",
    "accept-encoding",
    "content-digest",
    "content-encoding",
    "content-md5",
    "content-type",
    "cookie",
    "cookie2",
    "digest",
    "forwarded",
    "origin",
    "repr-digest",
    "server",
    "set-cookie",
    "set-cookie2",
    "user-agent",
    "via",
    // credentials
    "api-key",
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    // traces and ids
    "apim-request-id",
    "baggage",
    "request-id",
    "traceparent",
    "tracestate",
    "x-amzn-requestid",
    "x-gatehouse-request-id",
    "x-request-id",
    // providers
    "anthropic-beta",
    "anthropic-organization-id",
    "anthropic-version",
    "cf-ray",
    "openai-organization",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-tokens-limit",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    // clients and their sessions
    "conversation_id",
    "session-id",
    "session_id",
    "x-claude-code-agent-id",
    "x-claude-code-parent-agent-id",
    "x-claude-code-session-id",
    "x-grok-agent-id",
    "x-grok-conv-id",
    "x-grok-session-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
};

/// 0 for a name that is not known, else one more than its place in kKnownFields.
using FieldId = std::uint8_t;
inline constexpr FieldId kUnknownField = 0;

/// The number of a name in any case.
FieldId fieldIdOf(std::string_view name);
/// The same for a token that has been loaded: `first` is the octets from its begin on.
inline FieldId fieldIdOf(std::string_view token, wire::HalfBlock first);

/// A name with its number. Views the text it was made from.
class FieldName {
 public:
  /// Of a literal: numbered when compiled.
  template <std::size_t N>
  // NOLINTNEXTLINE(google-explicit-constructor): a name written out is a FieldName
  consteval FieldName(const char (&text)[N]) : text_(text, N - 1), id_(numberOf(text_)) {}
  /// Of a text known at run time.
  template <typename Text>
    requires std::convertible_to<const Text&, std::string_view> && (!std::is_array_v<Text>)
  // NOLINTNEXTLINE(google-explicit-constructor): and so is one that is read
  FieldName(const Text& text) : text_(text), id_(fieldIdOf(text_)) {}

  constexpr std::string_view text() const { return text_; }
  constexpr FieldId id() const { return id_; }

 private:
  static consteval FieldId numberOf(std::string_view text) {
    for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
      if (std::ranges::equal(kKnownFields[i], text, {}, {}, foldChar)) {
        return static_cast<FieldId>(i + 1);
      }
    }
    return kUnknownField;
  }

  std::string_view text_;
  FieldId id_;
};

/// A set of known names, and one place for all others together.
class FieldSet {
 public:
  constexpr FieldSet() = default;
  /// Known names only: another has no number of its own, and does not compile.
  // NOLINTNEXTLINE(google-explicit-constructor): a list of names is a set of them
  consteval FieldSet(std::initializer_list<FieldName> names) {
    for (const FieldName& name : names) {
      if (name.id() == kUnknownField) {
        throw "not in kKnownFields";
      }
      add(name.id());
    }
  }

  constexpr void add(FieldId id) { bits_ |= bitOf(id); }
  constexpr void add(FieldSet other) { bits_ |= other.bits_; }
  constexpr void remove(FieldId id) { bits_ &= ~bitOf(id); }
  constexpr void remove(FieldSet other) { bits_ &= ~other.bits_; }
  constexpr bool has(FieldId id) const { return (bits_ & bitOf(id)) != 0; }
  constexpr bool overlaps(FieldSet other) const { return (bits_ & other.bits_) != 0; }

 private:
  static constexpr std::uint64_t bitOf(FieldId id) { return std::uint64_t{1} << id; }
  static_assert(kKnownFields.size() < 64);

  std::uint64_t bits_ = 0;
};

/// What says something of every octet of the content (RFC 9530, RFC 3230, RFC 1864): untrue once
/// one is changed.
inline constexpr FieldSet kDigestFields = {
    "content-digest", "repr-digest", "digest", "content-md5"
};

/// Known names by number, as they are looked up.
struct KnownField {
  std::array<char, wire::HalfBlock::kSize> folded{};  // its letters, all with kCaseBit
  std::size_t size = 0;                               // 0 for kUnknownField

  static constexpr std::size_t kSlots = 512;
  /// Names that differ rarely share length, first and last character. Where they do, the later one
  /// is in the next free slot.
  static constexpr std::size_t slotOf(std::string_view name) {
    constexpr unsigned kCase = wire::HalfBlock::kCaseBit;
    auto folded = [](char c) { return std::size_t{static_cast<unsigned char>(c) | kCase}; };
    return (name.size() << 2 ^ folded(*name.begin()) ^ folded(*(name.end() - 1)) << 4) % kSlots;
  }
  static const std::array<FieldId, kSlots> slots;
  static const std::array<KnownField, kKnownFields.size() + 1> all;
};

inline FieldId fieldIdOf(std::string_view token, wire::HalfBlock first) {
  if (token.size() > wire::HalfBlock::kSize) [[unlikely]] {
    return fieldIdOf(token);
  }
  std::uint32_t within = ~std::uint32_t{0} >> (wire::HalfBlock::kSize - token.size());
  std::size_t slot = KnownField::slotOf(token);
  while (true) {
    FieldId id = KnownField::slots[slot];
    const KnownField& known = KnownField::all.data()[id];
    bool same = known.size == token.size() &&
                (first.differCaseless(wire::HalfBlock(known.folded.data())) & within) == 0;
    if (same || id == kUnknownField) {
      return id;
    }
    slot = (slot + 1) % KnownField::kSlots;
  }
}

/// Some known names, and all names that begin with one of a few prefixes.
class FieldFilter {
 public:
  static constexpr std::size_t kShortestPrefix = 3;

  constexpr FieldFilter() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a set is a filter without prefixes
  constexpr FieldFilter(FieldSet names) : names_(names) {}
  /// `prefixes` are in lower case, have at least kShortestPrefix letters, and are static data.
  consteval FieldFilter(FieldSet names, std::span<const std::string_view> prefixes)
      : names_(names), prefixes_(prefixes) {
    for (std::string_view prefix : prefixes) {
      first_letters_ |= bitOf(prefix.at(0));
      third_letters_ |= bitOf(prefix.at(2));
      for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
        if (kKnownFields[i].starts_with(prefix)) {
          names_.add(static_cast<FieldId>(i + 1));
        }
      }
    }
  }

  void add(FieldSet names) { names_.add(names); }
  /// The known names that pass, those that begin with a prefix among them.
  FieldSet names() const { return names_; }
  bool hasPrefixes() const { return !prefixes_.empty(); }
  bool passes(FieldId id, std::string_view name) const {
    if (id != kUnknownField) {
      return names_.has(id);
    }
    // Few names have the first letter of one and the third of one.
    return name.size() >= kShortestPrefix && (bitOf(name[0]) & first_letters_) != 0 &&
           (bitOf(name[2]) & third_letters_) != 0 && beginsWithPrefix(name);
  }

 private:
  static constexpr std::uint32_t bitOf(char letter) {
    return std::uint32_t{1} << (static_cast<std::uint8_t>(letter) & 31);
  }
  bool beginsWithPrefix(std::string_view name) const;

  FieldSet names_;
  std::span<const std::string_view> prefixes_;
  std::uint32_t first_letters_ = 0;
  std::uint32_t third_letters_ = 0;
};

}  // namespace gatehouse::http
