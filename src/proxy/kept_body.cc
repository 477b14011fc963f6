#include "proxy/kept_body.h"

#include <utility>

#include "base/check.h"

namespace gatehouse::proxy {

class KeptBody::Source final : public http::BodySource {
 public:
  explicit Source(std::shared_ptr<KeptBody> body) : body_(std::move(body)) {}

  io::Task<Result<http::Piece>> pull() override {
    if (given_ < body_->kept_.size()) {
      const std::string_view again = body_->kept_.view().substr(given_);
      given_ = body_->kept_.size();
      body_->repeated_ += again.size();
      co_return http::Piece{again, body_->ended_};
    }
    if (body_->ended_) {
      co_return http::Piece{{}, true};
    }
    Result<http::Piece> piece = co_await body_->body_.source()->pull();
    if (piece) {
      body_->keep(*piece);
      given_ = body_->kept_.size();
    }
    co_return piece;
  }
  bool ready() const override {
    return given_ < body_->kept_.size() || body_->ended_ || body_->body_.source()->ready();
  }
  std::optional<std::uint64_t> length() const override { return body_->body_.length(); }
  const http::Fields* trailers() const override { return body_->body_.source()->trailers(); }

 private:
  std::shared_ptr<KeptBody> body_;
  std::size_t given_ = 0;  // of what is kept
};

KeptBody::KeptBody(io::BufferPool& pool, http::Body body, std::size_t most)
    : pool_(pool), body_(std::move(body)), most_(most) {}

std::shared_ptr<KeptBody> KeptBody::make(io::BufferPool& pool, http::Body body, std::size_t most) {
  return std::shared_ptr<KeptBody>(new KeptBody(pool, std::move(body), most));
}

http::Body KeptBody::fromBeginning() {
  GATEHOUSE_INVARIANT(whole_);
  return http::Body(std::make_unique<Source>(shared_from_this()));
}

void KeptBody::keep(const http::Piece& piece) {
  ended_ = piece.end;
  if (!whole_ || piece.bytes.empty()) {
    return;
  }
  // One that is known to be too large is not kept in part.
  const bool fits =
      body_.length().value_or(0) <= most_ && piece.bytes.size() <= most_ - kept_.size();
  if (!fits || !store(piece.bytes)) {
    whole_ = false;
    kept_ = io::Buffer();
  }
}

// False when the worker's buffers are full.
bool KeptBody::store(std::string_view bytes) {
  if (kept_.capacity() == 0) {
    Result<io::Buffer> taken = pool_.take(bytes.size());
    if (!taken) {
      return false;
    }
    kept_ = *std::move(taken);
  }
  return kept_.append(bytes).has_value();
}

}  // namespace gatehouse::proxy
