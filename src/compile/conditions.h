// Writing the conditions of one object (resources.md 3.8).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/draft.h"

namespace gatehouse::compile {

/// In the order they are added. Draft and meta must outlive it.
class Conditions {
 public:
  Conditions(const Draft& draft, const resource::ObjectMeta& meta) : draft_(draft), meta_(meta) {}

  /// True.
  void good(std::string_view type, std::string_view why, std::string text);
  /// False.
  void bad(std::string_view type, std::string_view why, std::string text);
  /// True with `good_reason` unless there is a problem.
  void unless(
      const std::optional<Problem>& problem,
      std::string_view type,
      std::string_view good_reason,
      std::string_view good_message
  );
  std::vector<resource::Condition> take();

 private:
  const Draft& draft_;
  const resource::ObjectMeta& meta_;
  std::vector<resource::Condition> list_;
};

}  // namespace gatehouse::compile
