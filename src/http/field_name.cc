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

// The names, each in a block of its own, as far as that goes.
constexpr auto kNameBlocks = [] {
  std::array<std::array<char, wire::HalfBlock::kSize>, kKnownFields.size()> blocks{};
  for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
    std::ranges::copy(kKnownFields[i].substr(0, wire::HalfBlock::kSize), blocks[i].begin());
  }
  return blocks;
}();

// The bit that tells capitals apart tells no other token octets apart but '^' and '~', which are in
// none of the names.
constexpr bool kFoldable = std::ranges::none_of(kKnownFields, [](std::string_view name) {
  return name.find_first_of("^~") != std::string_view::npos;
});
static_assert(kFoldable);

template <typename Equal>
FieldId find(std::string_view name, Equal equal) {
  for (std::size_t at = slotOf(name); kSlotIds[at] != kUnknownField; at = (at + 1) % kSlots) {
    if (equal(kSlotIds[at] - 1U)) {
      return kSlotIds[at];
    }
  }
  return kUnknownField;
}

}  // namespace

FieldId fieldIdOf(std::string_view name) {
  if (name.empty()) {
    return kUnknownField;
  }
  return find(name, [&](std::size_t known) { return iequals(kKnownFields[known], name); });
}

FieldId fieldIdOf(std::string_view token, const wire::HalfBlock& first) {
  if (token.size() > wire::HalfBlock::kSize) {
    return fieldIdOf(token);
  }
  std::uint32_t within = ~std::uint32_t{0} >> (wire::HalfBlock::kSize - token.size());
  return find(token, [&](std::size_t known) {
    return kKnownFields[known].size() == token.size() &&
           (first.differ(wire::HalfBlock(kNameBlocks[known].data()), 0x20) & within) == 0;
  });
}

}  // namespace gatehouse::http
