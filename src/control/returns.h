// Snapshots that no worker uses any more, on their way back. What a thread has taken of memory it
// gives back best itself, and the thousands of objects of a large configuration would keep a worker
// from its streams while it destroyed them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "snapshot/publish.h"

namespace gatehouse::control {

class Returns : public std::enable_shared_from_this<Returns> {
 public:
  using Handle = std::shared_ptr<const snapshot::Snapshot>;

  static std::shared_ptr<Returns> make() { return std::shared_ptr<Returns>(new Returns); }
  Returns(const Returns&) = delete;
  Returns& operator=(const Returns&) = delete;

  /// The same snapshot; whoever lets go of it last sends it back instead of destroying it. Any
  /// thread, also when this is used by nobody else any more.
  Handle lend(Handle snapshot);
  /// Destroys what has come back. The thread that makes snapshots.
  void destroy();
  /// `told` is called when one has come, by who sent it; it does not call this. Empty: nobody is
  /// told.
  void tell(std::function<void()> told);

 private:
  Returns() = default;
  void take(Handle snapshot);

  std::mutex mutex_;
  std::vector<Handle> back_;    // guarded by mutex_
  std::function<void()> told_;  // guarded by mutex_
};

}  // namespace gatehouse::control
