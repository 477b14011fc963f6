#include "io/tcp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/result.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/stop.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::io {

namespace {

/// Parts handed to the system in one call.
constexpr std::size_t kMaxParts = 64;

struct Gathered {
  std::array<iovec, kMaxParts> slices;
  std::size_t count = 0;
  std::size_t bytes = 0;
};

/// The next parts as the system wants them; `parts` and `offset` move behind what was gathered.
void gather(std::span<const std::string_view>& parts, std::size_t& offset, Gathered& into) {
  into.count = 0;
  into.bytes = 0;
  while (!parts.empty() && into.count < kMaxParts) {
    std::string_view part = parts.front().substr(offset);
    offset = 0;
    parts = parts.subspan(1);
    if (!part.empty()) {
      // An iovec serves reading as well; sendmsg does not write through it.
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the system's type has no const
      into.slices[into.count++] = {const_cast<char*>(part.data()), part.size()};
      into.bytes += part.size();
    }
  }
}

// recv(2) and sendmsg(2) of the C library are cancellation points: two atomic exchanges a call, for
// threads that nobody cancels. The sanitizers look into memory at the library's functions.
#if defined(__x86_64__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
ssize_t receive(int fd, std::span<char> target) {
  return ::syscall(SYS_recvfrom, fd, target.data(), target.size(), 0, nullptr, nullptr);
}
ssize_t sendMessage(int fd, const msghdr& message) {
  return ::syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}
#else
ssize_t receive(int fd, std::span<char> target) {
  return ::recv(fd, target.data(), target.size(), 0);
}
ssize_t sendMessage(int fd, const msghdr& message) {
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}
#endif

ssize_t sendParts(int fd, Gathered& parts) {
  msghdr message{};
  message.msg_iov = parts.slices.data();
  message.msg_iovlen = parts.count;
  ssize_t sent = -1;
  do {
    sent = sendMessage(fd, message);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace

Result<std::unique_ptr<TcpStream>> TcpStream::adopt(Reactor& reactor, ConnectedSocket socket) {
  std::unique_ptr<TcpStream> stream(new TcpStream(reactor, socket));
  GATEHOUSE_CHECK_OK(reactor.watch(socket.fd, *stream));
  return stream;
}

TcpStream::TcpStream(Reactor& reactor, const ConnectedSocket& socket)
    : reactor_(reactor),
      fd_(socket.fd),
      side_(socket.side),
      writable_(socket.state == ConnectedSocket::State::kConnected) {
  peer_.remote = socket.remote;
  peer_.local = socket.local;
}

TcpStream::~TcpStream() {
  close();
}

void TcpStream::close() {
  if (fd_ < 0) {
    return;
  }
  ::close(std::exchange(fd_, -1));
  readable_ = true;
  writable_ = true;
  peer_closed_stop_ = nullptr;
  if (reader_ != nullptr) {
    reader_->wake();
  }
  if (writer_ != nullptr) {
    writer_->wake();
  }
}

IoProgress TcpStream::failed(int error) {
  error_ = error;
  return {0, IoState::kFailed};
}

IoProgress TcpStream::tryRead(std::span<char> target) {
  if (!readable_) {
    return {0, IoState::kWouldBlock};
  }
  if (fd_ < 0) {
    return failed(ENOTCONN);
  }
  ssize_t count = -1;
  do {
    count = receive(fd_, target);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    auto bytes = static_cast<std::size_t>(count);
    // Edge-triggered: after a short read another one would only say "nothing". Unless the end is
    // known to follow.
    readable_ = bytes == target.size() || peer_closed_;
    return {bytes, IoState::kDone};
  }
  if (count == 0) {
    return {0, IoState::kEnd};
  }
  if (errno == EAGAIN) {
    readable_ = false;
    return {0, IoState::kWouldBlock};
  }
  return failed(errno);
}

IoProgress TcpStream::tryPeek(std::span<char> target, std::size_t seen) {
  if (!readable_) {
    return {0, IoState::kWouldBlock};
  }
  if (fd_ < 0) {
    return failed(ENOTCONN);
  }
  ssize_t count = -1;
  do {
    count = ::recv(fd_, target.data(), target.size(), MSG_PEEK);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN) {
    return failed(errno);
  }
  auto bytes = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  if (bytes > seen) {
    return {bytes, IoState::kDone};
  }
  if (count == 0 || peer_closed_) {
    return {bytes, IoState::kEnd};
  }
  readable_ = false;  // the next octet is an event again
  return {bytes, IoState::kWouldBlock};
}

void TcpStream::drop(std::size_t count) {
  std::span<char> target = reactor_.scratch().first(count);
  while (!target.empty()) {
    ssize_t taken = receive(fd_, target);
    if (taken < 0 && errno == EINTR) {
      continue;
    }
    if (taken <= 0) {
      return;  // gone meanwhile, as the next read tells
    }
    target = target.subspan(static_cast<std::size_t>(taken));
  }
}

IoProgress TcpStream::tryWritev(std::span<const std::string_view> parts, std::size_t offset) {
  if (!writable_) {
    return {0, IoState::kWouldBlock};
  }
  if (fd_ < 0) {
    return failed(ENOTCONN);
  }
  std::size_t total = 0;
  Gathered gathered;
  for (gather(parts, offset, gathered); gathered.count > 0; gather(parts, offset, gathered)) {
    ssize_t sent = sendParts(fd_, gathered);
    if (sent < 0 && errno != EAGAIN) {
      return failed(errno);
    }
    auto bytes = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    total += bytes;
    if (bytes < gathered.bytes) {
      writable_ = false;
      return {total, IoState::kWouldBlock};
    }
  }
  return {total, IoState::kDone};
}

Error TcpStream::failure() const {
  bool gone = error_ == ECONNRESET || error_ == EPIPE || error_ == ENOTCONN ||
              error_ == ETIMEDOUT || error_ == ECONNABORTED || error_ == EHOSTUNREACH ||
              error_ == ENETUNREACH;
  if (fd_ < 0) {
    return {ErrorKind::kPeerClosed, side_, "connection closed by this side", Retry::kIfReused};
  }
  return {
      gone ? ErrorKind::kPeerClosed : ErrorKind::kSystem,
      side_,
      std::string("connection to ") + peer_.remote.format() + ": " + strerrordesc_np(error_),
      Retry::kIfReused,
  };
}

void TcpStream::setReader(Waiter* reader) {
  GATEHOUSE_DEBUG_CHECK(reader == nullptr || reader_ == nullptr);
  reader_ = reader;
}

void TcpStream::setWriter(Waiter* writer) {
  GATEHOUSE_DEBUG_CHECK(writer == nullptr || writer_ == nullptr);
  writer_ = writer;
}

Task<Result<void>> TcpStream::shutdownWrite() {
  if (fd_ >= 0) {
    // Fails only when the connection is gone; the reader learns that.
    ::shutdown(fd_, SHUT_WR);
  }
  co_return Result<void>();
}

void TcpStream::onPeerClosed(Stop* stop) {
  peer_closed_stop_ = stop;
  if (peer_closed_) {
    tellPeerClosed();
  }
}

void TcpStream::tellPeerClosed() {
  if (Stop* stop = std::exchange(peer_closed_stop_, nullptr)) {
    stop->request();
  }
}

void TcpStream::onFd(FdEvents events) {
  peer_closed_ = peer_closed_ || events.peer_closed;
  readable_ = readable_ || events.readable || events.peer_closed;
  writable_ = writable_ || events.writable || events.failed;
  if (reader_ != nullptr) {
    if (readable_) {
      reader_->wake();
    }
  } else if (peer_closed_) {
    tellPeerClosed();
  }
  if (writer_ != nullptr && writable_) {
    writer_->wake();
  }
}

int TcpStream::finishConnecting() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error == 0) {
    peer_.local = localAddressOf(fd_);
  }
  return error;
}

Result<std::pair<std::unique_ptr<TcpStream>, std::unique_ptr<TcpStream>>> connectedPair(
    Reactor& reactor
) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("socketpair: ") + strerrordesc_np(errno)
    );
  }
  auto first = TcpStream::adopt(reactor, {.fd = fds[0], .side = Origin::kDownstream});
  auto second = TcpStream::adopt(reactor, {.fd = fds[1], .side = Origin::kUpstream});
  if (!first || !second) {
    return fail(std::move(first ? second : first).error());
  }
  return std::pair(*std::move(first), *std::move(second));
}

}  // namespace gatehouse::io
