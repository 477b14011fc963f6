// One client connection seen as a sequence of exchanges: HTTP/1.1 gives them one after another,
// HTTP/2 side by side. The syntax (RFC 9112, RFC 9113) ends here; above it there are heads and
// bodies only. Owner's loop only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/body.h"
#include "http/date.h"
#include "http/h1_strict.h"
#include "http/h2/h2_limits.h"
#include "http/head.h"
#include "io/reactor.h"
#include "io/stop.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::http {

/// Limits of a connection; sizes in bytes.
struct ServerLimits {
  std::size_t target = 16 * 1024;
  std::size_t field_section = 64 * 1024;
  std::size_t field_count = 100;
  Nanos head_timeout = Seconds(30);    // from the first byte of a head to its end; to the first one
  Nanos idle_timeout = Seconds(600);   // between exchanges
  Nanos body_timeout = Seconds(60);    // between two pieces of a request body
  Nanos write_timeout = Seconds(300);  // a client that takes no byte for so long is gone
  H2Limits h2{};
};

/// What the connections of one worker share. Outlives them.
struct ServerShared {
  DateText date;
  /// Heads answered with an error here, by Violation.
  std::array<std::uint64_t, kViolations> refused{};
  /// Heads that did not arrive whole within their time (408).
  std::uint64_t slow_heads = 0;
};

/// How the reply body is framed. kLength needs the Content-Length field in the head (without a
/// valid one it becomes kChunked); kNone is for HEAD, 204 and 304, and taken for them whatever is
/// asked. HTTP/1.0 clients get kChunked as a body that ends with the connection.
enum class Framing : std::uint8_t { kNone, kLength, kChunked };

/// What the exchange has seen on the wire, for the record.
struct ExchangeCounts {
  std::uint64_t bytes_in = 0;   // request body
  std::uint64_t bytes_out = 0;  // response body, without framing: what the kernel took of it
  Nanos stall{0};               // waits for a slow reader
  bool begun = false;           // the kernel took some of the reply
};

/// One request and the one reply to it. The reply is written once: writeHead, then write any number
/// of times, then finish; or abort. Destroying an unfinished exchange aborts it.
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;

  /// The request head; may be moved out by its one consumer.
  virtual RequestHead& head() = 0;
  /// The request body; never null, of length 0 when there is none. Reading it sends 100-continue
  /// first when the client waits for that. What is left unread is read and dropped after the reply,
  /// up to a bound, or the connection ends with the reply.
  virtual BodySource* body() = 0;
  /// Raised when the client closes (also its sending side alone) or resets before the reply is
  /// finished. While the body is being read, the pull tells it instead.
  virtual io::Stop& gone() = 0;

  /// An interim response (1xx, not 101) before the head; any number. Told at once, but only to a
  /// client that can take it now and knows of such: it is a hint.
  virtual void writeInterim(const ResponseHead& /*head*/) {}
  /// Queues the head; it leaves with the first body bytes, with finish() or with flush(), in one
  /// system call.
  virtual void writeHead(const ResponseHead& head, Framing framing) = 0;
  /// Fields that follow the reply's body; before finish(). Dropped where the version or the client
  /// has no place for them.
  virtual void setTrailers(const Fields& /*trailers*/) {}
  /// Sends what is queued.
  virtual io::Task<Result<void>> flush() = 0;
  /// Sends body bytes; returns when the kernel has taken all of them. They may be lent: what is not
  /// sent at once is copied. More than the declared length is kInternal. Errors: kPeerClosed,
  /// kTimeout, kCancelled; after an error only destruction is allowed.
  virtual io::Task<Result<void>> write(std::string_view bytes) = 0;
  /// As write, then ends the body cleanly; bytes and end leave in one system call. Short of the
  /// declared length it breaks the reply off: kInternal.
  virtual io::Task<Result<void>> finish(std::string_view bytes = {}) = 0;
  /// After the head of a 101 has been flushed: what is left of the connection, which ends with the
  /// exchange. What passes is counted in counts(). Null where the version has no such thing.
  virtual TunnelEnd* switched() { return nullptr; }
  /// Breaks the reply off so that the client can tell: H1 closes without the last chunk, H2 resets
  /// the stream.
  virtual void abort() = 0;
  virtual bool headWritten() const = 0;
  virtual const ExchangeCounts& counts() const = 0;
};

