// `retry` as a route or a policy writes it -> the rule that runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/draft.h"
#include "upstream/retry.h"

namespace gatehouse::compile {

struct RetryWish {
  std::vector<std::uint16_t> codes;
  std::optional<std::uint32_t> attempts;  // absent: one
  std::optional<Millis> backoff;          // absent: a short one
};

/// Null where no try is to follow the first. More attempts than can be made are told, at `field` of
/// the object, and made as many.
upstream::RetryHandle makeRetry(
    Draft& draft, const resource::ObjectMeta& meta, const std::string& field, const RetryWish& wish
);

}  // namespace gatehouse::compile
