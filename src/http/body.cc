#include "http/body.h"

#include <utility>

namespace gatehouse::http {
namespace {

class FixedSource final : public BodySource {
 public:
  explicit FixedSource(Chunk bytes) : bytes_(std::move(bytes)) {}

  io::Task<Result<Piece>> pull() override { co_return Piece{bytes_.view(), true}; }
  bool ready() const override { return true; }
  std::optional<std::uint64_t> length() const override { return bytes_.size(); }

 private:
  Chunk bytes_;
};

class PiecesSource final : public BodySource {
 public:
  explicit PiecesSource(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  io::Task<Result<Piece>> pull() override {
    const std::string& piece = pieces_[next_++];
    co_return Piece{piece, next_ == pieces_.size()};
  }
  bool ready() const override { return true; }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

}  // namespace

io::Task<Result<Piece>> BodySource::pullInto(std::span<char> /*space*/) {
  return pull();
}

Body Body::fixed(Chunk bytes) {
  return bytes.empty() ? Body() : Body(std::make_unique<FixedSource>(std::move(bytes)));
}

Body Body::inPieces(std::vector<std::string> pieces) {
  return pieces.empty() ? Body() : Body(std::make_unique<PiecesSource>(std::move(pieces)));
}

}  // namespace gatehouse::http
