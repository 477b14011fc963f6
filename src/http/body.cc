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

}  // namespace

io::Task<Result<Piece>> BodySource::pullInto(std::span<char> /*space*/) {
  return pull();
}

Body Body::fixed(Chunk bytes) {
  return bytes.empty() ? Body() : Body(std::make_unique<FixedSource>(std::move(bytes)));
}

}  // namespace gatehouse::http
