#include "http/coding.h"

#include <algorithm>
#include <array>
#include <brotli/decode.h>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "http/token.h"
#include "io/task.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kPieceSize = 16 << 10;
constexpr std::size_t kBetweenTurns = 1 << 20;
// RFC 9659: what the coding "zstd" may refer back to.
constexpr int kZstdWindowLog = 23;

const auto* octets(const char* text) {
  return reinterpret_cast<const unsigned char*>(text);
}

struct Weighted {
  std::string_view token;
  double weight = 1;
};

/// An element of a list of tokens with weights; what is no weight is 0.
Weighted readWeighted(std::string_view element) {
  const std::size_t semicolon = element.find(';');
  Weighted read{trimBlanks(element.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) {
    return read;
  }
  std::string_view text = trimBlanks(element.substr(semicolon + 1));
  double weight = 0;
  if (istartsWith(text, "q=")) {
    text.remove_prefix(2);
    const auto end = std::from_chars(text.data(), text.data() + text.size(), weight);
    weight = end.ec == std::errc() && weight >= 0 && weight <= 1 ? weight : 0;
  }
  read.weight = weight;
  return read;
}

// zlib reads through a pointer that is not const where it was built without ZLIB_CONST.
unsigned char* input(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the library's type has no const
  return const_cast<unsigned char*>(octets(text.data()));
}

/// One of the libraries. What is coded comes in pieces, and so does what is decoded.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Takes from `in` and writes to `out`, until one of them is used up; how many bytes were
  /// written, or nothing when `in` is not coded so.
  virtual std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) = 0;
  /// Whether the content may end here.
  virtual bool complete() const = 0;
};

// RFC 1952 lets members follow each other; the "deflate" of RFC 9110 section 8.4.1.2 is one stream
// of zlib.
class ZlibDecoder final : public Decoder {
 public:
  explicit ZlibDecoder(Coding coding) : gzip_(coding == Coding::kGzip) {
    constexpr int kGzipOnly = 16;
    ready_ = ::inflateInit2(&stream_, MAX_WBITS + (gzip_ ? kGzipOnly : 0)) == Z_OK;
  }
  ~ZlibDecoder() override { ::inflateEnd(&stream_); }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;

  std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    if (!ready_ || (complete_ && (!gzip_ || ::inflateReset(&stream_) != Z_OK))) {
      return std::nullopt;
    }
    stream_.next_in = input(in);
    stream_.avail_in = static_cast<unsigned>(in.size());
    stream_.next_out = reinterpret_cast<unsigned char*>(out.data());
    stream_.avail_out = static_cast<unsigned>(out.size());
    const int said = ::inflate(&stream_, Z_NO_FLUSH);
    if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR) {
      return std::nullopt;
    }
    complete_ = said == Z_STREAM_END;
    in.remove_prefix(in.size() - stream_.avail_in);
    return out.size() - stream_.avail_out;
  }
  bool complete() const override { return complete_; }

 private:
  z_stream stream_{};
  bool gzip_;
  bool ready_ = false;
  bool complete_ = false;
};

class BrotliDecoder final : public Decoder {
 public:
  std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    if (!state_ || complete()) {
      return std::nullopt;
    }
    std::size_t in_left = in.size();
    const std::uint8_t* from = octets(in.data());
    std::size_t out_left = out.size();
    auto* to = reinterpret_cast<std::uint8_t*>(out.data());
    const auto said =
        ::BrotliDecoderDecompressStream(state_.get(), &in_left, &from, &out_left, &to, nullptr);
    if (said == BROTLI_DECODER_RESULT_ERROR) {
      return std::nullopt;
    }
    in.remove_prefix(in.size() - in_left);
    return out.size() - out_left;
  }
  bool complete() const override { return ::BrotliDecoderIsFinished(state_.get()) != 0; }

 private:
  struct Destroy {
    void operator()(BrotliDecoderState* state) const { ::BrotliDecoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliDecoderState, Destroy> state_{
      ::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)
  };
};

// RFC 8878 lets frames follow each other.
class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() {
    ready_ =
        stream_ != nullptr &&
        ::ZSTD_isError(::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLog)
        ) == 0;
  }

  std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    if (!ready_) {
      return std::nullopt;
    }
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t said = ::ZSTD_decompressStream(stream_.get(), &to, &from);
    if (::ZSTD_isError(said) != 0) {
      return std::nullopt;
    }
    complete_ = said == 0;
    in.remove_prefix(from.pos);
    return to.pos;
  }
  bool complete() const override { return complete_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* stream) const { ::ZSTD_freeDCtx(stream); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> stream_{::ZSTD_createDCtx()};
  bool ready_ = false;
  bool complete_ = false;
};

std::unique_ptr<Decoder> decoderOf(Coding coding) {
  switch (coding) {
    case Coding::kBrotli:
      return std::make_unique<BrotliDecoder>();
    case Coding::kZstd:
      return std::make_unique<ZstdDecoder>();
    default:
      return std::make_unique<ZlibDecoder>(coding);
  }
}

class DecodedSource final : public BodySource {
 public:
  DecodedSource(BodySource& source, Coding coding, std::uint64_t most, io::Reactor& reactor)
      : source_(source),
        reactor_(reactor),
        decoder_(decoderOf(coding)),
        most_(most),
        left_(most),
        coding_(coding) {}

