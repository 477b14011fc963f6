// Runs one task to its end on a reactor nobody else is running: for main(), command-line commands
// and tests.
#pragma once

#include <optional>

#include "io/gate.h"
#include "io/reactor.h"
#include "io/task.h"

namespace gatehouse::io {

/// Turns the reactor until the task, run under `stop`, is done; returns its result. Other tasks of
/// the reactor run as well.
template <typename T>
T runTask(Reactor& reactor, Task<T> task, Stop& stop) {
  Gate gate(reactor);
  if constexpr (std::is_void_v<T>) {
    spawn(gate, std::move(task), stop);
    while (gate.inside() > 0) {
      reactor.turn(Seconds(1));
    }
  } else {
    std::optional<T> result;
    // No capturing lambda: the frame owns its parameters, `out` outlives it.
    spawn(
        gate,
        [](Task<T> inner, std::optional<T>& out) -> Task<void> {
          out.emplace(co_await std::move(inner));
        }(std::move(task), result),
        stop
    );
    while (gate.inside() > 0) {
      reactor.turn(Seconds(1));
    }
    return *std::move(result);
  }
}

template <typename T>
T runTask(Reactor& reactor, Task<T> task) {
  Stop never;
  return runTask(reactor, std::move(task), never);
}

}  // namespace gatehouse::io
