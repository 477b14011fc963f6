// For tests: a loop that turns when told, on a clock that stands still, and a scripted peer that
// speaks raw bytes.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "http/body.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/tcp.h"
#include "io/waiter.h"

namespace gatehouse::http {

/// The other end of a connection. Local sockets deliver at once, so settling the loop is enough to
/// see what was sent.
class TestPeer {
 public:
  explicit TestPeer(std::unique_ptr<io::TcpStream> stream) : stream_(std::move(stream)) {}

  /// Bytes the system took.
  std::size_t send(std::string_view bytes) {
    std::array<std::string_view, 1> parts = {bytes};
    return stream_->tryWritev(parts, 0).bytes;
  }
  /// What has arrived since the last call.
  std::string take() {
    std::string all;
    std::array<char, 65536> space;
    for (;;) {
      io::IoProgress progress = stream_->tryRead(space);
      all.append(space.data(), progress.bytes);
      ended_ = progress.state == io::IoState::kEnd || progress.state == io::IoState::kFailed;
      if (progress.state != io::IoState::kDone) {
        return all;
      }
    }
  }
  /// Whether take() came to the end of what the other side sends.
  bool ended() const { return ended_; }
  io::TcpStream& stream() { return *stream_; }
  void close() { stream_->close(); }

 private:
  std::unique_ptr<io::TcpStream> stream_;
  bool ended_ = false;
};

/// Counts the attempts that moved bytes: each was one call of the system.
class CountingStream : public io::Stream {
 public:
  struct Counts {
    int reads = 0;
    int writes = 0;
  };

  /// `counts` outlives the stream.
  CountingStream(std::unique_ptr<io::Stream> inner, Counts& counts)
      : inner_(std::move(inner)), counts_(counts) {}

  io::IoProgress tryRead(std::span<char> target) override {
    io::IoProgress progress = inner_->tryRead(target);
    counts_.reads += progress.bytes != 0 ? 1 : 0;
    return progress;
  }
  io::IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t offset) override {
    io::IoProgress progress = inner_->tryWritev(parts, offset);
    counts_.writes += progress.bytes != 0 ? 1 : 0;
    return progress;
  }
  Error failure() const override { return inner_->failure(); }
  void setReader(io::Waiter* reader) override { inner_->setReader(reader); }
  void setWriter(io::Waiter* writer) override { inner_->setWriter(writer); }
  io::Task<Result<void>> shutdownWrite() override { return inner_->shutdownWrite(); }
  void close() override { inner_->close(); }
  const io::Peer& peer() const override { return inner_->peer(); }
  void onPeerClosed(io::Stop* stop) override { inner_->onPeerClosed(stop); }
  bool readable() override { return inner_->readable(); }
  io::Reactor& reactor() const override { return inner_->reactor(); }

 private:
  std::unique_ptr<io::Stream> inner_;
  Counts& counts_;
};

/// Cannot tell its peer that it ends: what is to be said under TLS is not taken.
class StuckAtItsEnd final : public CountingStream {
 public:
  using CountingStream::CountingStream;

  io::Task<Result<void>> shutdownWrite() override {
    io::Event never(reactor());
    co_return co_await never.wait();
  }
};

class TestLoop {
 public:
  /// A stream of ours and the peer at its other end.
  std::pair<std::unique_ptr<io::TcpStream>, TestPeer> connect() {
    auto pair = io::connectedPair(reactor);
    GATEHOUSE_INVARIANT(pair.has_value());
    return {std::move(pair->first), TestPeer(std::move(pair->second))};
  }

  /// Runs the loop until all that can happen now has happened.
  void settle() {
    for (int i = 0; i < 12; ++i) {
      reactor.turn(Nanos(0));
    }
  }
  /// What was sent before has come before the time passes.
  void wait(Nanos time) {
    settle();
    clock.advance(time);
    settle();
  }

  ManualClock clock;
  io::Reactor reactor{{.clock = &clock}};
};

/// A task on its way, with its result once there is one. The loop outlives it.
template <typename T>
class Running {
 public:
  Running(TestLoop& loop, io::Task<T> task) : loop_(loop), gate_(loop.reactor) {
    io::spawn(gate_, keep(std::move(task), result_), stop_);
    loop_.settle();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { cancel(); }

  bool done() const { return result_.has_value(); }
  T& result() { return *result_; }
  void cancel() {
    stop_.request();
    loop_.settle();
    GATEHOUSE_INVARIANT(gate_.inside() == 0);
  }

 private:
  static io::Task<void> keep(io::Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  TestLoop& loop_;
  std::optional<T> result_;
  io::Stop stop_;
  io::Gate gate_;
};

/// All of a body as text.
inline io::Task<Result<std::string>> readAll(BodySource* source) {
  std::string all;
  for (bool end = false; !end;) {
    GATEHOUSE_CO_TRY(Piece piece, co_await source->pull());
    all.append(piece.bytes);
    end = piece.end;
  }
  co_return all;
}

}  // namespace gatehouse::http
