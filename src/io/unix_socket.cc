#include "io/unix_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <expected>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/deadline.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {

namespace {

constexpr int kBacklog = 4096;
constexpr mode_t kMode = 0660;

std::unexpected<Error> cannotListen(const std::string& path, std::string_view why) {
  return fail(
      ErrorKind::kInvalidConfiguration,
      Origin::kGateway,
      "cannot listen on unix:" + path + ": " + std::string(why)
  );
}

std::string_view wordsFor(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "no such folder";
    case EACCES:
    case EPERM:
      return "no permission";
    case EADDRINUSE:
      return "used by another process";
    default:
      return strerrordesc_np(error);
  }
}

/// The path as the system wants it; nothing for one that does not fit.
std::optional<sockaddr_un> toUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.front() != '/' || path.size() > kMaxUnixPath || path.contains('\0')) {
    return std::nullopt;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int openSocket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int callConnect(int fd, const sockaddr_un& address) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                         : errno;
}

/// The socket's file, taken away with it; unless somebody else has put another there.
class SocketFile {
 public:
  explicit SocketFile(std::string path) : path_(std::move(path)) {
    struct stat made{};
    known_ = ::lstat(path_.c_str(), &made) == 0;
    device_ = made.st_dev;
    node_ = made.st_ino;
  }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile() {
    struct stat now{};
    if (known_ && ::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ &&
        now.st_ino == node_) {
      ::unlink(path_.c_str());
    }
  }

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t node_ = 0;
  bool known_ = false;
};

/// Takes away what a process that is gone has left at the path.
Result<void> clearPath(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    return {};  // nothing there; or bind() says what is wrong
  }
  if (!S_ISSOCK(found.st_mode)) {
    return cannotListen(path, "there is a file that is no socket");
  }
  const int fd = openSocket();
  const int error = fd < 0 ? errno : callConnect(fd, address);
  if (fd >= 0) {
    ::close(fd);
  }
  if (error != ECONNREFUSED) {
    // It answers, or its queue is full; whoever may not ask does not take it away either.
    return cannotListen(
        path, error == 0 || error == EAGAIN ? "used by another process" : wordsFor(error)
    );
  }
  ::unlink(path.c_str());
  return {};
}

std::unexpected<Error> connectFailure(const std::string& path, int error) {
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    return fail(
        ErrorKind::kOverloaded,
        Origin::kGateway,
        std::string("no room for another connection: ") + strerrordesc_np(error)
    );
  }
  return fail(
      ErrorKind::kConnectRefused,
      Origin::kUpstream,
      "connect to unix:" + path + ": " + strerrordesc_np(error),
      Retry::kYes
  );
}

}  // namespace

Result<std::vector<ListenSocket>> openUnixListenSockets(
    const std::string& path, std::size_t count
) {
  const std::optional<sockaddr_un> address = toUnix(path);
  if (!address) {
    return cannotListen(path, "not an absolute path of at most 107 octets");
  }
  GATEHOUSE_CHECK_OK(clearPath(path, *address));
  const int fd = openSocket();
  if (fd < 0) {
    return cannotListen(path, wordsFor(errno));
  }
  ListenSocket first(fd, Address::unixSocket());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return cannotListen(path, wordsFor(errno));
  }
  const auto file = std::make_shared<SocketFile>(path);
  first.keep(file);
  // Nobody can connect before listen().
  if (::chmod(path.c_str(), kMode) != 0 || ::listen(fd, kBacklog) != 0) {
    return cannotListen(path, wordsFor(errno));
  }
  std::vector<ListenSocket> sockets;
  for (std::size_t i = 1; i < count; ++i) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      return cannotListen(path, wordsFor(errno));
    }
    sockets.emplace_back(copy, Address::unixSocket());
    sockets.back().keep(file);
  }
  sockets.push_back(std::move(first));
  return sockets;
}

Task<Result<std::unique_ptr<TcpStream>>> connectUnix(
    Reactor& reactor, std::string path, Deadline deadline
) {
  const std::optional<sockaddr_un> address = toUnix(path);
  if (!address) {
    co_return connectFailure(path, ENAMETOOLONG);
  }
  for (Nanos pause = Millis(1);; pause = std::min<Nanos>(2 * pause, Millis(50))) {
    const int fd = openSocket();
    const int error = fd < 0 ? errno : callConnect(fd, *address);
    if (error == 0) {
      co_return TcpStream::adopt(
          reactor, {.fd = fd, .remote = Address::unixSocket(), .local = Address::unixSocket()}
      );
    }
    if (fd >= 0) {
      ::close(fd);
    }
    if (error != EAGAIN) {
      co_return connectFailure(path, error);
    }
    // The queue there is full, and nothing tells when it has room again.
    if (deadline <= Deadline::after(reactor, pause)) {
      co_return fail(
          ErrorKind::kConnectTimeout,
          Origin::kUpstream,
          "connect to unix:" + path + ": no answer in time",
          Retry::kYes
      );
    }
    GATEHOUSE_CO_CHECK_OK(co_await sleepFor(reactor, pause));
  }
}

}  // namespace gatehouse::io
