// Connections of HTTP/2 to one endpoint, each shared by many requests, and who waits for one:
// requests that come while a connection is being opened wait for it, instead of opening as many.
// Owner's loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/client_connection.h"
#include "http/h2/h2_client.h"
#include "io/reactor.h"
#include "io/stream.h"
#include "io/waiter.h"

namespace gatehouse::upstream {

class ConnectionCount;

/// Who sweeps. It only takes note.
class SharedEvents {
 public:
  virtual ~SharedEvents() = default;
  /// A connection has no request any more; or it is over besides, and can go at once.
  virtual void onUnused() = 0;
  virtual void onOver() = 0;
};

class SharedConnections {
 public:
  /// All but `name`, the endpoint's for errors, outlive it.
  SharedConnections(
      io::Reactor& reactor, ConnectionCount& count, SharedEvents& events, std::string name
  );
  SharedConnections(const SharedConnections&) = delete;
  SharedConnections& operator=(const SharedConnections&) = delete;
  /// No request is left on any of them.
  ~SharedConnections();

  /// A stream for one request, on the first connection that has room; null when none has. Does not
  /// outlive this.
  std::unique_ptr<http::ClientConnection> take();

  /// Whether whoever found no room opens a connection: not while those being opened will do for all
  /// who wait.
  bool shallOpen() const;

  /// A connection being opened, until the peer has said how many requests it takes.
  class Opening {
   public:
    explicit Opening(SharedConnections& shared);
    Opening(Opening&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
    Opening& operator=(Opening&&) = delete;
    /// Who waits looks again; given up, another opens one.
    ~Opening();

    /// It failed, and so do all who wait for it.
    void failed(const Error& error);
    /// The peer speaks HTTP/1.1: nothing is shared, nobody waits.
    void isHttp1() { shared_->is_http1_ = true; }

   private:
    SharedConnections* shared_;
  };
  void add(std::unique_ptr<io::Stream> stream, const http::ClientLimits& limits, Opening opening);

  class Turn;
  /// `co_await turn()`: Result<void>, when there is reason to look again. Errors: why a connection
  /// could not be opened; kCancelled.
  Turn turn();

  /// Drops connections that are over, or without a request since `oldest`.
  void sweep(MonoTime oldest);
  void closeIdle();
  bool empty() const { return members_.empty(); }
  /// Some are without a request.
  bool hasIdle() const { return idle() != 0; }
  std::size_t idle() const;
  std::size_t active() const { return members_.size() - idle(); }

 private:
  class Member;

  void wakeAll();

  io::Reactor& reactor_;
  ConnectionCount& count_;
  SharedEvents& events_;
  std::string name_;
  std::vector<Turn*> waiting_;      // in order
  std::unique_ptr<Error> failure_;  // of the last that failed
  std::uint64_t failures_ = 0;
  std::size_t opening_ = 0;
  std::size_t most_;  // requests on one connection, as the peer said last
  bool is_http1_ = false;
  std::vector<std::unique_ptr<Member>> members_;  // oldest first; they still call while they end
};

/// One look at a time.
class SharedConnections::Turn final : public io::Waiter {
 public:
  explicit Turn(SharedConnections& shared)
      : Waiter(shared.reactor_), shared_(shared), failures_before_(shared.failures_) {}
  ~Turn() override { leave(); }

  bool await_ready() const { return false; }
  Result<void> await_resume();

 private:
  void onSuspend() override { shared_.waiting_.push_back(this); }
  void leave() { std::erase(shared_.waiting_, this); }

  SharedConnections& shared_;
  std::uint64_t failures_before_;
};

}  // namespace gatehouse::upstream
