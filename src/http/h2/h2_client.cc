#include "http/h2/h2_client.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/h2/h2_call.h"
#include "http/h2/h2_client_wire.h"
#include "http/h2/h2_manners.h"
#include "io/deadline.h"
#include "io/gate.h"

namespace gatehouse::http {
namespace {

// The upstream says what it takes before all else; one that does not speaks something else.
constexpr Nanos kSettingsTime = Seconds(10);
// However many it would take: one connection is one flow of packets.
constexpr std::size_t kMostRequests = 1000;

H2Limits limitsFor(const ClientLimits& limits) {
  // What a stream's reader does not take is held here: no more than it takes to keep a stream busy.
  constexpr std::uint32_t kStreamWindow = 256U << 10;
  return {
      .streams = 0,
      .stream_window = kStreamWindow,
      .field_section = static_cast<std::uint32_t>(limits.field_section)
  };
}

class H2Connection final : public H2Client, private H2SessionEvents {
 public:
  H2Connection(
      io::Reactor& reactor,
      std::unique_ptr<io::Stream> stream,
      const ClientLimits& limits,
      H2ClientEvents& events
  )
      : wire_(reactor, std::move(stream), limits, limitsFor(limits), *this, events),
        manners_(wire_.session),
        settings_deadline_(io::Deadline::after(reactor, kSettingsTime)),
        running_(run(), wire_.never) {}
  ~H2Connection() override;

  bool hasRoom() const override;
  std::unique_ptr<ClientConnection> begin() override { return std::make_unique<H2Call>(wire_); }
  std::size_t requests() const override { return wire_.requests; }
  std::size_t most() const override;
  bool over() const override;

 private:
  void onHead() override { wire_.head.drop(); }
  void onIdleFrame(H2Idle kind) override { manners_.onIdleFrame(kind, wire_.reactor.now()); }
  void onSettings() override;
  void onGoaway(H2Error reason) override;

  io::Task<void> run();
  void receive(std::size_t count);
  io::Deadline deadline() const;
  void late();
  Error whyLost() const;
  void end();

  H2ClientWire wire_;
  H2Manners manners_;
  io::Deadline settings_deadline_;
  H2Error goodbye_ = H2Error::kNoError;
  bool has_settings_ = false;
  bool stuck_ = false;  // the upstream takes nothing any more
  bool ended_ = false;
  io::Child running_;  // last: it runs over all of the above
};

H2Connection::~H2Connection() {
  GATEHOUSE_INVARIANT(wire_.requests == 0);
  if (!wire_.lost) {
    wire_.session.terminate(H2Error::kNoError, {});
    wire_.flush();
  }
}

std::size_t H2Connection::most() const {
  if (!has_settings_) {
    return 0;
  }
  std::size_t most = std::min<std::size_t>(wire_.session.peerStreams(), kMostRequests);
  return wire_.reactor.now() < wire_.refused_until ? std::min(most, wire_.refused_at) : most;
}

bool H2Connection::hasRoom() const {
  std::size_t room = has_settings_ ? most() : 1;
  return !over() && std::max(wire_.requests, wire_.session.open()) < room;
}

bool H2Connection::over() const {
  return ended_ || wire_.lost || !wire_.session.mayRequest() || (has_settings_ && most() == 0);
}

void H2Connection::onSettings() {
  has_settings_ = true;
  settings_deadline_ = io::Deadline::never();
  wire_.events.onChange();
}

void H2Connection::onGoaway(H2Error reason) {
  goodbye_ = reason;
  wire_.events.onChange();
}

io::Task<void> H2Connection::run() {
  // Not read from at once, so that the first request leaves along with the preface.
  std::size_t last_read = 1;
  while (!wire_.over()) {
    H2Pulse pulse(wire_, deadline(), std::exchange(last_read, 0));
    switch (co_await pulse) {
      case H2Pulse::Came::kBytes:
        last_read = pulse.count();
        receive(last_read);
        break;
      case H2Pulse::Came::kLate:
        late();
        break;
      case H2Pulse::Came::kCalled:
        break;
      case H2Pulse::Came::kCancelled:
      case H2Pulse::Came::kEnd:
        wire_.close();
        break;
    }
  }
  end();
}

void H2Connection::receive(std::size_t count) {
  static_cast<void>(wire_.reactor.lendRead(count));
  ++wire_.heard;
  wire_.session.receive({wire_.reactor.readSpace().data(), count});
  manners_.onReceived(count);
}

io::Deadline H2Connection::deadline() const {
  const Nanos patience = wire_.limits.write_timeout;
  if (wire_.stuck_since && patience > Nanos(0)) {
    return settings_deadline_.orEarlier(io::Deadline(*wire_.stuck_since + patience));
  }
  return settings_deadline_;
}

void H2Connection::late() {
  const io::Deadline now(wire_.reactor.now());
  if (settings_deadline_ <= now) {
    settings_deadline_ = io::Deadline::never();
    wire_.session.terminate(H2Error::kSettingsTimeout, "h2_settings_timeout");
  }
  if (wire_.stuck_since && io::Deadline(*wire_.stuck_since + wire_.limits.write_timeout) <= now) {
    stuck_ = true;
    wire_.close();
  }
}

Error H2Connection::whyLost() const {
  if (std::string_view problem = wire_.session.problem(); !problem.empty()) {
    return {
        ErrorKind::kUpstreamInvalid,
        Origin::kUpstream,
        "the upstream breaks the rules of HTTP/2: " + std::string(problem),
    };
  }
  if (stuck_) {
    return {ErrorKind::kTimeout, Origin::kUpstream, "the upstream took no bytes within the limit"};
  }
  std::string how = "the upstream has closed the connection";
  if (goodbye_ != H2Error::kNoError) {
    how.append(": ").append(toString(goodbye_));
  }
  return {ErrorKind::kUpstreamClosed, Origin::kUpstream, std::move(how)};
}

// The streams that are left learn that there is no connection any more.
void H2Connection::end() {
  ended_ = true;
  wire_.close();
  const Error why = whyLost();
  while (H2Caller* caller = wire_.callers.popFront()) {
    caller->onLost(why);
  }
  wire_.events.onChange();
}

}  // namespace

std::unique_ptr<H2Client> clientHttp2(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ClientLimits& limits,
    H2ClientEvents& events
) {
  return std::make_unique<H2Connection>(reactor, std::move(stream), limits, events);
}

}  // namespace gatehouse::http
