// Strong<Tag, T>: a T that says what it is, so that two of a kind cannot be swapped.
//   using InputTokens = Strong<struct InputTokensTag, std::uint64_t>;
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace gatehouse {

template <typename Tag, typename T>
class Strong {
 public:
  using Value = T;

  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(std::move(value)) {}

  constexpr const T& value() const [[clang::lifetimebound]] { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

}  // namespace gatehouse

template <typename Tag, typename T>
struct std::hash<gatehouse::Strong<Tag, T>> {
  std::size_t operator()(const gatehouse::Strong<Tag, T>& strong) const {
    return std::hash<T>{}(strong.value());
  }
};
