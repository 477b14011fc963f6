// TcpStream: a Stream on a connected socket. Registered with epoll once, for everything; after a
// read shorter than asked it does not read again before the next event.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "io/deadline.h"
#include "io/keepalive.h"
#include "io/stream.h"

namespace gatehouse::io {

/// A non-blocking socket that has, or is getting, its connection.
struct ConnectedSocket {
  int fd = -1;
  /// Whose fault its failures are.
  Origin side = Origin::kUpstream;
  Address remote{};
  Address local{};
  enum class State : std::uint8_t { kConnected, kConnecting } state = State::kConnected;
};

class TcpStream final : public Stream, private FdWatcher {
 public:
  /// Takes the descriptor, also when it fails: kSystem when epoll refuses it.
  static Result<std::unique_ptr<TcpStream>> adopt(Reactor& reactor, ConnectedSocket socket);
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
  bool readable() override { return readable_ || peer_closed_; }
  Reactor& reactor() const override { return reactor_; }

  Origin side() const { return side_; }
  void setKeepalive(const Keepalive& keepalive) { io::setKeepalive(fd_, keepalive); }
  /// What has come beyond the first `seen` octets, and those before it, into `target`, which is
  /// larger; all of it stays to be read. kEnd when no more will come.
  IoProgress tryPeek(std::span<char> target, std::size_t seen);
  /// Takes the first `count` of the octets last peeked at; they fit into the reactor's scratch().
  void drop(std::size_t count);
  /// The peer's details as learned above this stream (TLS names and versions).
  void setPeer(Peer peer) { peer_ = std::move(peer); }
  /// A socket that was connecting and became writable: 0 when the connection stands, else why not
  /// (errno).
  int finishConnecting();

 private:
  TcpStream(Reactor& reactor, const ConnectedSocket& socket);

  void onFd(FdEvents events) override;
  IoProgress failed(int error);
  void tellPeerClosed();

  Reactor& reactor_;
  Waiter* reader_ = nullptr;
  Waiter* writer_ = nullptr;
  Stop* peer_closed_stop_ = nullptr;
  Peer peer_;
  int fd_;
  int error_ = 0;  // errno of the failed attempt
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
