#include "http/h2/h2_exchange.h"

#include <utility>

#include "base/check.h"
#include "http/h1_write.h"
#include "http/h2/h2_server_wire.h"

namespace gatehouse::http {
namespace {

// RFC 9113 section 8.1: a client whose request is not wanted to its end is told so behind the
// reply. Not at once: many take that for the end of the reply as well.
constexpr Nanos kPatience = Seconds(1);

std::unexpected<Error> goneError() {
  return fail(ErrorKind::kPeerClosed, Origin::kDownstream, "the client has closed the stream");
}

}  // namespace

H2Exchange::H2Exchange(
    H2ServerWire& wire, H2StreamId id, RequestHead head, const H2Framing& framing, bool ended
)
    : wire_(wire),
      id_(id),
      head_(std::move(head)),
      body_(wire, id, framing, ended),
      is_head_(head_.method == Method::kHead) {
  wire_.exchanges.pushBack(*this);
}

H2Exchange::~H2Exchange() {
  unlink();
  body_.leave();
  if (!closed_) {
    wire_.session.forget(id_);
    if (state_ != State::kFinished || body_.malformed()) {
      wire_.session.reset(id_, whyCut());
    } else if (!body_.ended()) {
      wire_.leftovers.push_back({id_, wire_.reactor.now() + kPatience});
    }
  }
  wire_.push();
  if ((wire_.exchanges.empty() || !wire_.leftovers.empty()) && wire_.pulse != nullptr) {
    wire_.pulse->interrupt();  // it waits for something else from now on
  }
}

void H2Exchange::writeInterim(const ResponseHead& head) {
  if (!closed_ && state_ == State::kUnwritten) {
    wire_.session.inform(id_, head);
    wire_.push();
  }
}

void H2Exchange::writeHead(const ResponseHead& head, Framing framing) {
  GATEHOUSE_INVARIANT(state_ == State::kUnwritten);
  state_ = State::kWriting;
  body_.replyBegins();
  bool bodiless = head.status < 200 || head.status == 204 || head.status == 304;
  const std::optional<std::uint64_t> declared =
      head.status < 200 || head.status == 204 ? std::nullopt : declaredLength(head.fields);
  has_body_ = framing != Framing::kNone && !bodiless && !is_head_;
  bool counted = has_body_ && framing == Framing::kLength;
  if (counted) {
    length_left_ = declared;
    has_body_ = declared != 0;
  }
  if (closed_) {
    return;
  }
  wire_.session.respond(
      id_,
      {.head = head,
       .date = wire_.shared.date.at(wire_.reactor.clock().wall()),
       .length = has_body_ && !counted ? std::nullopt : declared,
       .body = has_body_ ? &outgoing_ : nullptr}
  );
}

void H2Exchange::setTrailers(const Fields& trailers) {
  trailers_ = std::make_unique<Fields>(trailers);
  removeHopByHop(*trailers_);
  outgoing_.trailers = trailers_.get();
}

io::Task<Result<void>> H2Exchange::flush() {
  wire_.push();
  counts_.begun = counts_.begun || !wire_.lost;
  co_return broken() ? Result<void>(goneError()) : Result<void>();
}

void H2Exchange::abort() {
  if (!closed_) {
    closed_ = true;
    wire_.session.forget(id_);
    wire_.session.reset(id_, whyCut());
    wire_.push();
  }
}

// RFC 9113 section 8.1.1: a malformed request is an error of its protocol, also when the reply had
// begun.
H2Error H2Exchange::whyCut() const {
  return body_.malformed() ? H2Error::kProtocolError : H2Error::kInternalError;
}

const ExchangeCounts& H2Exchange::counts() const {
  counts_.bytes_in = body_.bytesIn();
  return counts_;
}

// RFC 9113 section 8.1.1: a reply of another length than it declares is malformed.
Result<void> H2Exchange::account(std::string_view bytes, Last last) {
  if (!length_left_) {
    return {};
  }
  bool too_long = bytes.size() > *length_left_;
  *length_left_ -= too_long ? 0 : bytes.size();
  if (too_long || (last == Last::kYes && *length_left_ != 0)) {
    return fail(
        ErrorKind::kInternal,
        Origin::kGateway,
        "reply body does not have the length its head declares"
    );
  }
  return {};
}

Result<void> H2Exchange::framed(H2Framed::Came came) const {
  switch (came) {
    case H2Framed::Came::kFramed:
      return {};
    case H2Framed::Came::kCancelled:
      return fail(ErrorKind::kCancelled, Origin::kGateway, "cancelled");
    case H2Framed::Came::kWoken:
      return goneError();
    case H2Framed::Came::kLate:
      return fail(
          ErrorKind::kTimeout, Origin::kDownstream, "the client took no bytes within the limit"
      );
  }
  std::unreachable();
}

io::Task<Result<void>> H2Exchange::send(std::string_view bytes, Last last) {
  GATEHOUSE_INVARIANT(state_ == State::kWriting);
  if (!has_body_ && !length_left_) {
    bytes = {};
  }
  if (auto accounted = account(bytes, last); !accounted) {
    abort();
    co_return accounted;
  }
  if (broken()) {
    co_return goneError();
  }
  if (has_body_) {
    GATEHOUSE_DEBUG_CHECK(!outgoing_.last);
    outgoing_.bytes = bytes;
    outgoing_.last = last == Last::kYes;
    wire_.session.resume(id_);
  }
  wire_.push();
  counts_.begun = counts_.begun || !wire_.lost;
  if (has_body_ && !outgoing_.framed()) {
    rest_ = outgoing_.bytes;
    outgoing_.bytes = rest_;
    H2Framed wait(wire_.reactor, outgoing_, wire_.limits.write_timeout);
    Result<void> sent = framed(co_await wait);
    counts_.stall += wait.waited();
    if (!sent) {
      counts_.bytes_out += bytes.size() - outgoing_.bytes.size();
      outgoing_.bytes = {};
      co_return sent;
    }
    std::string().swap(rest_);
  } else if (wire_.lost) {
    co_return goneError();
  }
  counts_.bytes_out += bytes.size();
  state_ = last == Last::kYes ? State::kFinished : state_;
  co_return Result<void>();
}

void H2Exchange::onSectionEnd(bool ended) {
  if (ended) {
    body_.onEnd();
    return;
  }
  body_.onMalformed("the trailer section does not end the request");
}

void H2Exchange::onClosed(H2Error /*reason*/) {
  closed_ = true;
  over("the client has reset the stream");
}

void H2Exchange::onLost() {
  closed_ = true;
  over("the client has closed the connection");
}

// All of the reply is framed.
bool H2Exchange::replied() const {
  return state_ == State::kFinished ||
         (state_ == State::kWriting && (!has_body_ || outgoing_.ended));
}

bool H2Exchange::broken() const {
  return wire_.lost || (closed_ && !replied());
}

// Whoever waits for the stream learns that there is none any more.
void H2Exchange::over(std::string_view why) {
  if (!body_.ended()) {
    body_.onBroken({ErrorKind::kPeerClosed, Origin::kDownstream, std::string(why)});
  }
  if (!replied()) {
    gone_.request();
  }
  if (outgoing_.waiting != nullptr) {
    outgoing_.waiting->wake();
  }
}

}  // namespace gatehouse::http
