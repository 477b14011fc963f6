// The frames of one HTTP/2 connection, of either side (RFC 9113), and the only door to nghttp2:
// bytes in, calls out; calls in, bytes out. It knows no sockets and no HTTP meaning: what a head
// says is checked above it. Nothing of what it calls may take its bytes out. Owner's loop only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "http/fields.h"
#include "http/h2/frame_meter.h"
#include "http/h2/h2_limits.h"
#include "http/h2/out_queue.h"
#include "http/head.h"
#include "io/waiter.h"

struct nghttp2_session;

namespace gatehouse::http {

using H2StreamId = std::int32_t;

enum class H2Role : std::uint8_t { kServer, kClient };

/// RFC 9113 section 7, as far as it is told apart here.
enum class H2Error : std::uint32_t {
  kNoError = 0x0,
  kProtocolError = 0x1,
  kInternalError = 0x2,
  kFlowControlError = 0x3,
  kSettingsTimeout = 0x4,
  kStreamClosed = 0x5,
  kFrameSizeError = 0x6,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kCompressionError = 0x9,
  kConnectError = 0xa,
  kEnhanceYourCalm = 0xb,
  kInadequateSecurity = 0xc,
  kHttp11Required = 0xd,
};
/// As the RFC writes it; "an unknown error" for a code it does not know.
std::string_view toString(H2Error error);

/// The body a stream sends, set by its owner and framed from the front.
struct H2Outgoing {
  std::string_view bytes{};          // not framed yet; they stay valid until they are, or replaced
  std::span<const Chunk> more{};     // behind them, as long valid
  bool last = false;                 // nothing follows them
  const Fields* trailers = nullptr;  // after the last; null: none
  std::optional<H2Error> reset{};    // tells a client that still sends, behind the end
  bool ended = false;                // the end has been framed
  io::Waiter* waiting = nullptr;     // woken when all are framed, and the end if they are last

  bool framed() const { return bytes.empty() && more.empty() && last == ended; }
  /// Bytes not framed yet.
  std::size_t left() const;
  /// The first `count` of `bytes` need not be sent any more.
  void take(std::size_t count);
};

/// The head of a reply and how it goes on. Of the fields, what HTTP/2 has no place for is left out,
/// and Content-Length is what `length` says.
struct H2Reply {
  const ResponseHead& head;
  std::string_view date{};  // added where the head has none; empty: not
  std::optional<std::uint64_t> length{};
  H2Outgoing* body = nullptr;  // null: it ends with its head
};

/// A request to be sent, as H2Reply.
struct H2Request {
  const RequestHead& head;
  std::string_view scheme;
  std::optional<std::uint64_t> length{};
  bool te_trailers = false;    // takes trailers behind the response
  H2Outgoing* body = nullptr;  // null: it ends with its head
};

/// Who answers a request, or asked it. Outlives its stream or forgets it.
class H2Stream {
 public:
  virtual ~H2Stream() = default;
  /// A part of the body, valid during the call. What is taken is told by consume().
  virtual void onData(std::string_view bytes) = 0;
  /// A field of a section: of a request that is its trailers, of a response its heads as well.
  virtual void onField(std::string_view name, std::string_view value) = 0;
  /// The section is complete; `ended`: so is the message.
  virtual void onSectionEnd(bool ended) = 0;
  /// The message is complete with its last data.
  virtual void onEnd() = 0;
  /// The stream is over: reset by either side, or both sides have ended it. The last call. A
  /// request that the peer will not look at has been refused, whoever says so.
  virtual void onClosed(H2Error reason) = 0;
};

/// Frames that ask for work and bring nothing.
enum class H2Idle : std::uint8_t { kControl, kWindowUpdate, kEmptyData, kReset };

class H2SessionEvents {
 public:
  virtual ~H2SessionEvents() = default;
  /// The head of a request begins; of a client's session: any section.
  virtual void onHead() = 0;
  /// Of a request's head. This and the next of a server's session only.
  virtual void onField(std::string_view /*name*/, std::string_view /*value*/) {}
  /// The head is complete; `ended`: so is the request. Gives the owner of the stream, or null for
  /// one that was refused by reset().
  virtual H2Stream* onHeadEnd(H2StreamId /*id*/, bool /*ended*/) { return nullptr; }
  virtual void onIdleFrame(H2Idle kind) = 0;
  virtual void onPong() {}
  /// The peer has said, or changed, what it takes.
  virtual void onSettings() {}
  /// It takes no further requests. Those it will not answer have been closed as refused.
  virtual void onGoaway(H2Error /*reason*/) {}
};

class H2Session {
 public:
  /// `events` outlives it.
  H2Session(H2Role role, const H2Limits& limits, H2SessionEvents& events);
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  ~H2Session();

