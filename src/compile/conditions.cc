#include "compile/conditions.h"

#include <utility>

namespace gatehouse::compile {

void Conditions::good(std::string_view type, std::string_view why, std::string text) {
  list_.push_back(draft_.condition(meta_, type, true, why, std::move(text)));
}

void Conditions::bad(std::string_view type, std::string_view why, std::string text) {
  list_.push_back(draft_.condition(meta_, type, false, why, std::move(text)));
}

void Conditions::unless(
    const std::optional<Problem>& problem,
    std::string_view type,
    std::string_view good_reason,
    std::string_view good_message
) {
  if (problem) {
    bad(type, problem->reason, problem->message);
  } else {
    good(type, good_reason, std::string(good_message));
  }
}

std::vector<resource::Condition> Conditions::take() {
  return std::move(list_);
}

}  // namespace gatehouse::compile
