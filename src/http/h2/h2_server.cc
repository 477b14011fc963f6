#include "http/h2/h2_server.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/gentle_close.h"
#include "http/h2/h2_exchange.h"
#include "http/h2/h2_manners.h"
#include "http/h2/h2_server_wire.h"
#include "http/h2/h2_session.h"
#include "http/h2/h2_wire.h"
#include "http/h2/refused_stream.h"
#include "http/h2/request_head.h"
#include "http/server_connection.h"
#include "io/deadline.h"

namespace gatehouse::http {
namespace {

// Between "no new requests, please" and refusing them, for those under way; a client that answers
// is waited for as long as that takes.
constexpr Nanos kNotice = Seconds(1);
// An unfinished frame has as long as a body, and a moment for the body's answer.
constexpr Nanos kFrameNotice = Seconds(1);
// The preface and the head of the frame behind it.
constexpr std::uint64_t kFirstBytes = 24 + 9;

class H2Server final : public ServerConnection, private H2SessionEvents {
 public:
  H2Server(
      io::Reactor& reactor,
      std::unique_ptr<io::Stream> stream,
      const ServerLimits& limits,
      ServerShared& shared,
      RefusedRequests* refused,
      Http2Start start
  );
  ~H2Server() override;

  io::Task<std::unique_ptr<ServerExchange>> next() override;
  void drain() override;
  bool sideBySide() const override { return true; }
  const io::Peer& peer() const override { return wire_.stream->peer(); }
  std::optional<Nanos> takeAcceptWait() override { return std::exchange(accept_wait_, {}); }
  std::string_view protocolError() const override;

 private:
  enum class Drain : std::uint8_t { kNo, kAnnounced, kRefusing };

  void onHead() override;
  void onField(std::string_view name, std::string_view value) override { head_.add(name, value); }
  H2Stream* onHeadEnd(H2StreamId id, bool ended) override;
  void onIdleFrame(H2Idle kind) override { manners_.onIdleFrame(kind, wire_.reactor.now()); }
  void onPong() override;

  H2Stream* refuse(H2StreamId id, Violation violation, const RequestHead& head, bool ended);
  H2Stream* refuseExcess(H2StreamId id);
  void receive(std::string_view bytes);
  void noteFrame();
  void noteBusy();
  io::Deadline deadline() const;
  void late();
  void noteSlowHead();
  void endNotice();
  io::Task<void> end();

