// "Something changed" for files and directory trees, by inotify. Says nothing of what: the caller
// waits a moment (debounce) and reads everything again. Sees writes, atomic renames over a watched
// file, and symlink swaps (Kubernetes "..data").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/task.h"

namespace gatehouse::io {

class Reactor;

/// Owner's loop only.
class FileWatch {
 public:
  /// Files or directories (with all below them, now and later). A path need not exist yet if its
  /// directory does. kSystem: no inotify, or too many watches.
  static Result<std::unique_ptr<FileWatch>> start(Reactor& reactor, std::vector<std::string> paths);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

  /// Resumes when something changed since the last call returned. kCancelled. One waiter at a time.
  Task<Result<void>> changed();
  /// A writer modified the file and has not closed it. What happened until now counts, though the
  /// loop has not seen it. After true, changed() resumes when the file is whole, or when its writer
  /// rested for 10 s: such a file is taken as it stands.
  bool beingWritten(const std::string& file);

 private:
  class Tree;
  explicit FileWatch(std::unique_ptr<Tree> tree);

  std::unique_ptr<Tree> tree_;
};

}  // namespace gatehouse::io
