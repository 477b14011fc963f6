#include "io/file_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string.h>
#include <string>
#include <string_view>
#include <sys/inotify.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/reactor.h"
#include "io/task.h"
#include "io/timers.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kChanges = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |
                                   IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                   IN_EXCL_UNLINK | IN_ONLYDIR;
/// The name stands for a whole file again, or for none.
constexpr std::uint32_t kWhole =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
/// A writer that rests longer may keep its file open for ever.
constexpr Seconds kLongestRest(10);
constexpr int kLinksFollowed = 16;
constexpr int kDepth = 32;

/// Which entries of a watched directory matter.
struct Interest {
  fs::path directory;  // without links
  bool all = false;
  std::set<std::string, std::less<>> names;
};

/// A file that was modified and is not closed.
struct Writing {
  MonoTime last;
  bool told = false;  // somebody waits for its end
};

}  // namespace

/// Only directories are watched: an entry that is replaced, removed or created shows there,
/// whatever its inode.
class FileWatch::Tree final : private FdWatcher, private Ready {
 public:
  Tree(Reactor& reactor, int fd, std::vector<std::string> paths)
      : reactor_(reactor), fd_(fd), paths_(std::move(paths)), changed_(reactor) {}
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() override { ::close(fd_); }

  Result<void> start() {
    GATEHOUSE_CHECK_OK(reactor_.watch(fd_, *this));
    return watchAll();
  }

  Event& changed() { return changed_; }

  bool beingWritten(const std::string& file) {
    drainEvents();
    if (matters_ && !scheduled()) {
      reactor_.runSoon(*this);
    }
    std::error_code error;
    const auto found = writing_.find(fs::canonical(file, error).string());
    if (error || found == writing_.end()) {
      return false;
    }
    const MonoTime until = found->second.last + kLongestRest;
    if (reactor_.now() >= until) {
      return false;
    }
    found->second.told = true;
    if (!reminder_.armed()) {
      reactor_.timers().arm(reminder_, until);
    }
    return true;
  }

 private:
  class Reminder final : public Timer {
   public:
    explicit Reminder(Tree& tree) : tree_(tree) {}

   private:
    void onTimer() override { tree_.remind(); }
    Tree& tree_;
  };

  /// Who was told to wait for a writer waits no longer than that.
  void remind() {
    std::optional<MonoTime> next;
    for (auto& [file, writing] : writing_) {
      const MonoTime until = writing.last + kLongestRest;
      if (writing.told && reactor_.now() >= until) {
        writing.told = false;
        changed_.notify();
      } else if (writing.told) {
        next = next ? std::min(*next, until) : until;
      }
    }
    if (next) {
      reactor_.timers().arm(reminder_, *next);
    }
  }

  void onFd(FdEvents /*events*/) override {
    // Walking a tree is no work for the middle of a batch of events.
    if (!scheduled()) {
      reactor_.runSoon(*this);
    }
  }

  void run() override {
    drainEvents();
    if (std::exchange(matters_, false)) {
      // New directories and moved links are watched from now on; one that fails is reported by the
      // reader of the files.
      static_cast<void>(watchAll());
      changed_.notify();
    }
  }

