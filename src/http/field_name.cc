#include "http/field_name.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kSlots = 512;

// Names that differ rarely share length, first and last character.
constexpr std::size_t slotOf(std::string_view name) {
  auto folded = [](char c) {
    return static_cast<std::size_t>(static_cast<unsigned char>(c) | 0x20U);
  };
  return (name.size() * 61 + folded(name.front()) * 7 + folded(name.back()) * 29) % kSlots;
}

// Open addressing: a name's slot, or the next free one behind it.
constexpr std::array<FieldId, kSlots> kSlotIds = [] {
  std::array<FieldId, kSlots> slots{};
  for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
    std::size_t at = slotOf(kKnownFields[i]);
    while (slots[at] != kUnknownField) {
      at = (at + 1) % kSlots;
    }
    slots[at] = static_cast<FieldId>(i + 1);
  }
  return slots;
}();

}  // namespace

FieldId fieldIdOf(std::string_view name) {
  if (name.empty()) {
    return kUnknownField;
  }
  for (std::size_t at = slotOf(name); kSlotIds[at] != kUnknownField; at = (at + 1) % kSlots) {
    if (iequals(kKnownFields[kSlotIds[at] - 1U], name)) {
      return kSlotIds[at];
    }
  }
  return kUnknownField;
}

}  // namespace gatehouse::http
