#include "http/field_name.h"

namespace gatehouse::http {
namespace {

// The bit that tells capitals apart tells no other token octets apart but '^' and '~', which are in
// none of the names.
constexpr bool kFoldable = std::ranges::none_of(kKnownFields, [](std::string_view name) {
  return name.find_first_of("^~") != std::string_view::npos;
});
static_assert(kFoldable);

}  // namespace

constexpr std::array<FieldId, KnownField::kSlots> KnownField::slots = [] {
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

constexpr std::array<KnownField, kKnownFields.size() + 1> KnownField::all = [] {
  std::array<KnownField, kKnownFields.size() + 1> all{};
  for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
    std::string_view name = kKnownFields[i];
    KnownField& known = all[i + 1];
    known.size = name.size();
    for (std::size_t k = 0; k < name.size() && k < known.folded.size(); ++k) {
      known.folded[k] = static_cast<char>(name[k] | wire::HalfBlock::kCaseBit);
    }
  }
  return all;
}();

FieldId fieldIdOf(std::string_view name) {
  if (name.empty()) {
    return kUnknownField;
  }
  std::size_t slot = KnownField::slotOf(name);
  FieldId id = KnownField::slots[slot];
  while (id != kUnknownField && !iequals(kKnownFields[id - 1U], name)) {
    slot = (slot + 1) % KnownField::kSlots;
    id = KnownField::slots[slot];
  }
  return id;
}

bool FieldFilter::beginsWithPrefix(std::string_view name) const {
  return std::ranges::any_of(prefixes_, [name](std::string_view prefix) {
    return istartsWith(name, prefix);
  });
}

}  // namespace gatehouse::http
