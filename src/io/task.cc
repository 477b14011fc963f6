#include "io/task.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace gatehouse::io {

void crashOnException() noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gatehouse: exception left a task: %s\n", error.what());
  } catch (...) {
    std::fputs("gatehouse: unknown exception left a task\n", stderr);
  }
  std::abort();
}

}  // namespace gatehouse::io
