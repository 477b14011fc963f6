// Errors of an upstream that are no JSON (llm.md 9): a page of a proxy before it, a line of plain
// text. How they are known, and the part of their text that a client is told. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace gatehouse::llm {

/// Whether the head of an error leaves open that its body is no JSON: another media type or none. A
/// stream of events and a coded body are none of our business.
bool mayBeForeign(const http::ResponseHead& head);

enum class ForeignText : std::uint8_t {
  kUnseen,  // nothing but blanks so far
  kJson,    // an object or array begins
  kText,    // anything else
};
/// By the first bytes of the body.
ForeignText foreignText(std::string_view beginning);

/// Whether more of the body is needed to know what it is, or to have all that is told of it. False
/// after a few kilobytes at the latest, whatever they are.
bool wantsMore(std::string_view beginning);

/// What is told of a kText: its first 500 characters without blanks around them, none cut in two. A
/// byte that is no UTF-8 is a character.
std::string_view foreignMessage(std::string_view beginning);

}  // namespace gatehouse::llm
