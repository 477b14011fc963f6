#include "http/h2/h2_call.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/h1_write.h"

namespace gatehouse::http {
namespace {

// Interim responses passed over before an upstream that sends nothing else is given up.
constexpr int kMostInterim = 16;
// A peer that has refused a stream is held to what it had for so long.
constexpr Nanos kRefusalLasts = Seconds(1);

// RFC 9110 section 9.2.2: may be sent again whatever became of it.
bool isIdempotent(Method method) {
  return method != Method::kPost && method != Method::kPatch && method != Method::kConnect &&
         method != Method::kOther;
}

std::uint64_t sizeOf(const std::vector<Chunk>& slices) {
  std::uint64_t size = 0;
  for (const Chunk& slice : slices) {
    size += slice.size();
  }
  return size;
}

}  // namespace

/// Waits until there is something to look at, or a deadline has passed.
class H2Call::News final : public io::Waiter, private io::Timer {
 public:
  enum class Came : std::uint8_t { kNews, kLate, kCancelled };

  News(H2Call& call, io::Deadline deadline)
      : Waiter(call.wire_.reactor), sending_(call.sending_), deadline_(deadline) {
    hears_framing_ = call.upload_ == nullptr;
  }
  ~News() override { leave(); }

  bool await_ready() const { return false; }
  Came await_resume() {
    leave();
    if (cancelled()) {
      return Came::kCancelled;
    }
    return late_ ? Came::kLate : Came::kNews;
  }

 private:
  void onSuspend() override {
    sending_.listener = this;
    if (hears_framing_) {
      sending_.outgoing.waiting = this;
    }
    if (!deadline_.isNever()) {
      reactor().timers().arm(*this, deadline_.at());
    }
  }
  void onTimer() override {
    late_ = true;
    wake();
  }
  void leave() {
    if (sending_.listener == this) {
      sending_.listener = nullptr;
      reactor().timers().disarm(*this);
      if (hears_framing_) {
        sending_.outgoing.waiting = nullptr;
      }
    }
  }

  H2Sending& sending_;
  io::Deadline deadline_;
  bool hears_framing_;
  bool late_ = false;
};

/// The body as it is handed out.
class H2Call::Source final : public BodySource {
 public:
  explicit Source(H2Call& call) : call_(call) {}
  ~Source() override { call_.leave(); }

  io::Task<Result<Piece>> pull() override { return call_.pull(); }
  void wakeInSilence(Nanos silence) override { call_.silence_ = silence; }
  bool ready() const override { return call_.body_.canTake(call_.requestSent()); }
  std::optional<std::uint64_t> length() const override { return call_.body_.length(); }
  const Fields* trailers() const override { return call_.body_.trailers(); }