  io::Task<Result<Piece>> pull() override {
    if (!space_) {
      space_ = std::make_unique<std::array<char, kPieceSize>>();
    }
    return pullInto(*space_);
  }

  io::Task<Result<Piece>> pullInto(std::span<char> space) override {
    if (since_turn_ >= kBetweenTurns) {
      since_turn_ = 0;
      GATEHOUSE_CO_CHECK_OK(co_await io::nextTurn(reactor_));
    }
    for (;;) {
      // What is all taken may have more to give.
      const bool pending = full_ && !decoder_->complete();
      if (!in_.empty() || pending) {
        GATEHOUSE_CO_TRY(const std::size_t written, decode(space));
        if (written > 0) {
          co_return Piece{.bytes = {space.data(), written}, .end = false};
        }
      } else if (ended_) {
        co_return atEnd();
      } else {
        GATEHOUSE_CO_CHECK_OK(co_await fetch());
      }
    }
  }
  bool ready() const override { return !in_.empty() || full_ || source_.ready(); }
  const Fields* trailers() const override { return source_.trailers(); }

 private:
  /// The next coded piece; kept, because a pull may end within it.
  io::Task<Result<void>> fetch() {
    GATEHOUSE_CO_TRY(Piece piece, co_await source_.pull());
    if (piece.bytes.size() > left_) {
      co_return fail(
          ErrorKind::kBodyTooLarge,
          Origin::kDownstream,
          "body larger than its limit of " + std::to_string(most_) + " bytes"
      );
    }
    left_ -= piece.bytes.size();
    kept_.assign(piece.bytes);
    in_ = kept_;
    ended_ = piece.end;
    co_return Result<void>();
  }
  Result<std::size_t> decode(std::span<char> space) {
    const std::size_t before = in_.size();
    const std::optional<std::size_t> written = decoder_->decode(in_, space);
    const bool stuck = written == 0 && in_.size() == before && before > 0;
    if (!written || stuck) {
      return wrong("is not valid ");
    }
    full_ = *written == space.size();
    since_turn_ += *written;
    return *written;
  }
  Result<Piece> atEnd() const {
    const bool nothing = left_ == most_;
    if (!nothing && !decoder_->complete()) {
      return wrong("ends within its ");
    }
    return Piece{.bytes = {}, .end = true};
  }
  std::unexpected<Error> wrong(std::string_view how) const {
    return fail(
        ErrorKind::kBadRequest,
        Origin::kDownstream,
        "the request body " + std::string(how) + std::string(toString(coding_))
    );
  }

  BodySource& source_;
  io::Reactor& reactor_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<std::array<char, kPieceSize>> space_;
  std::string kept_;
  std::string_view in_;  // what is left of kept_
  std::uint64_t most_;
  std::uint64_t left_;
  std::size_t since_turn_ = 0;
  Coding coding_;
  bool full_ = false;  // the last piece filled its space
  bool ended_ = false;
};

}  // namespace

std::string_view toString(Coding coding) {
  switch (coding) {
    case Coding::kIdentity:
      return "identity";
    case Coding::kGzip:
      return "gzip";
    case Coding::kDeflate:
      return "deflate";
    case Coding::kBrotli:
      return "br";
    case Coding::kZstd:
      return "zstd";
  }
  return "";
}

std::optional<Coding> codingOf(const Fields& fields) {
  const std::optional<std::string_view> named = fields.get("content-encoding");
  if (!named) [[likely]] {
    return Coding::kIdentity;
  }
  if (fields.count("content-encoding") > 1) {
    return std::nullopt;
  }
  if (iequals(*named, "x-gzip")) {  // RFC 9110 section 8.4.1.3
    return Coding::kGzip;
  }
  for (int i = 0; i <= std::to_underlying(Coding::kZstd); ++i) {
    if (auto coding = static_cast<Coding>(i); iequals(*named, toString(coding))) {
      return coding;
    }
  }
  return std::nullopt;
}

std::unique_ptr<BodySource> decodeBody(
    BodySource& source, Coding coding, std::uint64_t most, io::Reactor& reactor
) {
  return std::make_unique<DecodedSource>(source, coding, most, reactor);
}

bool prefersGzip(const Fields& fields) {
  constexpr FieldName kAccepts = "accept-encoding";
  std::optional<double> gzip;
  std::optional<double> other;
  double identity = 0;
  const std::string list = fields.joined(kAccepts);
  std::string_view rest = list;
  for (auto element = nextElement(rest); !element.empty(); element = nextElement(rest)) {
    const auto [coding, weight] = readWeighted(element);
    if (iequals(coding, "gzip") || iequals(coding, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), weight);
    } else if (iequals(coding, "identity")) {
      identity = weight;
    } else if (coding == "*") {
      other = weight;
    }
  }
  const double wanted = gzip.value_or(other.value_or(0));
  return wanted > 0 && wanted >= identity;
}

std::string gzip(std::string_view text) {
  constexpr int kGzip = 16;
  constexpr int kMemory = 8;  // zlib's own default
  z_stream stream{};
  if (::deflateInit2(
          &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kMemory, Z_DEFAULT_STRATEGY
      ) != Z_OK) {
    return {};
  }
  std::string coded(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = input(text);
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<unsigned char*>(coded.data());
  stream.avail_out = static_cast<unsigned>(coded.size());
  const bool whole = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  coded.resize(whole ? stream.total_out : 0);
  ::deflateEnd(&stream);
  return coded;
}

}  // namespace gatehouse::http
