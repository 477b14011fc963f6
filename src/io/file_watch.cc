#include "io/file_watch.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
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

#include "base/error.h"
#include "base/result.h"
#include "io/reactor.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kChanges = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                   IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                   IN_ONLYDIR;
constexpr int kLinksFollowed = 16;
constexpr int kDepth = 32;

/// Which entries of a watched directory matter.
struct Interest {
  bool all = false;
  std::set<std::string, std::less<>> names;
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

 private:
  void onFd(FdEvents /*events*/) override {
    // Walking a tree is no work for the middle of a batch of events.
    if (!scheduled()) {
      reactor_.runSoon(*this);
    }
  }

  void run() override {
    if (drainEvents()) {
      // New directories and moved links are watched from now on; one that fails is reported by the
      // reader of the files.
      static_cast<void>(watchAll());
      changed_.notify();
    }
  }

  /// Reads what the system reports; true when any of it matters.
  bool drainEvents() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    bool matters = false;
    while (true) {
      ssize_t count = ::read(fd_, buffer.data(), buffer.size());
      if (count <= 0) {
        return matters;
      }
      for (const char* at = buffer.data(); at < buffer.data() + count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        at += sizeof(inotify_event) + event->len;
        matters = matters || concerns(*event);
      }
    }
  }

  bool concerns(const inotify_event& event) const {
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
    bool self = (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
    std::string_view name(event.len > 0 ? event.name : "");
    return self || found->second.all || found->second.names.contains(name);
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

}  // namespace gatehouse::io
