// Result<T>: a value or an Error. The macros return early; use the CO_ ones inside coroutines.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace gatehouse {

template <typename T = void>
using Result = std::expected<T, Error>;

/// An Error on its way out: `return fail(ErrorKind::kDns, Origin::kUpstream, "...")`.
inline std::unexpected<Error> fail(
    ErrorKind kind,
    Origin origin,
    std::string detail,
    Retry retry = Retry::kNever
) {
  return std::unexpected<Error>(Error(kind, origin, std::move(detail), retry));
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace gatehouse

/// `GATEHOUSE_TRY(auto head, readHead(bytes));` declares `head`, or returns the error.
#define GATEHOUSE_TRY(declaration, expression) \
  GATEHOUSE_TRY_WITH(return, GATEHOUSE_NAME(result_, __LINE__), declaration, expression)
#define GATEHOUSE_CO_TRY(declaration, expression) \
  GATEHOUSE_TRY_WITH(co_return, GATEHOUSE_NAME(result_, __LINE__), declaration, expression)
/// `GATEHOUSE_CHECK_OK(write(bytes));` returns the error of a Result<void>.
#define GATEHOUSE_CHECK_OK(expression)                                             \
  do {                                                                             \
    if (auto outcome = (expression); !outcome) {                                   \
      return std::unexpected<::gatehouse::Error>(std::move(outcome).error());      \
    }                                                                              \
  } while (false)
#define GATEHOUSE_CO_CHECK_OK(expression)                                          \
  do {                                                                             \
    if (auto outcome = (expression); !outcome) {                                   \
      co_return std::unexpected<::gatehouse::Error>(std::move(outcome).error());   \
    }                                                                              \
  } while (false)

#define GATEHOUSE_NAME(a, b) GATEHOUSE_NAME_(a, b)
#define GATEHOUSE_NAME_(a, b) a##b
#define GATEHOUSE_TRY_WITH(leave, name, declaration, expression)              \
  auto name = (expression);                                                   \
  if (!name) {                                                                \
    leave std::unexpected<::gatehouse::Error>(std::move(name).error());       \
  }                                                                           \
  declaration = *std::move(name)
