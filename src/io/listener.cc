#include "io/listener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <expected>
#include <fcntl.h>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/tcp.h"

namespace gatehouse::io {

namespace {

constexpr int kBacklog = 4096;
/// Connections taken before the accepting task lets others run.
constexpr int kRun = 16;

int openSpare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

std::unexpected<Error> bindError(const Address& address, int error) {
  std::string reason = strerrordesc_np(error);
  if (error == EADDRINUSE) {
    reason = "address in use by another process";
  } else if (error == EACCES) {
    reason = "no permission for port " + std::to_string(address.port()) +
             ", which takes root or CAP_NET_BIND_SERVICE";
  } else if (error == EADDRNOTAVAIL) {
    reason = "not an address of this machine";
  }
  return fail(
      ErrorKind::kInvalidConfiguration,
      Origin::kGateway,
      "cannot listen on " + address.format() + ": " + reason
  );
}

enum class Share : bool { kAlone, kReusePort };

/// A bound and listening socket.
Result<ListenSocket> openOne(const Address& address, Share share) {
  int family = address.family() == Family::kV4 ? AF_INET : AF_INET6;
  int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return bindError(address, errno);
  }
  ListenSocket socket(fd, address);
  auto set = [fd](int level, int name, int value) {
    return ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted sockets inherit these, which saves calls for each connection.
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  if (family == AF_INET6) {
    // [::] leaves IPv4 alone, so that it can stand beside 0.0.0.0 on the same port.
    set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (share == Share::kReusePort && set(SOL_SOCKET, SO_REUSEPORT, 1) != 0) {
    return bindError(address, errno);
  }
  SocketAddress wanted = toSystem(address);
  if (::bind(fd, wanted.get(), wanted.length) != 0 || ::listen(fd, kBacklog) != 0) {
    return bindError(address, errno);
  }
  return ListenSocket(socket.release(), localAddressOf(fd));
}

}  // namespace

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(local_, other.local_);
  std::swap(kept_, other.kept_);
  return *this;
}

ListenSocket::~ListenSocket() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Result<std::vector<ListenSocket>> openListenSockets(Address address, std::size_t count) {
  if (address.port() != 0) {
    // With SO_REUSEPORT a second process of the same user would silently share the port: find out
    // before.
    GATEHOUSE_TRY([[maybe_unused]] ListenSocket probe, openOne(address, Share::kAlone));
  }
  std::vector<ListenSocket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    GATEHOUSE_TRY(ListenSocket socket, openOne(address, Share::kReusePort));
    address = address.withPort(socket.local().port());
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

Result<std::unique_ptr<Listener>> Listener::start(Reactor& reactor, ListenSocket socket) {
  std::unique_ptr<Listener> listener(new Listener(reactor, std::move(socket)));
  GATEHOUSE_CHECK_OK(reactor.watch(listener->fd_, *listener));
  return listener;
}

Listener::Listener(Reactor& reactor, ListenSocket socket)
    : reactor_(reactor),
      local_(socket.local()),
      kept_(socket.kept()),
      fd_(socket.release()),
      spare_(openSpare()) {}

Listener::~Listener() {
  ::close(fd_);
  if (spare_ >= 0) {
    ::close(spare_);
  }
}

void Listener::onFd(FdEvents events) {
  ready_ = ready_ || events.readable || events.failed;
  if (acceptor_ != nullptr) {
    acceptor_->wake();
  }
}

void Listener::refuseOne() {
  // The system answers "no descriptors" before it looks whether anybody waits: only an attempt with
  // the spare one tells.
  if (spare_ >= 0) {
    ::close(std::exchange(spare_, -1));
  }
  int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    ++refused_;
    ::close(fd);
  } else {
    ready_ = false;
  }
  spare_ = openSpare();
}

std::optional<Listener::Accepted> Listener::tryAccept() {
  while (ready_) {
    SocketAddress remote;
    int fd = ::accept4(fd_, remote.get(), &remote.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      return TcpStream::adopt(
          reactor_,
          {.fd = fd,
           .side = Origin::kDownstream,
           .remote = fromSystem(remote.get()),
           .local = local_.isUnspecified() ? localAddressOf(fd) : local_}
      );
    }
    int error = errno;
    if (error == EAGAIN) {
      ready_ = false;
    } else if (error == EMFILE || error == ENFILE) {
      refuseOne();
    } else if (error != EINTR && error != ECONNABORTED) {
      return fail(
          ErrorKind::kSystem, Origin::kGateway, std::string("accept: ") + strerrordesc_np(error)
      );
    }
  }
  return std::nullopt;
}

Listener::Accept::Accept(Listener& listener) : Waiter(listener.reactor_), listener_(listener) {}

Listener::Accept::~Accept() {
  leave();
}

bool Listener::Accept::await_ready() {
  if (listener_.run_ < kRun) {
    ++listener_.run_;
    return settle();
  }
  return false;
}

void Listener::Accept::onSuspend() {
  listener_.acceptor_ = this;
  listener_.run_ = 0;
  if (listener_.ready_) {
    wakeNextTurn();
  }
}

bool Listener::Accept::settle() {
  accepted_ = listener_.tryAccept();
  return accepted_.has_value();
}

void Listener::Accept::leave() {
  if (listener_.acceptor_ == this) {
    listener_.acceptor_ = nullptr;
  }
}

Listener::Accepted Listener::Accept::await_resume() {
  leave();
  if (!accepted_) {
    return cancelledError();
  }
  return *std::move(accepted_);
}

std::vector<std::string> localAddresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return {};
  }
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* one = list.get(); one != nullptr; one = one->ifa_next) {
    bool up = (one->ifa_flags & IFF_UP) != 0;
    bool ip = one->ifa_addr != nullptr &&
              (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6);
    if (up && ip) {
      addresses.push_back(fromSystem(one->ifa_addr).formatIp());
    }
  }
  return addresses;
}

bool hasIpv6Loopback() {
  std::vector<std::string> addresses = localAddresses();
  return std::ranges::find(addresses, "::1") != addresses.end();
}

}  // namespace gatehouse::io
