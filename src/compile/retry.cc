#include "compile/retry.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace gatehouse::compile {

upstream::RetryHandle makeRetry(
    Draft& draft, const resource::ObjectMeta& meta, const std::string& field, const RetryWish& wish
) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint8_t>::max();
  upstream::RetryRule retry;
  const std::uint32_t attempts = wish.attempts.value_or(retry.attempts);
  if (attempts > kMost) {
    draft.find(
        resource::Severity::kWarning,
        meta,
        field + ".attempts",
        fmt::format("no more than {} retries are made", kMost)
    );
  }
  if (attempts == 0) {
    return nullptr;
  }
  retry.codes = wish.codes;
  retry.attempts = static_cast<std::uint8_t>(std::min(attempts, kMost));
  retry.backoff = wish.backoff ? Nanos(*wish.backoff) : retry.backoff;
  return std::make_shared<const upstream::RetryRule>(std::move(retry));
}

}  // namespace gatehouse::compile
