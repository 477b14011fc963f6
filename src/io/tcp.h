// TcpStream: a Stream on a connected socket. Registered with epoll once, for everything; after a
// read shorter than asked it does not read again before the next event.
#pragma once

#include <memory>
#include <utility>

#include "io/deadline.h"
#include "io/stream.h"

namespace gatehouse::io {

class TcpStream final : public Stream, private FdWatcher {
 public:
  /// Takes the connected, non-blocking descriptor. `side`: whose fault its failures are. kSystem
  /// when epoll refuses it.
  static Result<std::unique_ptr<TcpStream>> adopt(Reactor& reactor, int fd, Origin side);
  ~TcpStream() override;

  IoProgress tryRead(std::span<char> target) override;
  IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t offset) override;
  Error failure() const override;
  void setReader(Waiter* reader) override;
  void setWriter(Waiter* writer) override;
  Task<Result<void>> shutdownWrite() override;
  void close() override;
  const Peer& peer() const [[clang::lifetimebound]] override { return peer_; }
  void onPeerClosed(Stop* stop) override;
  bool readable() const override { return readable_ || peer_closed_; }
  Reactor& reactor() const override { return reactor_; }

  Origin side() const { return side_; }

 private:
  TcpStream(Reactor& reactor, int fd, Origin side);

  void onFd(FdEvents events) override;
  IoProgress fail(int error);
  void tellPeerClosed();

  Reactor& reactor_;
  Waiter* reader_ = nullptr;
  Waiter* writer_ = nullptr;
  Stop* peer_closed_stop_ = nullptr;
  Peer peer_;
  int fd_;
  int error_ = 0;
  Origin side_;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_closed_ = false;  // FIN or reset seen: read on until the end is delivered
};

/// A pair of connected local streams, for tests and peers inside the process.
Result<std::pair<std::unique_ptr<TcpStream>, std::unique_ptr<TcpStream>>> connectedPair(
    Reactor& reactor
);

}  // namespace gatehouse::io
