// Broken invariants end the process: they are bugs, never something a peer can cause (house
// principle 12).
#pragma once

#include <cstdio>
#include <cstdlib>

namespace gatehouse {

[[noreturn]] inline void crash(const char* what, const char* file, int line) {
  std::fprintf(stderr, "gatehouse: broken invariant: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace gatehouse

/// Holds in every build.
#define GATEHOUSE_INVARIANT(condition) \
  ((condition) ? static_cast<void>(0) : ::gatehouse::crash(#condition, __FILE__, __LINE__))

/// Holds in builds without NDEBUG only: for checks on a hot path.
#ifdef NDEBUG
#define GATEHOUSE_DEBUG_CHECK(condition) static_cast<void>(0)
#else
#define GATEHOUSE_DEBUG_CHECK(condition) GATEHOUSE_INVARIANT(condition)
#endif
