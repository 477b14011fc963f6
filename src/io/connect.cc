#include "io/connect.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
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
#include "io/deadline.h"
#include "io/gate.h"
#include "io/keepalive.h"
#include "io/socket_address.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/timers.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

using Connection = Result<std::unique_ptr<TcpStream>>;

Error connectError(const Address& address, int error) {
  ErrorKind kind = ErrorKind::kConnectRefused;
  if (error == ETIMEDOUT) {
    kind = ErrorKind::kConnectTimeout;
  } else if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    return {
        ErrorKind::kOverloaded,
        Origin::kGateway,
        std::string("no room for another connection: ") + strerrordesc_np(error)
    };
  }
  return {
      kind,
      Origin::kUpstream,
      "connect to " + address.format() + ": " + strerrordesc_np(error),
      Retry::kYes
  };
}

/// The socket with connect() called on it.
Connection beginConnect(Reactor& reactor, const Address& address, const Keepalive& keepalive) {
  int family = address.family() == Family::kV4 ? AF_INET : AF_INET6;
  int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return fail(connectError(address, errno));
  }
  const int on = 1;
  // Best effort: a connection without the option still works.
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setKeepalive(fd, keepalive);
  SocketAddress target = toSystem(address);
  if (::connect(fd, target.get(), target.length) != 0 && errno != EINPROGRESS) {
    int error = errno;
    ::close(fd);
    return fail(connectError(address, error));
  }
  return TcpStream::adopt(
      reactor,
      {.fd = fd,
       .side = Origin::kUpstream,
       .remote = address,
       .local = {},
       .state = ConnectedSocket::State::kConnecting}
  );
}

/// Resumes when the system has decided about a connecting stream.
class Decided final : public Waiter {
 public:
  explicit Decided(TcpStream& stream) : Waiter(stream.reactor()), stream_(stream) {}
  ~Decided() override { stream_.setWriter(nullptr); }

  bool await_ready() const { return false; }
  /// False when cancelled.
  bool await_resume() const { return !cancelled(); }

 private:
  void onSuspend() override { stream_.setWriter(this); }

  TcpStream& stream_;
};

Task<Result<void>> decide(TcpStream& stream) {
  if (!co_await Decided(stream)) {
    co_return fail(ErrorKind::kCancelled, Origin::kGateway, "cancelled");
  }
  if (int error = stream.finishConnecting(); error != 0) {
    co_return fail(connectError(stream.peer().remote, error));
  }
  co_return Result<void>();
}

/// Addresses with the families taking turns, the family of the first one beginning (RFC 8305
/// section 4).
std::vector<Address> interleave(const std::vector<Address>& addresses) {
  std::vector<Address> first;
  std::vector<Address> second;
  for (const Address& address : addresses) {
    (address.family() == addresses.front().family() ? first : second).push_back(address);
  }
  std::vector<Address> result;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) {
      result.push_back(first[i]);
    }
    if (i < second.size()) {
      result.push_back(second[i]);
    }
  }
  return result;
}

class NotifyTimer final : public Timer {
 public:
  explicit NotifyTimer(Event& event) : event_(event) {}

 private:
  void onTimer() override { event_.notify(); }

  Event& event_;
};

/// What the attempts of one connectAny() share; lives in its frame.
struct Race {
  explicit Race(Reactor& reactor) : gate(reactor), changed(reactor) {}

  Gate gate;
  Stop stop;
  Event changed;
  std::unique_ptr<TcpStream> winner;
  std::optional<Error> first_error;
};

Task<void> attempt(Race& race, Address address, ConnectOptions options) {
  Connection connection =
      co_await connectTcp(race.gate.reactor(), address, options.deadline, options.keepalive);
  if (!connection) {
    if (!race.first_error) {
      race.first_error = std::move(connection).error();
    }
  } else if (race.winner == nullptr) {
    race.winner = *std::move(connection);
  }
  race.changed.notify();
}

/// Starts attempts until one wins, all have failed, or the caller is stopped.
Task<Result<void>> runRace(Race& race, std::vector<Address> addresses, ConnectOptions options) {
  Reactor& reactor = race.gate.reactor();
  NotifyTimer delay(race.changed);
  auto next = addresses.begin();
  while (race.winner == nullptr) {
    // `changed` was told by a failure or by the delay: either way the next address may start.
    if (next != addresses.end()) {
      spawn(race.gate, attempt(race, *next++, options), race.stop);
      reactor.timers().arm(delay, reactor.now() + options.attempt_delay);
    } else if (race.gate.inside() == 0) {
      break;
    }
    GATEHOUSE_CO_CHECK_OK(co_await race.changed.wait());
  }
  co_return Result<void>();
}

}  // namespace

Task<Connection> connectTcp(
    Reactor& reactor, Address address, Deadline deadline, Keepalive keepalive
) {
  GATEHOUSE_CO_TRY(std::unique_ptr<TcpStream> stream, beginConnect(reactor, address, keepalive));
  Result<void> decided = co_await withDeadline(
      reactor,
      deadline,
      decide(*stream),
      Origin::kUpstream,
      "connect to " + address.format() + ": no answer in time"
  );
  if (!decided) {
    Error error = std::move(decided).error();
    if (error.kind() == ErrorKind::kTimeout) {
      co_return fail(ErrorKind::kConnectTimeout, Origin::kUpstream, error.detail(), Retry::kYes);
    }
    co_return fail(std::move(error));
  }
  co_return stream;
}

Task<Connection> connectAny(
    Reactor& reactor, std::vector<Address> addresses, ConnectOptions options
) {
  if (addresses.size() == 1) {
    co_return co_await connectTcp(reactor, addresses.front(), options.deadline, options.keepalive);
  }
  Race race(reactor);
  Result<void> ran = co_await runRace(race, interleave(addresses), options);
  race.stop.request();
  co_await drain(race.gate);
  if (race.winner != nullptr) {
    co_return std::move(race.winner);
  }
  if (!ran) {
    co_return fail(std::move(ran).error());
  }
  co_return fail(*std::move(race.first_error));
}

}  // namespace gatehouse::io
