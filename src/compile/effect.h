// What becomes of every field users may write: it acts, a pass says what is wrong with it, or it is
// accepted and has no effect yet. The table is effect_table.cc; effect_test.cc holds it to the
// schemas.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "resource/meta.h"

namespace gatehouse::compile {

enum class Effect : std::uint8_t {
  kActive,
  kReported,  // a pass says itself that it, or what is around it, is not served
  kInactive,  // accepted, no effect yet
  kGuard,  // the same, of what stops, limits, protects or routes: to leave it out opens something
};

struct FieldEffect {
  Effect effect = Effect::kActive;
  std::string unless;  // of kInactive and kGuard: this value asks for nothing
};

/// A field of an object that is written and has no effect yet.
struct InactiveField {
  std::string path;  // with indices
  bool guard = false;
};

/// Effects by kind and path; paths are dotted, from the document down, without indices. An effect
/// other than kActive is that of everything below the field as well. Immutable; any thread.
class EffectTable {
 public:
  /// A fault in the table is a bug and ends the process.
  static EffectTable builtIn();
  explicit EffectTable(std::string_view text);

  /// The effects of a kind, or null.
  const std::map<std::string, FieldEffect, std::less<>>* find(std::string_view kind) const
      [[clang::lifetimebound]];

  /// In the order written. Nothing for a kind without entries or an object without document.
  std::vector<InactiveField> inactiveFields(const resource::ObjectMeta& meta) const;

 private:
  std::map<std::string, std::map<std::string, FieldEffect, std::less<>>, std::less<>> kinds_;
};

/// The table of this build.
extern const std::string_view kEffects;

}  // namespace gatehouse::compile