 private:
  H2Call& call_;
};

H2Call::H2Call(H2ClientWire& wire)
    : wire_(wire), sending_(wire), body_(sending_), reused_(wire.begun != 0) {
  ++wire_.requests;
  ++wire_.begun;
}

H2Call::~H2Call() {
  leave();
  unlink();
  --wire_.requests;
  wire_.events.onChange();
}

io::Task<Result<ClientResponse>> H2Call::send(ClientRequest& request) {
  GATEHOUSE_INVARIANT(sending_.id == 0);
  request.sent.reset();
  GATEHOUSE_CO_CHECK_OK(begin(request));
  std::size_t left = sending_.outgoing.left();
  for (;;) {
    if (auto done = settled(request)) {
      co_return *std::move(done);
    }
    switch (co_await News(*this, sendDeadline(request))) {
      case News::Came::kNews:
        break;
      case News::Came::kCancelled:
        co_return fail(ErrorKind::kCancelled, Origin::kGateway, "cancelled");
      case News::Came::kLate:
        if (auto late = lateToSend(left)) {
          co_return *std::move(late);
        }
        break;
    }
  }
}

Result<void> H2Call::begin(ClientRequest& request) {
  std::optional<std::uint64_t> length = sizeOf(request.slices);
  if (!request.stream.empty()) {
    length = request.stream.length();
  }
  asked_ = request.head.method;
  sending_.has_body = length != 0;
  bool says_length = length && (*length != 0 || usuallyHasBody(asked_));
  heard_before_ = wire_.heard;
  if (request.stream.empty() && sending_.has_body) {
    sending_.outgoing = {.more = request.slices, .last = true};
    sending_.outgoing.take(0);
  }
  std::optional<H2StreamId> id;
  if (!wire_.lost) {
    id = wire_.session.request(
        {.head = request.head,
         .scheme = wire_.scheme(),
         .length = says_length ? length : std::nullopt,
         .te_trailers = request.te_trailers,
         .body = sending_.has_body ? &sending_.outgoing : nullptr},
        *this
    );
  }
  if (!id) {
    sending_.closed = true;
    return fail(
        ErrorKind::kUpstreamClosed,
        Origin::kUpstream,
        "the connection takes no request any more",
        Retry::kYes
    );
  }
  sending_.id = *id;
  wire_.callers.pushBack(*this);
  wire_.push();
  if (!request.stream.empty() && sending_.has_body) {
    upload_ = std::make_unique<H2Upload>(sending_, request);
  }
  return {};
}

// Nothing while there is something to wait for.
std::optional<Result<ClientResponse>> H2Call::settled(ClientRequest& request) {
  if (!request.sent && !sending_.closed && !sending_.isUnsent()) {
    request.sent = wire_.reactor.now();
  }
  if (hint_ != nullptr && request.interim != nullptr) {
    request.interim->onInterim(*std::exchange(hint_, nullptr));
  }
  if (answer_ == nullptr) {
    if (body_.broken() != nullptr) {
      return failure(request);
    }
    if (upload_ != nullptr && upload_->failure() != nullptr) {
      return fail(*upload_->failure());
    }
    return std::nullopt;
  }
  if (answer_->status >= 300) {
    stopSending();  // it wants no more
  }
  // Without a body the head waits for the rest.
  bool has_body = !body_.ended() || !body_.empty();
  if (has_body || !sending_.isUnsent() || answer_->status >= 300) {
    return respond(request);
  }
  if (upload_ != nullptr && upload_->failure() != nullptr) {
    return fail(*upload_->failure());
  }
  return std::nullopt;
}

// Who has said yes may still be reading, and may want its answer read before it reads on: what is
// left of the request is sent beside the reading of the answer.
ClientResponse H2Call::respond(ClientRequest& request) {
  ClientResponse response{.head = std::move(*answer_), .body = {}};
  answer_ = nullptr;
  if (sending_.isUnsent() && response.head.status < 300) {
    keepSending(request);
  }
  if (!body_.ended() || !body_.empty() || body_.trailers() != nullptr) {
    response.body = Body(std::make_unique<Source>(*this));
  }
  return response;
}

void H2Call::stopSending() {
  upload_ = nullptr;
  if (sending_.isUnsent()) {
    sending_.outgoing.bytes = {};
    sending_.outgoing.more = {};
    sending_.outgoing.last = false;
    sending_.has_body = false;
  }
}

void H2Call::keepSending(ClientRequest& request) {
  request.goes_on = true;
  if (upload_ != nullptr) {
    upload_->keep(std::move(request.stream));
    return;
  }
  kept_ = request.slices;
  sending_.outgoing.more = std::span(kept_).last(sending_.outgoing.more.size());
}

// A streamed body can be sent again only if it begins once more.
std::unexpected<Error> H2Call::failure(ClientRequest& request) {
  Error error = *body_.broken();
  if (error.retry() != Retry::kYes || upload_ == nullptr || std::move(*upload_).rewind(request)) {
    return fail(std::move(error));
  }
  ErrorKind kind = error.kind();
  Origin origin = error.origin();
  return fail(std::move(error).because(kind, origin, "too much of the request's body is gone"));
}

io::Deadline H2Call::sendDeadline(const ClientRequest& request) const {
  auto after = [](MonoTime from, Nanos time) {
    return time > Nanos(0) ? io::Deadline(from + time) : io::Deadline::never();
  };
  if (!sending_.isUnsent()) {
    MonoTime now = wire_.reactor.now();
    return after(request.sent.value_or(now), wire_.limits.head_timeout);
  }
  // Who sends a streamed body has a limit of its own.
  return upload_ != nullptr ? io::Deadline::never()
                            : after(wire_.reactor.now(), wire_.limits.write_timeout);
}

std::optional<Result<ClientResponse>> H2Call::lateToSend(std::size_t& left) const {
  if (!sending_.isUnsent()) {
    return fail(ErrorKind::kTimeout, Origin::kUpstream, "no head of a response within the limit");
  }
  std::size_t before = std::exchange(left, sending_.outgoing.left());
  if (left != before) {
    return std::nullopt;
  }
  return fail(
      ErrorKind::kTimeout,
      Origin::kUpstream,
      "the upstream took no bytes of the request within the limit"
  );
}

void H2Call::onField(std::string_view name, std::string_view value) {
  if (!std::exchange(answered_, true) && upload_ != nullptr) {
    upload_->forget();
  }
  head_done_ ? body_.onTrailer(name, value) : wire_.head.add(name, value);
}

void H2Call::onSectionEnd(bool ended) {
  if (head_done_) {
    ended ? body_.onEnd() : body_.onMalformed("the trailer section does not end the response");
    return;
  }
  auto response = wire_.head.take();
  if (!response) {
    body_.onMalformed(toError(response.error(), Origin::kUpstream, Version::kHttp2));
    return;
  }
  if (response->head.status >= 200) {
    onHead(*std::move(response), ended);
    return;
  }
  if (response->head.status == 103) {
    hint_ = std::make_unique<ResponseHead>(std::move(response->head));
    sending_.notify();
  }
  if (ended || ++interim_ > kMostInterim) {
    body_.onMalformed(
        ended ? "an interim response that ends"
              : "more than " + std::to_string(kMostInterim) + " interim responses and no final one"
    );
  }
}

void H2Call::onHead(H2Response response, bool ended) {
  if (body_.broken() != nullptr) {
    return;
  }
  head_done_ = true;
  answer_ = std::make_unique<ResponseHead>(std::move(response.head));
  bool none = asked_ == Method::kHead || answer_->status == 204 || answer_->status == 304;
  none ? body_.beginNone() : body_.begin(response.length);
  if (ended) {
    body_.onEnd();
  }
  if (body_.broken() != nullptr) {
    answer_ = nullptr;
  }
  sending_.notify();
}

void H2Call::onClosed(H2Error reason) {
  if (reason == H2Error::kRefusedStream && !answered_) {
    wire_.refused_at = std::max<std::size_t>(wire_.session.open(), 1);
    wire_.refused_until = wire_.reactor.now() + kRefusalLasts;
    closed({
        ErrorKind::kUpstreamClosed,
        Origin::kUpstream,
        "the upstream has refused the stream",
        Retry::kYes,
    });
  } else {
    std::string_view when = head_done_ ? "within the response body" : "without an answer";
    closed({
        ErrorKind::kUpstreamClosed,
        Origin::kUpstream,
        "the upstream has reset the stream " + std::string(when) + ": " +
            std::string(toString(reason)),
    });
  }
  wire_.events.onChange();
}

void H2Call::onLost(const Error& why) {
  closed({why.kind(), why.origin(), why.detail(), isStale() ? Retry::kIfReused : Retry::kNever});
}

// Whether the connection was gone before the request came, as far as that can be seen: nothing has
// been heard on it since.
bool H2Call::isStale() const {
  return reused_ && !answered_ && (wire_.heard == heard_before_ || isIdempotent(asked_));
}

void H2Call::closed(Error error) {
  unlink();
  sending_.closed = true;
  body_.onBroken(std::move(error));
  if (sending_.outgoing.waiting != nullptr) {
    sending_.outgoing.waiting->wake();
  }
}

RequestSent H2Call::requestSent() const {
  return sending_.isUnsent() ? RequestSent::kNo : RequestSent::kYes;
}

// Waits and little else: its frame is held by every stream that waits.
io::Task<Result<Piece>> H2Call::pull() {
  for (;;) {
    if (auto piece = take()) {
      co_return *std::move(piece);
    }
    Nanos time = patience();
    News::Came came = co_await News(
        *this, time > Nanos(0) ? io::Deadline::after(wire_.reactor, time) : io::Deadline::never()
    );
    if (came == News::Came::kCancelled) {
      co_return fail(ErrorKind::kCancelled, Origin::kGateway, "cancelled");
    }
    if (came == News::Came::kLate) {
      if (auto late = lateToReceive()) {
        co_return *std::move(late);
      }
    }
  }
}

[[gnu::noinline]] std::optional<Result<Piece>> H2Call::take() {
  if (upload_ != nullptr && upload_->failure() != nullptr) {
    return fail(*upload_->failure());
  }
  std::optional<Result<Piece>> piece = body_.take(requestSent());
  if (piece) {
    waited_ = Nanos(0);
  } else {
    body_.release();
  }
  return piece;
}

// For one wait; zero is for ever. No limit of its own while the request moves: who sends and who
// takes it have theirs.
Nanos H2Call::patience() const {
  bool moves = upload_ != nullptr && !upload_->over();
  const Nanos limit = moves ? Nanos(0) : wire_.limits.idle_timeout;
  if (silence_ == Nanos(0)) {
    return limit;
  }
  return limit == Nanos(0) ? silence_ : std::min(silence_, limit - waited_);
}

[[gnu::noinline]] std::optional<Result<Piece>> H2Call::lateToReceive() {
  if (body_.canTake(requestSent())) {
    return std::nullopt;
  }
  const Nanos limit = wire_.limits.idle_timeout;
  if (silence_ != Nanos(0)) {
    waited_ += patience();
    if (limit == Nanos(0) || waited_ < limit) {
      return Piece{};
    }
  }
  return fail(
      ErrorKind::kTimeout, Origin::kUpstream, "nothing of the response body within the limit"
  );
}

// The peer is told unless all has been said.
void H2Call::leave() {
  stopSending();
  body_.drop();
  if (sending_.id != 0 && !sending_.closed) {
    sending_.closed = true;
    unlink();
    wire_.session.forget(sending_.id);
    wire_.session.reset(sending_.id, H2Error::kCancel);
    wire_.push();
  }
}

}  // namespace gatehouse::http
