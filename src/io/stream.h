// Stream: an ordered flow of bytes in both directions, plain or TLS. Reading and writing are
// awaiters over small virtual try-functions, so that the common path neither suspends nor
// allocates. One reader and one writer at a time; the owner's loop only. A Stream outlives what is
// awaited on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/address.h"
#include "io/reactor.h"
#include "io/read_loan.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// What the handshake told of the other end. Strings are empty where it said nothing.
struct TlsPeer {
  /// Server name the client asked for (SNI): on the server what came, on the client what was sent.
  std::string server_name;
  /// Protocol agreed by ALPN, e.g. "h2".
  std::string alpn;
  /// "TLSv1.3", "TLSv1.2".
  std::string_view version;
  /// On the server, of the certificate of the client where it was accepted: its SPIFFE id, else its
  /// subject.
  std::string identity;
  /// The session was resumed: no certificate was exchanged.
  bool resumed = false;
};

/// Who is at the other end.
struct Peer {
  Address remote;
  Address local;
  std::shared_ptr<const TlsPeer> tls;  // null on a plain stream

  std::string_view serverName() const {
    return tls == nullptr ? std::string_view() : std::string_view(tls->server_name);
  }
  std::string_view alpn() const {
    return tls == nullptr ? std::string_view() : std::string_view(tls->alpn);
  }
};

enum class IoState : std::uint8_t {
  kDone,        // read: `bytes` arrived; write: everything was taken and handed to the system
  kWouldBlock,  // read: nothing now; write: `bytes` were taken, wait before the rest
  kEnd,         // read only: the peer ended its side
  kFailed,      // see Stream::failure()
};

/// Outcome of one attempt.
struct IoProgress {
  std::size_t bytes = 0;
  IoState state = IoState::kDone;
};

class Stream;

/// Waits until bytes are there and moves them into `target`.
class ReadInto : public Waiter {
 public:
  ReadInto(Stream& stream, std::span<char> target);
  ~ReadInto() override;
  bool await_ready();
  /// 0 at the end of the stream. kPeerClosed, kTlsProtocol, kCancelled.
  Result<std::size_t> await_resume();

 private:
  void onSuspend() override;
  bool settle() override;
  void leave();

  Stream& stream_;
  std::span<char> target_;
  IoProgress progress_;
  bool waiting_ = false;
};

/// The same into the worker's shared read buffer.
class ReadLent final : public ReadInto {
 public:
  explicit ReadLent(Stream& stream);
  Result<ReadLoan> await_resume();
};

/// Writes everything, suspending as often as the peer is slow.
class Writev final : public Waiter {
 public:
  enum class Rest : std::uint8_t { kBorrowed, kCopied };
  Writev(Stream& stream, std::span<const std::string_view> parts, Rest rest);
  Writev(Stream& stream, std::string_view bytes, Rest rest);
  ~Writev() override;
  bool await_ready();
  /// kPeerClosed, kTlsProtocol, kCancelled; part of the bytes may then have left.
  Result<void> await_resume();

 private:
  void onSuspend() override;
  bool settle() override;
  void leave();

  Stream& stream_;
  std::array<std::string_view, 1> single_;
  std::span<const std::string_view> parts_;
  std::size_t offset_ = 0;  // bytes of parts_[0] already taken
  std::string copy_;
  IoState state_ = IoState::kWouldBlock;
  Rest rest_;
  bool waiting_ = false;
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// `Result<ReadLoan> loan = co_await stream.read();`: what is there, in the worker's shared read
  /// buffer, valid until the caller suspends next. An empty loan is the end of the stream.
  ReadLent read() { return ReadLent(*this); }
  /// `Result<size_t>`: straight into `target`, which stays valid and is not empty; any number of
  /// bytes from 1. 0 is the end.
  ReadInto readInto(std::span<char> target) { return ReadInto(*this, target); }
  /// `Result<void>`: all parts in order, in as few calls of the system as possible. Parts and the
  /// bytes they view stay valid until it resumes.
  Writev writev(std::span<const std::string_view> parts) {
    return Writev(*this, parts, Writev::Rest::kBorrowed);
  }
  Writev write(std::string_view bytes) { return Writev(*this, bytes, Writev::Rest::kBorrowed); }
  /// The same for lent bytes: parts need to live until the first suspension only. What the system
  /// does not take at once is copied, nothing else is.
  Writev writevLent(std::span<const std::string_view> parts) {
    return Writev(*this, parts, Writev::Rest::kCopied);
  }
  Writev writeLent(std::string_view bytes) { return Writev(*this, bytes, Writev::Rest::kCopied); }

  /// One attempt without waiting; `target` is not empty. kWouldBlock costs no call of the system
  /// when nothing is known to be there.
  virtual IoProgress tryRead(std::span<char> target) = 0;
  /// One attempt, from byte `offset` of the first part. Takes as much as fits now.
  virtual IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t offset) = 0;
  /// Why the last attempt said kFailed.
  virtual Error failure() const = 0;
  /// Who is woken when reading (writing) may go on; null for nobody.
  virtual void setReader(Waiter* reader) = 0;
  virtual void setWriter(Waiter* writer) = 0;

  /// Tells the peer that nothing more comes (FIN; close_notify before it under TLS). Reading goes
  /// on.
  virtual Task<Result<void>> shutdownWrite() = 0;
  /// Ends both directions now; unsent bytes may be lost. Waiting awaiters fail with kPeerClosed. A
  /// second call does nothing. The destructor closes.
  virtual void close() = 0;

  virtual const Peer& peer() const [[clang::lifetimebound]] = 0;
  /// Raised once when the peer closes or resets while nobody reads; at once if it has already. Null
  /// forgets. The Stop outlives the registration.
  virtual void onPeerClosed(Stop* stop) = 0;
  /// Whether bytes or the end are known to wait: a pooled connection for which this holds is not
  /// fit for use.
  virtual bool readable() = 0;
  virtual Reactor& reactor() const = 0;
};

}  // namespace gatehouse::io
