// Result<T>: a value or an Error. The macros return early; use the CO_ ones inside coroutines.
#pragma once

#include <concepts>
#include <expected>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace gatehouse {

template <typename T = void>
class Result;

/// What a Result<T> may be made from: anything a T is made from, but not another Result or an
/// error.
template <typename U, typename T>
concept MakesValue =
    !std::same_as<std::remove_cvref_t<U>, Result<T>> &&
    !std::same_as<std::remove_cvref_t<U>, std::unexpected<Error>> && std::constructible_from<T, U>;

/// std::expected that must be looked at: the one of libstdc++ 12 may be dropped without a word.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  Result() = default;
  template <typename U = T>
    requires MakesValue<U, T>
  explicit(!std::convertible_to<U, T>) Result(U&& value)
      : std::expected<T, Error>(std::in_place, std::forward<U>(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): `return fail(...)` is the point
  Result(std::unexpected<Error> error) : std::expected<T, Error>(std::move(error)) {}
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): `return fail(...)` is the point
  Result(std::unexpected<Error> error) : std::expected<void, Error>(std::move(error)) {}
};

/// An Error on its way out: `return fail(ErrorKind::kDns, Origin::kUpstream, "...")`.
inline std::unexpected<Error> fail(
    ErrorKind kind, Origin origin, std::string detail, Retry retry = Retry::kNever
) {
  return std::unexpected<Error>(Error(kind, origin, std::move(detail), retry));
}

inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace gatehouse

/// `GATEHOUSE_TRY(auto head, readHead(bytes));` declares `head`, or returns the error.
#define GATEHOUSE_TRY(declaration, expression) \
  GATEHOUSE_TRY_WITH(return, GATEHOUSE_NAME(result_, __LINE__), declaration, expression)
#define GATEHOUSE_CO_TRY(declaration, expression) \
  GATEHOUSE_TRY_WITH(co_return, GATEHOUSE_NAME(result_, __LINE__), declaration, expression)
/// `GATEHOUSE_CHECK_OK(write(bytes));` returns the error of a Result<void>.
#define GATEHOUSE_CHECK_OK(expression)                                        \
  do {                                                                        \
    if (auto outcome = (expression); !outcome) {                              \
      return std::unexpected<::gatehouse::Error>(std::move(outcome).error()); \
    }                                                                         \
  } while (false)
#define GATEHOUSE_CO_CHECK_OK(expression)                                        \
  do {                                                                           \
    if (auto outcome = (expression); !outcome) {                                 \
      co_return std::unexpected<::gatehouse::Error>(std::move(outcome).error()); \
    }                                                                            \
  } while (false)

#define GATEHOUSE_NAME(a, b) GATEHOUSE_NAME_(a, b)
#define GATEHOUSE_NAME_(a, b) a##b
#define GATEHOUSE_TRY_WITH(leave, name, declaration, expression)        \
  auto name = (expression);                                             \
  if (!name) {                                                          \
    leave std::unexpected<::gatehouse::Error>(std::move(name).error()); \
  }                                                                     \
  declaration = *std::move(name)
