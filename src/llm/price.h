// Money. Nano-dollars are integers (D10): 1'000'000'000 of them are one US dollar. An absent amount
// is unknown, not free.
#pragma once

#include <cstdint>

namespace gatehouse::llm {

enum class NanoDollars : std::int64_t {};

constexpr std::int64_t amount(NanoDollars nanos) {
  return static_cast<std::int64_t>(nanos);
}

}  // namespace gatehouse::llm
