#include "http/h2/h2_upload.h"

#include <utility>

#include "http/h2/h2_framed.h"
#include "http/trailers/trailers.h"

namespace gatehouse::http {
namespace {

// So much of a body is kept until the upstream has said something: who refuses a request does so at
// once.
constexpr std::size_t kKeptAtMost = 64U << 10;

/// A body of which the beginning has been pulled before.
class Rewound final : public BodySource {
 public:
  Rewound(std::string begun, Body rest, std::optional<std::uint64_t> length, bool is_whole)
      : begun_(std::move(begun)), rest_(std::move(rest)), length_(length), is_whole_(is_whole) {}

  io::Task<Result<Piece>> pull() override {
    return std::exchange(begins_, false) ? first() : rest_.source()->pull();
  }
  bool ready() const override { return begins_ || rest_.source()->ready(); }
  std::optional<std::uint64_t> length() const override { return length_; }
  const Fields* trailers() const override { return rest_.source()->trailers(); }

 private:
  io::Task<Result<Piece>> first() { co_return Piece{begun_, is_whole_}; }

  std::string begun_;
  Body rest_;
  std::optional<std::uint64_t> length_;
  bool is_whole_;
  bool begins_ = true;
};

}  // namespace

H2Upload::H2Upload(H2Sending& sending, const ClientRequest& request)
    : sending_(sending),
      source_(*request.stream.source()),
      length_(source_.length()),
      length_left_(length_) {
  running_.emplace(run(), sending.wire.never);
}

H2Upload::~H2Upload() {
  H2Outgoing& outgoing = sending_.outgoing;
  outgoing.bytes = {};
  outgoing.trailers = nullptr;
  outgoing.last = outgoing.ended;
}

io::Task<void> H2Upload::run() {
  if (Result<void> sent = co_await sendAll(); !sent) {
    failure_ = std::make_unique<Error>(std::move(sent).error());
  }
  over_ = true;
  sending_.notify();
}

io::Task<Result<void>> H2Upload::sendAll() {
  for (;;) {
    GATEHOUSE_CO_TRY(Piece piece, co_await source_.pull());
    remember(piece);
    GATEHOUSE_CO_CHECK_OK(account(piece));
    if (sending_.closed) {
      co_return Result<void>();
    }
    hand(piece);
    if (!sending_.outgoing.framed()) {
      rest_ = sending_.outgoing.bytes;
      sending_.outgoing.bytes = rest_;
      H2Framed wait(sending_.wire.reactor, sending_.outgoing, sending_.wire.limits.write_timeout);
      H2Framed::Came came = co_await wait;
      if (came == H2Framed::Came::kLate) {
        co_return fail(
            ErrorKind::kTimeout,
            Origin::kUpstream,
            "the upstream took no bytes of the request within the limit"
        );
      }
      if (came != H2Framed::Came::kFramed) {
        co_return Result<void>();  // there is no stream any more, and who waits for it knows
      }
      std::string().swap(rest_);
    }
    if (piece.end) {
      co_return Result<void>();
    }
  }
}

void H2Upload::remember(const Piece& piece) {
  pulled_whole_ = piece.end;
  if (!rewinds_) {
    return;
  }
  if (begun_.size() + piece.bytes.size() > kKeptAtMost) {
    forget();
  } else {
    begun_ += piece.bytes;
  }
}

bool H2Upload::rewind(ClientRequest& request) && {
  running_.reset();
  if (!rewinds_) {
    return false;
  }
  if (!begun_.empty() || pulled_whole_) {
    request.stream = Body(std::make_unique<Rewound>(
        std::move(begun_), std::move(request.stream), length_, pulled_whole_
    ));
  }
  return true;
}

// RFC 9113 section 8.1.1: a request of another length than it declares is malformed.
Result<void> H2Upload::account(const Piece& piece) {
  if (!length_left_) {
    return {};
  }
  if (piece.bytes.size() > *length_left_ || (piece.end && piece.bytes.size() != *length_left_)) {
    return fail(
        ErrorKind::kInternal, Origin::kGateway, "request body does not have its declared length"
    );
  }
  *length_left_ -= piece.bytes.size();
  return {};
}

void H2Upload::hand(const Piece& piece) {
  H2Outgoing& outgoing = sending_.outgoing;
  outgoing.bytes = piece.bytes;
  outgoing.last = piece.end;
  const Fields* trailers = piece.end ? source_.trailers() : nullptr;
  if (trailers != nullptr && !trailers->empty()) {
    trailers_ = std::make_unique<Fields>(allowedTrailers(*trailers));
    outgoing.trailers = trailers_.get();
  }
  sending_.wire.session.resume(sending_.id);
  sending_.wire.push();
}

}  // namespace gatehouse::http
