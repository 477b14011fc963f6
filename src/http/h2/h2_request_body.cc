#include "http/h2/h2_request_body.h"

#include <algorithm>
#include <string>
#include <utility>

#include "http/h2/h2_server_wire.h"
#include "io/deadline.h"
#include "io/waiter.h"

namespace gatehouse::http {
namespace {

// A body up to this size has room in one buffer from its first octet on: most of it has come
// already.
constexpr std::uint64_t kWholeAtOnce = 256 * 1024;

}  // namespace

/// Waits for something of the body, which goes straight into `space` if there is any.
class H2RequestBody::Arrival final : public io::Waiter, private io::Timer {
 public:
  Arrival(H2RequestBody& body, std::span<char> space)
      : Waiter(body.wire_.reactor), body_(body), space_(space) {}
  ~Arrival() override { leave(); }

  bool await_ready() const { return false; }
  Result<void> await_resume() {
    leave();
    // What has come already is not lost by a cancellation.
    if (cancelled() && filled_ == 0) {
      return cancelledError();
    }
    if (late_ && filled_ == 0) {
      return fail(
          ErrorKind::kTimeout, Origin::kDownstream, "nothing received of the body within the limit"
      );
    }
    return {};
  }

  /// How much of `bytes` it takes.
  std::size_t fill(std::string_view bytes) {
    std::size_t count = std::min(bytes.size(), space_.size() - filled_);
    bytes.copy(space_.data() + filled_, count);
    filled_ += count;
    return count;
  }
  std::string_view filled() const { return {space_.data(), filled_}; }

 private:
  void onSuspend() override {
    body_.waiting_ = this;
    reactor().timers().arm(*this, reactor().now() + body_.wire_.limits.body_timeout);
  }
  void onTimer() override {
    late_ = true;
    wake();
  }
  void leave() {
    if (body_.waiting_ == this) {
      body_.waiting_ = nullptr;
      reactor().timers().disarm(*this);
    }
  }

  H2RequestBody& body_;
  std::span<char> space_;
  std::size_t filled_ = 0;
  bool late_ = false;
};

H2RequestBody::H2RequestBody(
    H2ServerWire& wire, H2StreamId id, const H2Framing& framing, bool ended
)
    : wire_(wire),
      id_(id),
      length_(framing.length),
      awaits_invitation_(framing.expects_continue && !ended),
      ended_(ended) {}

std::optional<std::uint64_t> H2RequestBody::length() const {
  bool is_empty = ended_ && arrived_ == 0 && broken_ == nullptr;
  return is_empty ? 0 : length_;
}

bool H2RequestBody::ready() const {
  return !stored().empty() || ended_ || broken_ != nullptr;
}

io::Buffer H2RequestBody::takeReceived() {
  if (!length_ || received_at_ != 0 || received_.size() == 0 || broken_ != nullptr) {
    return {};
  }
  used(received_.size());
  return std::exchange(received_, {});
}

io::Task<Result<Piece>> H2RequestBody::receive(std::span<char> space) {
  if (ready()) {
    co_return take();
  }
  if (std::exchange(awaits_invitation_, false)) {
    wire_.session.inform(id_, {.status = 100});
    wire_.push();
  }
  Arrival arrival(*this, space);
  GATEHOUSE_CO_CHECK_OK(co_await arrival);
  if (std::string_view filled = arrival.filled(); !filled.empty()) {
    used(filled.size());
    co_return Piece{filled, ended_ && broken_ == nullptr && stored().empty()};
  }
  co_return take();
}

// Everything there is; it stays in its buffer until the next pull.
Result<Piece> H2RequestBody::take() {
  if (broken_ != nullptr) {
    return fail(*broken_);
  }
  std::string_view bytes = stored();
  received_at_ = received_.size();
  used(bytes.size());
  return Piece{bytes, ended_};
}

// The client may send as much again.
void H2RequestBody::used(std::size_t count) {
  bytes_in_ += count;
  wire_.session.consume(id_, count);
  wire_.push();
}

void H2RequestBody::replyBegins() {
  if (stored().empty()) {
    received_ = {};
    received_at_ = 0;
  }
}

void H2RequestBody::onData(std::string_view bytes) {
  awaits_invitation_ = false;
  arrived_ += bytes.size();
  if (broken_ != nullptr) {
    wire_.session.consume(id_, bytes.size());
    return;
  }
  if (length_ && arrived_ > *length_) {
    wire_.session.consume(id_, bytes.size());
    onMalformed("the body is longer than its Content-Length");
    return;
  }
  if (waiting_ != nullptr) {
    bytes.remove_prefix(stored().empty() ? waiting_->fill(bytes) : 0);
    waiting_->wake();
  }
  store(bytes);
}

void H2RequestBody::store(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  if (stored().empty()) {
    received_ = {};
    received_at_ = 0;
  }
  Result<void> kept = received_.capacity() != 0 ? received_.append(bytes) : storeFirst(bytes);
  if (!kept) {
    wire_.session.consume(id_, bytes.size());
    onBroken(std::move(kept).error());
  }
}

Result<void> H2RequestBody::storeFirst(std::string_view bytes) {
  bool whole = length_ && *length_ <= kWholeAtOnce && arrived_ == bytes.size();
  std::size_t room = whole ? static_cast<std::size_t>(*length_) : bytes.size();
  GATEHOUSE_TRY(received_, wire_.reactor.buffers().take(room));
  return received_.append(bytes);
}

void H2RequestBody::onTrailer(std::string_view name, std::string_view value) {
  constexpr std::size_t kFieldOverhead = 32;
  trailer_size_ += name.size() + value.size() + kFieldOverhead;
  if (broken_ != nullptr) {
    return;
  }
  if (trailer_size_ > wire_.limits.field_section || checkH2Field(name, value)) {
    onMalformed("invalid trailer section");
    return;
  }
  if (trailers_ == nullptr) {
    trailers_ = std::make_unique<Fields>();
  }
  trailers_->add(name, value);
}

void H2RequestBody::onEnd() {
  if (length_ && arrived_ < *length_) {
    onMalformed("the body is shorter than its Content-Length");
  }
  ended_ = true;
  if (waiting_ != nullptr) {
    waiting_->wake();
  }
}

void H2RequestBody::onMalformed(std::string_view what) {
  wire_.malformed += malformed_ ? 0 : 1;
  malformed_ = true;
  onBroken({ErrorKind::kBadRequest, Origin::kDownstream, std::string(what)});
}

void H2RequestBody::onBroken(Error error) {
  if (broken_ == nullptr) {
    broken_ = std::make_unique<Error>(std::move(error));
    leave();
  }
  if (waiting_ != nullptr) {
    waiting_->wake();
  }
}

void H2RequestBody::leave() {
  wire_.session.consume(id_, stored().size());
  received_ = {};
  received_at_ = 0;
}

}  // namespace gatehouse::http
