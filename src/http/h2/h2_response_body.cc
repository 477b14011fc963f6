#include "http/h2/h2_response_body.h"

#include <string>
#include <utility>

#include "http/h2/request_head.h"

namespace gatehouse::http {

void H2ResponseBody::begin(std::optional<std::uint64_t> length) {
  expects_ = Expects::kContent;
  length_ = length;
}

void H2ResponseBody::beginNone() {
  expects_ = Expects::kNoContent;
}

void H2ResponseBody::onData(std::string_view bytes) {
  sending_.wire.session.consumeConnection(bytes.size());
  if (broken_ != nullptr || bytes.empty()) {
    return;
  }
  arrived_ += bytes.size();
  if (expects_ == Expects::kHead) {
    onMalformed("content before the head of the response");
  } else if (expects_ == Expects::kNoContent) {
    onMalformed("content behind a response that has none");
  } else if (length_ && arrived_ > *length_) {
    onMalformed("the body is longer than its Content-Length");
  } else {
    store(bytes);
    sending_.notify();
  }
}

void H2ResponseBody::store(std::string_view bytes) {
  release();
  if (received_.capacity() == 0) {
    auto taken = sending_.wire.reactor.buffers().take(bytes.size());
    if (!taken) {
      onBroken(std::move(taken).error());
      return;
    }
    received_ = *std::move(taken);
  }
  if (Result<void> kept = received_.append(bytes); !kept) {
    onBroken(std::move(kept).error());
  }
}

void H2ResponseBody::onTrailer(std::string_view name, std::string_view value) {
  constexpr std::size_t kFieldOverhead = 32;
  const ClientLimits& limits = sending_.wire.limits;
  trailer_size_ += name.size() + value.size() + kFieldOverhead;
  if (broken_ != nullptr) {
    return;
  }
  if (trailer_size_ > limits.field_section || checkH2Field(name, value)) {
    onMalformed("invalid trailer section");
    return;
  }
  if (trailers_ == nullptr) {
    trailers_ = std::make_unique<Fields>();
  }
  if (trailers_->size() == limits.field_count) {
    onMalformed("invalid trailer section");
    return;
  }
  trailers_->add(name, value);
}

void H2ResponseBody::onEnd() {
  if (expects_ == Expects::kHead) {
    onMalformed("the stream ends before the head of the response");
    return;
  }
  if (expects_ == Expects::kContent && length_ && arrived_ < *length_) {
    onMalformed("the body is shorter than its Content-Length");
    return;
  }
  ended_ = broken_ == nullptr;
  sending_.notify();
}

void H2ResponseBody::onBroken(Error error) {
  if (broken_ == nullptr && !ended_) {
    broken_ = std::make_unique<Error>(std::move(error));
  }
  sending_.notify();
}

void H2ResponseBody::onMalformed(std::string_view what) {
  onMalformed({ErrorKind::kUpstreamInvalid, Origin::kUpstream, std::string(what)});
}

void H2ResponseBody::onMalformed(Error error) {
  if (!sending_.closed) {
    sending_.wire.session.reset(sending_.id, H2Error::kProtocolError);
  }
  onBroken(std::move(error));
}

bool H2ResponseBody::canTake(RequestSent request) const {
  if (ended_ && request == RequestSent::kNo) {
    return !length_ && !stored().empty();
  }
  return ended_ || !stored().empty() || broken_ != nullptr;
}

/// Who pulls again has passed on what it had: there is room for as much.
void H2ResponseBody::giveBack() {
  const std::size_t taken = std::exchange(taken_, 0);
  if (taken != 0 && !ended_ && !sending_.closed) {
    sending_.wire.session.consumeStream(sending_.id, taken);
    sending_.wire.push();
  }
}

std::optional<Result<Piece>> H2ResponseBody::take(RequestSent request) {
  giveBack();
  if (!canTake(request)) {
    return std::nullopt;
  }
  std::string_view bytes = stored();
  if (bytes.empty() && broken_ != nullptr) {
    return fail(*broken_);
  }
  received_at_ = received_.size();
  taken_ = bytes.size();
  return Piece{bytes, ended_ && request == RequestSent::kYes};
}

void H2ResponseBody::release() {
  if (received_.capacity() != 0 && stored().empty()) {
    received_ = {};
    received_at_ = 0;
  }
}

void H2ResponseBody::drop() {
  received_ = {};
  received_at_ = 0;
}

}  // namespace gatehouse::http
