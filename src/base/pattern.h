// Pattern: a regular expression that matches in time linear in the text, whatever the expression
// (RE2 syntax).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace gatehouse {

/// Immutable and cheap to copy; any thread.
class Pattern {
 public:
  /// kInvalidConfiguration with RE2's own words if the expression is no RE2 expression or too
  /// large.
  static Result<Pattern> compile(std::string_view expression);

  /// Whether the whole text matches.
  bool matches(std::string_view text) const;
  const std::string& expression() const [[clang::lifetimebound]];

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace gatehouse
