#include "http/body_filters.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace gatehouse::http {
namespace {

// What is taken at once for a body of known length. Beyond it an announcement alone must not
// reserve memory others need.
constexpr std::uint64_t kTakenAtOnce = 4 << 20;
constexpr std::size_t kFirstGuess = 16 << 10;
// A body of nothing is padded as well.
constexpr std::array<char, io::kBufferPadding> kNothing{};

std::unexpected<Error> tooLarge(std::uint64_t most, Origin origin) {
  return fail(
      ErrorKind::kBodyTooLarge,
      origin,
      "body larger than its limit of " + std::to_string(most) + " bytes"
  );
}

class LimitedSource final : public BodySource {
 public:
  LimitedSource(std::unique_ptr<BodySource> source, std::uint64_t most, Origin origin)
      : source_(std::move(source)), most_(most), left_(most), origin_(origin) {}

  io::Task<Result<Piece>> pull() override {
    if (source_->length().value_or(0) > most_) {
      co_return tooLarge(most_, origin_);
    }
    co_return count(co_await source_->pull());
  }
  io::Task<Result<Piece>> pullInto(std::span<char> space) override {
    if (source_->length().value_or(0) > most_) {
      co_return tooLarge(most_, origin_);
    }
    co_return count(co_await source_->pullInto(space));
  }
  bool ready() const override { return source_->ready(); }
  std::optional<std::uint64_t> length() const override { return source_->length(); }
  const Fields* trailers() const override { return source_->trailers(); }

 private:
  Result<Piece> count(Result<Piece> piece) {
    if (piece && piece->bytes.size() > left_) {
      return tooLarge(most_, origin_);
    }
    if (piece) {
      left_ -= piece->bytes.size();
    }
    return piece;
  }

  std::unique_ptr<BodySource> source_;
  std::uint64_t most_;
  std::uint64_t left_;
  Origin origin_;
};

// Room for more of a body of which `size` bytes are there and `length` are expected in all.
Result<void> makeRoom(
    io::Buffer& buffer, io::BufferPool& pool, std::optional<std::uint64_t> length
) {
  std::size_t size = buffer.size();
  std::size_t more = std::max(size, kFirstGuess);
  if (length) {
    std::uint64_t missing = *length - std::min<std::uint64_t>(*length, size);
    more = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(missing, 1, std::max<std::uint64_t>(size, kTakenAtOnce))
    );
  }
  if (buffer.capacity() == 0) {
    GATEHOUSE_TRY(buffer, pool.take(more));
    return {};
  }
  return buffer.reserve(more);
}

}  // namespace

std::unique_ptr<BodySource> limitBody(
    std::unique_ptr<BodySource> source, std::uint64_t most, Origin origin
) {
  return std::make_unique<LimitedSource>(std::move(source), most, origin);
}

io::Task<Result<Chunk>> readWhole(BodySource& source, std::uint64_t most, io::BufferPool& pool) {
  std::optional<std::uint64_t> length = source.length();
  if (length && *length > most) {
    co_return tooLarge(most, Origin::kDownstream);
  }
  io::Buffer buffer = source.takeReceived();
  if (buffer.size() > most) {
    co_return tooLarge(most, Origin::kDownstream);
  }
  for (bool end = length && buffer.size() == *length; !end;) {
    if (buffer.space().empty()) {
      GATEHOUSE_CO_CHECK_OK(makeRoom(buffer, pool, length));
    }
    const char* target = buffer.space().data();
    GATEHOUSE_CO_TRY(Piece piece, co_await source.pullInto(buffer.space()));
    end = piece.end;
    if (piece.bytes.size() > most - buffer.size()) {
      co_return tooLarge(most, Origin::kDownstream);
    }
    if (piece.bytes.data() == target) {
      buffer.commit(piece.bytes.size());
    } else if (!piece.bytes.empty()) {
      GATEHOUSE_CO_CHECK_OK(buffer.append(piece.bytes));
    }
  }
  co_return buffer.size() == 0 ? Chunk::literal({kNothing.data(), 0}) : std::move(buffer).freeze();
}

}  // namespace gatehouse::http