/// A request that becomes no exchange, as far as it is known. `error` has the origin kDownstream:
/// kTimeout for a head that did not arrive in time.
struct RefusedRequest {
  Status status;
  std::optional<Method> method;  // kOther also for one the parser does not know; none: not read
  std::optional<Version> version;
  std::string_view host;  // this and the path are empty where they are not read or not valid
  std::string_view path;  // without query
  /// What stands in the place of the path, valid or not: good for a guess at what the client
  /// speaks, not to be kept.
  std::string_view sent_path;
  std::optional<Nanos> accept_wait;  // if it is the first of its connection
  const io::Peer& peer;
  const Error& error;
  std::string_view code;    // what is wrong: a Violation's name, "request_timeout"
  std::string_view detail;  // in a few words, for the client
};

/// `code` and `detail` of a head that did not arrive in time.
inline constexpr std::string_view kSlowHead = "request_timeout";
inline constexpr std::string_view kSlowHeadDetail = "the request head did not arrive in time";

/// What it is told.
struct RefusedAnswer {
  std::string id{};    // for the reply to carry; empty: none
  Fields fields{};     // besides the ids and what frames it
  std::string body{};  // empty: problem+json, which has its type too
};

/// Who keeps account of the requests refused on a connection, which it outlives.
class RefusedRequests {
 public:
  virtual ~RefusedRequests() = default;
  /// Once for each, before it is answered.
  virtual RefusedAnswer begin(const RefusedRequest& request) = 0;
  /// Then, when the answer has left: how much of its body did; or when it could not.
  virtual void answered(std::uint64_t bytes_out) = 0;
  virtual void unanswered() = 0;
};

/// The reply that says so.
struct RefusedReply {
  ResponseHead head;
  std::string body;
};
/// `code` and `detail` as in RefusedRequest.
RefusedReply refusedReply(
    Status status, std::string_view code, std::string_view detail, RefusedAnswer answer
);
/// Sends it in HTTP/1.1 as the last reply of its connection, within `patience`, and tells
/// `refused`, which may be null. What is given by reference outlives the task. Owner's loop only.
io::Task<Result<void>> sendRefused(
    io::Stream& stream,
    RefusedReply reply,
    ServerShared& shared,
    Nanos patience,
    RefusedRequests* refused
);

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  /// The next request, or null when the connection is done (closed, drained, broken). A head that
  /// is no HTTP is answered here with its status (400, 408, 431, 501, 505) as problem+json
  /// unless `refused` has words of its own, counted, and ends the connection. H1 gives the next
  /// exchange only after the previous one is finished and destroyed.
  virtual io::Task<std::unique_ptr<ServerExchange>> next() = 0;
  /// No exchange after the current ones; "Connection: close" is sent where it still can be.
  virtual void drain() = 0;
  virtual const io::Peer& peer() const = 0;
  /// Whether exchanges are given while others run.
  virtual bool sideBySide() const { return false; }
  /// After next() gave null: the connection that goes on with this one's stream, because its client
  /// speaks HTTP/2 from the first byte on. Null when it does not, or Http2::kRefused was said. The
  /// peer of this one is gone then.
  virtual std::unique_ptr<ServerConnection> takeHttp2() { return nullptr; }
  /// How long the first bytes of the connection lay ready until they were read; nothing before
  /// that, and when it was asked before.
  virtual std::optional<Nanos> takeAcceptWait() = 0;
  /// After next() gave null: the kind of error the client was told because what it sent is no
  /// request (a Violation's name, "request_timeout"); empty if it ended otherwise.
  virtual std::string_view protocolError() const = 0;
};

/// What a client that begins with the preface of HTTP/2 (RFC 9113 section 3.4) gets.
enum class Http2 : std::uint8_t { kRefused, kTaken };

/// HTTP/1.1 over any stream, which it owns. `shared` outlives it, and so does `refused`, which may
/// be null: then replies to what is no request carry no id. Exchanges do not outlive their
/// connection.
std::unique_ptr<ServerConnection> serveHttp1(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ServerLimits& limits,
    ServerShared& shared,
    RefusedRequests* refused = nullptr,
    Http2 preface = Http2::kRefused
);

}  // namespace gatehouse::http
