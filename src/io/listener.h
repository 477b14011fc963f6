// Listening sockets. One address is opened once per worker with SO_REUSEPORT: the kernel spreads
// connections, the workers share nothing. And which addresses of this host there are to listen on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/address.h"
#include "io/tcp.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// A bound, listening descriptor not yet on any loop. Move-only; may be handed to another thread.
class ListenSocket {
 public:
  ListenSocket(int fd, Address local) : fd_(fd), local_(local) {}
  ListenSocket(ListenSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), local_(other.local_), kept_(std::move(other.kept_)) {}
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  ~ListenSocket();

  /// The address bound, with the port the kernel chose.
  const Address& local() const [[clang::lifetimebound]] { return local_; }
  /// Gives up ownership.
  int release() { return std::exchange(fd_, -1); }
  /// Something that lives as long as the socket is listened on.
  void keep(std::shared_ptr<const void> thing) { kept_ = std::move(thing); }
  const std::shared_ptr<const void>& kept() const [[clang::lifetimebound]] { return kept_; }

 private:
  int fd_;
  Address local_;
  std::shared_ptr<const void> kept_;
};

/// `count` sockets on one address, port 0 being chosen once for all. Refuses an address another
/// process listens on, even with SO_REUSEPORT. kInvalidConfiguration: "address in use", "no
/// permission for port 80", "not an address of this machine".
Result<std::vector<ListenSocket>> openListenSockets(Address address, std::size_t count);

/// Accepts on one loop. Out of descriptors it takes the connection with its spare one and closes
/// it, so that callers see a close and the loop does not spin.
class Listener final : private FdWatcher {
 public:
  /// kSystem when epoll refuses it.
  static Result<std::unique_ptr<Listener>> start(Reactor& reactor, ListenSocket socket);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  using Accepted = Result<std::unique_ptr<TcpStream>>;

  class Accept final : public Waiter {
   public:
    explicit Accept(Listener& listener);
    ~Accept() override;
    bool await_ready();
    Accepted await_resume();

   private:
    void onSuspend() override;
    bool settle() override;
    void leave();

    Listener& listener_;
    std::optional<Accepted> accepted_;
  };

  /// `co_await listener.accept()`: the next connection, TCP_NODELAY set, its failures the
  /// downstream's. After a run of connections it lets others run first. kCancelled; other errors
  /// are passing: call again. One accepting task at a time.
  Accept accept() { return Accept(*this); }

  const Address& local() const [[clang::lifetimebound]] { return local_; }
  /// Connections closed at once for want of descriptors.
  std::uint64_t refused() const { return refused_; }

 private:
  Listener(Reactor& reactor, ListenSocket socket);

  void onFd(FdEvents events) override;
  /// Nothing when none waits.
  std::optional<Accepted> tryAccept();
  void refuseOne();

  Reactor& reactor_;
  Waiter* acceptor_ = nullptr;
  Address local_;
  std::shared_ptr<const void> kept_;  // with the socket
  std::uint64_t refused_ = 0;
  int fd_;
  int spare_;
  int run_ = 0;  // connections taken since the acceptor last let others run
  bool ready_ = false;
};

/// Addresses of all interfaces that are up, without port and brackets; empty if the system does not
/// tell.
std::vector<std::string> localAddresses();

/// Whether ::1 can be listened on.
bool hasIpv6Loopback();

}  // namespace gatehouse::io