  /// Reads what the system reports.
  void drainEvents() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    while (true) {
      ssize_t count = ::read(fd_, buffer.data(), buffer.size());
      if (count <= 0) {
        return;
      }
      for (const char* at = buffer.data(); at < buffer.data() + count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        at += sizeof(inotify_event) + event->len;
        matters_ = take(*event) || matters_;
      }
    }
  }

  /// True when the files may be read anew; a write that goes on is no reason yet.
  bool take(const inotify_event& event) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      return true;
    }
    if ((event.mask & IN_IGNORED) != 0) {
      return false;
    }
    auto found = interests_.find(event.wd);
    if (found == interests_.end()) {
      return false;
    }
    const Interest& interest = found->second;
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
      forget(interest.directory.string());
      return true;
    }
    std::string_view name(event.len > 0 ? event.name : "");
    if (!interest.all && !interest.names.contains(name)) {
      return false;
    }
    const std::string file = (interest.directory / name).string();
    if ((event.mask & IN_MODIFY) != 0) {
      writing_[file].last = reactor_.now();
      return false;
    }
    if ((event.mask & kWhole) != 0) {
      forget(file);
    }
    return true;
  }

  /// A file is whole, or a directory is another one: nothing there is being written.
  void forget(const std::string& path) {
    std::erase_if(writing_, [&](const auto& entry) {
      return entry.first == path || entry.first.starts_with(path + '/');
    });
  }

  Result<void> watchAll() {
    interests_.clear();
    error_ = 0;
    for (const std::string& path : paths_) {
      std::error_code ignored;
      watchPath(fs::absolute(path, ignored).lexically_normal(), kLinksFollowed, kDepth);
    }
    if (error_ != 0) {
      return fail(
          ErrorKind::kSystem,
          Origin::kGateway,
          std::string("cannot watch files: ") + strerrordesc_np(error_)
      );
    }
    return {};
  }

  /// Watches every link on the way, the entry itself, and all below it when it is a directory.
  void watchPath(const fs::path& path, int links_left, int depth_left) {
    fs::path walked;
    for (auto part = path.begin(); part != path.end(); ++part) {
      fs::path entry = walked / *part;
      std::error_code error;
      bool last = std::next(part) == path.end() || std::next(part)->empty();
      fs::file_status status = fs::symlink_status(entry, error);
      bool link = fs::is_symlink(status);
      if (link || last || !fs::exists(status)) {
        addInterest(walked, part->string());
      }
      if (!fs::exists(status)) {
        return;  // walked again when it appears
      }
      if (link) {
        if (links_left > 0) {
          fs::path target = walked / fs::read_symlink(entry, error);
          while (++part != path.end()) {
            target /= *part;
          }
          watchPath(target.lexically_normal(), links_left - 1, depth_left);
        }
        return;
      }
      walked = entry;
    }
    watchBelow(walked, links_left, depth_left);
  }

  void watchBelow(const fs::path& directory, int links_left, int depth_left) {
    std::error_code error;
    if (depth_left == 0 || !fs::is_directory(directory, error)) {
      return;
    }
    addInterest(directory, {});
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
      if (entry.is_symlink(error)) {
        watchPath(entry.path(), links_left, depth_left - 1);
      } else if (entry.is_directory(error)) {
        watchBelow(entry.path(), links_left, depth_left - 1);
      }
    }
  }

  /// An empty name means every entry. Watching a directory again gives the same number.
  void addInterest(const fs::path& directory, const std::string& name) {
    int watch = ::inotify_add_watch(fd_, directory.c_str(), kChanges);
    if (watch < 0) {
      // Absent or not ours to read: nothing to see there. The rest means that we would miss
      // changes.
      if (errno == ENOSPC || errno == ENOMEM) {
        error_ = errno;
      }
      return;
    }
    Interest& interest = interests_[watch];
    interest.directory = directory;
    if (name.empty()) {
      interest.all = true;
    } else {
      interest.names.insert(name);
    }
  }

  Reactor& reactor_;
  int fd_;
  int error_ = 0;
  std::vector<std::string> paths_;
  std::unordered_map<int, Interest> interests_;
  std::map<std::string, Writing> writing_;  // by path without links
  bool matters_ = false;                    // something was seen and is not reported yet
  Reminder reminder_{*this};
  Event changed_;
};

FileWatch::FileWatch(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}

FileWatch::~FileWatch() = default;

Result<std::unique_ptr<FileWatch>> FileWatch::start(
    Reactor& reactor, std::vector<std::string> paths
) {
  int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("inotify: ") + strerrordesc_np(errno)
    );
  }
  auto tree = std::make_unique<Tree>(reactor, fd, std::move(paths));
  GATEHOUSE_CHECK_OK(tree->start());
  return std::unique_ptr<FileWatch>(new FileWatch(std::move(tree)));
}

Task<Result<void>> FileWatch::changed() {
  co_return co_await tree_->changed().wait();
}

bool FileWatch::beingWritten(const std::string& file) {
  return tree_->beingWritten(file);
}

}  // namespace gatehouse::io