  H2ServerWire wire_;
  RefusedRequests* refused_;
  H2RequestHead head_;
  std::string received_;  // before next() was called
  std::deque<std::unique_ptr<H2Exchange>> ready_;
  std::vector<std::unique_ptr<RefusedStream>> refusals_;
  H2Manners manners_;
  std::uint64_t frame_ = 0;  // that frame_deadline_ is for
  std::size_t last_read_ = 0;
  std::optional<Nanos> accept_wait_;
  io::Deadline preface_deadline_;
  io::Deadline head_deadline_;
  io::Deadline frame_deadline_;
  io::Deadline idle_deadline_;
  io::Deadline notice_deadline_;
  Drain drain_ = Drain::kNo;
  bool heard_;  // something has been received
  bool timed_out_ = false;
};

H2Server::H2Server(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ServerLimits& limits,
    ServerShared& shared,
    RefusedRequests* refused,
    Http2Start start
)
    : wire_(reactor, std::move(stream), limits, shared, *this),
      refused_(refused),
      head_({limits.target, limits.field_section, limits.field_count}),
      received_(std::move(start.received)),
      manners_(wire_.session),
      accept_wait_(start.accept_wait),
      idle_deadline_(io::Deadline::after(reactor, limits.idle_timeout)),
      heard_(!received_.empty()) {}

H2Server::~H2Server() {
  ready_.clear();
  if (!wire_.lost) {
    wire_.session.terminate(H2Error::kNoError, {});
    wire_.flush();
  }
}

std::string_view H2Server::protocolError() const {
  return timed_out_ ? kSlowHead : wire_.session.problem();
}

io::Task<std::unique_ptr<ServerExchange>> H2Server::next() {
  if (!received_.empty()) {
    receive(std::exchange(received_, {}));
  }
  while (ready_.empty() && !wire_.over()) {
    H2Pulse pulse(wire_, deadline(), std::exchange(last_read_, 0));
    switch (co_await pulse) {
      case H2Pulse::Came::kBytes: {
        if (!std::exchange(heard_, true)) {
          accept_wait_ = wire_.reactor.clock().now() - wire_.reactor.now();
        }
        last_read_ = pulse.count();
        static_cast<void>(wire_.reactor.lendRead(last_read_));
        receive({wire_.reactor.readSpace().data(), last_read_});
        break;
      }
      case H2Pulse::Came::kLate:
        late();
        break;
      case H2Pulse::Came::kCalled:
        noteBusy();
        break;
      case H2Pulse::Came::kCancelled:
        wire_.flush();
        co_return nullptr;
      case H2Pulse::Came::kEnd:
        wire_.close();
        break;
    }
  }
  if (!ready_.empty()) {
    std::unique_ptr<ServerExchange> exchange = std::move(ready_.front());
    ready_.pop_front();
    co_return exchange;
  }
  co_await end();
  co_return nullptr;
}

void H2Server::receive(std::string_view bytes) {
  wire_.session.receive(bytes);
  for (; wire_.malformed != 0; --wire_.malformed) {
    onIdleFrame(H2Idle::kReset);
  }
  std::erase_if(refusals_, [](const auto& refusal) { return refusal->closed(); });
  manners_.onReceived(bytes.size());
  noteBusy();
  noteFrame();
  if (manners_.bytesIn() >= kFirstBytes) {
    preface_deadline_ = io::Deadline::never();
  } else if (preface_deadline_.isNever()) {
    preface_deadline_ = io::Deadline::after(wire_.reactor, wire_.limits.head_timeout);
  }
}

// A frame that has begun ends in time, or nothing on the connection will ever be heard again.
// Content is waited for as long as some of it comes; a head has a limit of its own.
void H2Server::noteFrame() {
  const FrameMeter& meter = wire_.session.meter();
  if (!meter.within() || !head_deadline_.isNever() || manners_.bytesIn() < kFirstBytes) {
    frame_deadline_ = io::Deadline::never();
  } else if (meter.withinData()) {
    frame_deadline_ = io::Deadline::after(wire_.reactor, wire_.limits.body_timeout + kFrameNotice);
  } else if (frame_deadline_.isNever() || frame_ != meter.frames()) {
    frame_deadline_ = io::Deadline::after(wire_.reactor, wire_.limits.head_timeout);
  }
  frame_ = meter.frames();
}

void H2Server::noteBusy() {
  idle_deadline_ = io::Deadline::after(wire_.reactor, wire_.limits.idle_timeout);
}

void H2Server::onHead() {
  head_deadline_ = io::Deadline::after(wire_.reactor, wire_.limits.head_timeout);
}

H2Stream* H2Server::onHeadEnd(H2StreamId id, bool ended) {
  head_deadline_ = io::Deadline::never();
  RequestHead head{.method = Method::kOther};
  auto framing = head_.take(head);
  if (wire_.session.open() > wire_.limits.h2.streams) {
    return refuseExcess(id);
  }
  if (framing && ended && framing->length.value_or(0) != 0) {
    framing = std::unexpected(Violation::kFraming);
  }
  if (!framing) {
    return refuse(id, framing.error(), head, ended);
  }
  ready_.push_back(std::make_unique<H2Exchange>(wire_, id, std::move(head), *framing, ended));
  return ready_.back().get();
}

// RFC 9113 section 8.1.1: a malformed request may be answered before its stream is closed.
H2Stream* H2Server::refuse(
    H2StreamId id, Violation violation, const RequestHead& head, bool ended
) {
  ++wire_.shared.refused[static_cast<std::size_t>(violation)];
  onIdleFrame(H2Idle::kReset);
  std::optional<Nanos> accept_wait = takeAcceptWait();
  refusals_.push_back(std::make_unique<RefusedStream>(wire_, id));
  refusals_.back()->answer(
      {.violation = violation,
       .head = head,
       .peer = peer(),
       .accept_wait = accept_wait,
       .ended = ended},
      refused_
  );
  return refusals_.back().get();
}

// RFC 9113 section 8.7: the client may send it again as if it had not been sent.
H2Stream* H2Server::refuseExcess(H2StreamId id) {
  onIdleFrame(H2Idle::kReset);
  wire_.session.reset(id, H2Error::kRefusedStream);
  return nullptr;
}

void H2Server::onPong() {
  if (drain_ == Drain::kAnnounced) {
    endNotice();
  }
}

void H2Server::drain() {
  if (drain_ != Drain::kNo || wire_.lost) {
    return;
  }
  drain_ = Drain::kAnnounced;
  notice_deadline_ = io::Deadline::after(wire_.reactor, kNotice);
  wire_.session.announceEnd();
  if (wire_.pulse != nullptr) {
    wire_.pulse->interrupt();
  }
}

void H2Server::endNotice() {
  drain_ = Drain::kRefusing;
  notice_deadline_ = io::Deadline::never();
  wire_.session.refuseNew();
}

io::Deadline H2Server::deadline() const {
  io::Deadline first = notice_deadline_.orEarlier(preface_deadline_)
                           .orEarlier(head_deadline_)
                           .orEarlier(frame_deadline_);
  if (wire_.session.open() == 0 && wire_.exchanges.empty()) {
    first = first.orEarlier(idle_deadline_);
  }
  if (!wire_.leftovers.empty()) {
    first = first.orEarlier(io::Deadline(wire_.leftovers.front().until));
  }
  if (wire_.stuck_since && wire_.limits.write_timeout > Nanos(0)) {
    first = first.orEarlier(io::Deadline(*wire_.stuck_since + wire_.limits.write_timeout));
  }
  return first;
}

void H2Server::late() {
  io::Deadline now(wire_.reactor.now());
  if (notice_deadline_ <= now) {
    endNotice();
  }
  if (head_deadline_ <= now) {
    noteSlowHead();
  }
  if (std::min(preface_deadline_, head_deadline_) <= now) {
    preface_deadline_ = head_deadline_ = io::Deadline::never();
    timed_out_ = true;
    wire_.session.terminate(H2Error::kNoError, {});
  }
  if (frame_deadline_ <= now) {
    frame_deadline_ = io::Deadline::never();
    wire_.session.terminate(H2Error::kNoError, "h2_slow_frame");
  }
  for (; !wire_.leftovers.empty() && io::Deadline(wire_.leftovers.front().until) <= now;
       wire_.leftovers.pop_front()) {
    if (wire_.session.receives(wire_.leftovers.front().id)) {
      wire_.session.reset(wire_.leftovers.front().id, H2Error::kNoError);
    }
  }
  if (wire_.stuck_since && io::Deadline(*wire_.stuck_since + wire_.limits.write_timeout) <= now) {
    wire_.close();
  }
  if (wire_.session.open() == 0 && wire_.exchanges.empty() && idle_deadline_ <= now) {
    idle_deadline_ = io::Deadline::never();
    drain();
  }
}

// As one of HTTP/1.1 that does not finish its head; but there is no stream to answer on.
void H2Server::noteSlowHead() {
  ++wire_.shared.slow_heads;
  if (refused_ != nullptr) {
    const Error error(ErrorKind::kTimeout, Origin::kDownstream, std::string(kSlowHeadDetail));
    refused_->begin(
        {.status = 408,
         .method = std::nullopt,
         .version = Version::kHttp2,
         .host = {},
         .path = {},
         .sent_path = {},
         .accept_wait = takeAcceptWait(),
         .peer = peer(),
         .error = error,
         .code = kSlowHead,
         .detail = kSlowHeadDetail}
    );
    refused_->unanswered();
  }
}

// The streams that are left learn that there is no connection any more.
io::Task<void> H2Server::end() {
  while (H2Exchange* exchange = wire_.exchanges.popFront()) {
    exchange->onLost();
  }
  if (!std::exchange(wire_.lost, true)) {
    co_await endGently(*wire_.stream, wire_.limits.write_timeout);
  }
  wire_.close();
}

}  // namespace

std::unique_ptr<ServerConnection> serveHttp2(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ServerLimits& limits,
    ServerShared& shared,
    RefusedRequests* refused,
    Http2Start start
) {
  return std::make_unique<H2Server>(
      reactor, std::move(stream), limits, shared, refused, std::move(start)
  );
}

}  // namespace gatehouse::http