  /// Takes all of `bytes`. What is wrong with them ends the session, see problem().
  void receive(std::string_view bytes);
  /// Frames what there is to send until `out` holds `most` or nothing is left.
  void collect(OutQueue& out, std::size_t most);
  /// Nothing will be received or sent any more, once collected.
  bool over() const;
  /// Streams that are not closed. There may be more than the limit says: refusing them is left to
  /// the owner.
  std::size_t open() const { return open_; }
  /// Where the frames that have come end.
  const FrameMeter& meter() const { return meter_; }
  /// DATA frames sent.
  std::uint64_t dataFrames() const { return data_frames_; }
  /// Requests made here; 0 on a server.
  std::uint64_t requests() const { return requests_; }
  /// What of the received bytes was content or fields, and what of the sent ones content.
  std::uint64_t useful() const { return useful_; }

  /// A client's: nothing when the connection has no number left for it. It waits while the peer has
  /// as many streams as it takes.
  std::optional<H2StreamId> request(const H2Request& request, H2Stream& owner);
  /// Neither side has said goodbye.
  bool mayRequest() const;
  /// How many streams the peer takes at a time.
  std::uint32_t peerStreams() const;

  void respond(H2StreamId id, const H2Reply& reply);
  /// A 1xx before the reply.
  void inform(H2StreamId id, const ResponseHead& head);
  /// There is more in `body`, or its end.
  void resume(H2StreamId id);
  /// `count` more bytes of a body have been used up, so that the peer may send as many.
  void consume(H2StreamId id, std::size_t count);
  /// The same in two parts: on the stream; on the connection, for other streams.
  void consumeStream(H2StreamId id, std::size_t count);
  void consumeConnection(std::size_t count);
  void reset(H2StreamId id, H2Error reason);
  /// The peer may still send on it.
  bool receives(H2StreamId id) const;
  /// The owner hears no more of the stream. What still comes for it is dropped, and no more of it
  /// is asked for.
  void forget(H2StreamId id);

  /// No new requests, please: those under way are still taken. Then a ping, answered by onPong().
  void announceEnd();
  /// None is taken after those that have come.
  void refuseNew();
  /// Ends it with all its streams; `problem` is static text for counters.
  void terminate(H2Error reason, std::string_view problem);
  /// Why this side ended it: a name of a closed list; empty when it did not.
  std::string_view problem() const { return problem_; }

 private:
  struct Calls;

  void greet(std::string_view frame);
  bool isUnexpected(H2StreamId id) const;

  H2SessionEvents& events_;
  nghttp2_session* session_ = nullptr;
  FrameMeter meter_;
  std::optional<std::uint32_t> limit_;  // of streams, until it is announced
  OutQueue* out_ = nullptr;             // while collecting
  std::size_t most_ = 0;                // the same
  std::size_t open_ = 0;
  std::uint64_t data_frames_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t useful_ = 0;
  std::size_t section_ = 0;  // octets of the field section that is being received
  H2StreamId newest_ = 0;    // that the peer has opened
  // Streams that were ended here while the peer may still be sending trailers on them: at first
  // all, later too many to know them.
  std::array<H2StreamId, 16> cut_{};
  std::size_t cuts_ = 0;
  H2StreamId unsent_ = 0;  // of a request whose head could not leave; its stream closes next
  std::string_view problem_;
  H2Role role_;
  bool broken_ = false;  // takes no more input
};

}  // namespace gatehouse::http
