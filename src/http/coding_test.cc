#include "http/coding.h"

#include <array>
#include <brotli/encode.h>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include <gtest/gtest.h>

#include "http/body_filters.h"
#include "http/client_for_test.h"

namespace gatehouse::http {
namespace {

constexpr std::array kAll = {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd};
constexpr std::uint64_t kPlenty = 64 << 20;
constexpr std::string_view kChat =
    R"({"model":"a","messages":[{"role":"user","content":"Hello! Hello!"}]})";

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()), '\0');
  std::string in(text);
  stream.next_in = octets(in);
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = octets(out);
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string coded(Coding coding, std::string_view text) {
  switch (coding) {
    case Coding::kGzip:
      return deflated(text, MAX_WBITS + 16);
    case Coding::kDeflate:
      return deflated(text, MAX_WBITS);
    case Coding::kBrotli: {
      std::size_t size = ::BrotliEncoderMaxCompressedSize(text.size()) + 16;
      std::string out(size, '\0');
      EXPECT_TRUE(::BrotliEncoderCompress(
          5, 22, BROTLI_MODE_TEXT, text.size(), octets(text), &size, octets(out)
      ));
      out.resize(size);
      return out;
    }
    case Coding::kZstd: {
      std::string out(::ZSTD_compressBound(text.size()), '\0');
      out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
      return out;
    }
    case Coding::kIdentity:
      break;
  }
  return std::string(text);
}

/// As `coded`, with the checksum that zstd leaves to its sender; br has none.
std::string withChecksum(Coding coding, std::string_view text) {
  if (coding != Coding::kZstd) {
    return coded(coding, text);
  }
  const std::unique_ptr<ZSTD_CCtx, decltype(&::ZSTD_freeCCtx)> context(
      ::ZSTD_createCCtx(), ::ZSTD_freeCCtx
  );
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(::ZSTD_compressBound(text.size()) + 4, '\0');
  out.resize(::ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size()));
  return out;
}

/// Hardly compressible, and long enough to be written in many pieces.
std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint64_t state = 88172645463325252U;
  for (char& c : text) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return text;
}

class CodingTest : public testing::TestWithParam<Coding> {
 protected:
  Result<std::string> decode(
      std::vector<std::string> pieces, std::uint64_t most = kPlenty, Coding coding = GetParam()
  ) {
    ScriptedBody source(std::move(pieces));
    const auto decoded = decodeBody(source, coding, most, loop.reactor);
    Running<Result<Chunk>> running(loop, readWhole(*decoded, most, loop.reactor.buffers()));
    Result<Chunk> all = std::move(running.result());
    if (!all) {
      return std::unexpected(all.error());
    }
    return std::string(all->view());
  }

  /// With each bit of `bytes`, which is kChat, turned in its turn: how often another text comes of
  /// it and no error. However many, none is larger than the limit.
  int turnedBitsUnnoticed(const std::string& bytes) {
    constexpr std::uint64_t kMost = 256;
    int unnoticed = 0;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string turned = bytes;
      turned[bit / 8] = static_cast<char>(turned[bit / 8] ^ (1 << (bit % 8)));
      Result<std::string> back = decode({turned}, kMost);
      if (back) {
        unnoticed += *back == kChat ? 0 : 1;
        EXPECT_LE(back->size(), kMost) << bit;
      } else {
        const ErrorKind kind = back.error().kind();
        EXPECT_TRUE(kind == ErrorKind::kBadRequest || kind == ErrorKind::kBodyTooLarge) << bit;
      }
    }
    return unnoticed;
  }

  TestLoop loop;
};

TEST_P(CodingTest, GivesBackWhatWasCoded) {
  for (std::size_t size : {0U, 1U, 100U, 16U << 10, 100'000U, 3U << 20}) {
    for (const std::string& text : {std::string(size, 'a'), noise(size)}) {
      Result<std::string> back = decode({coded(GetParam(), text)});
      ASSERT_TRUE(back.has_value()) << size << back.error().chain();
      EXPECT_TRUE(*back == text) << size;
    }
  }
}

TEST_P(CodingTest, MayBeCutAnywhere) {
  const std::string text(kChat);
  const std::string bytes = coded(GetParam(), text);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(decode({bytes.substr(0, cut), bytes.substr(cut)}).value(), text) << cut;
  }
  std::vector<std::string> single;
  for (char c : bytes) {
    single.emplace_back(1, c);
  }
  EXPECT_EQ(decode(single).value(), text);
}

TEST_P(CodingTest, AnEarlyEndIsNoEnd) {
  for (const std::string& text : {noise(100), std::string(kChat)}) {
    const std::string bytes = coded(GetParam(), text);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      Result<std::string> back = decode({bytes.substr(0, cut)});
      ASSERT_FALSE(back.has_value()) << cut;
      EXPECT_EQ(back.error().kind(), ErrorKind::kBadRequest);
    }
  }
  EXPECT_EQ(decode({""}).value(), "") << "a body of nothing";
}

TEST_P(CodingTest, WhatIsNotCodedSoIsTold) {
  EXPECT_EQ(decode({R"({"model":"a"})"}).error().kind(), ErrorKind::kBadRequest);
  EXPECT_EQ(decode({noise(5000)}).error().kind(), ErrorKind::kBadRequest);
  const std::string bytes = coded(GetParam(), "abc");
  EXPECT_EQ(decode({bytes + "!"}).error().kind(), ErrorKind::kBadRequest);
  EXPECT_EQ(decode({bytes, "!"}).error().kind(), ErrorKind::kBadRequest);
}

TEST_P(CodingTest, ATurnedBitIsNoticedWhereThereIsAChecksum) {
  const int unnoticed = turnedBitsUnnoticed(withChecksum(GetParam(), kChat));
  if (GetParam() == Coding::kZstd) {
    EXPECT_GT(turnedBitsUnnoticed(coded(Coding::kZstd, kChat)), 0) << "a sender may leave it out";
  }
  if (GetParam() == Coding::kBrotli) {
    EXPECT_GT(unnoticed, 0) << "br has a checksum now: hold it to it";
  } else {
    EXPECT_EQ(unnoticed, 0);
  }
}

TEST_P(CodingTest, LimitsHoldOnBothSides) {
  const std::string bomb = coded(GetParam(), std::string(8 << 20, 'a'));
  ASSERT_LT(bomb.size(), 64U << 10);
  EXPECT_EQ(decode({bomb}, 1 << 20).error().kind(), ErrorKind::kBodyTooLarge);
  const std::string dense = coded(GetParam(), noise(5000));
  EXPECT_EQ(decode({dense}, 4000).error().kind(), ErrorKind::kBodyTooLarge);
}

TEST_P(CodingTest, ErrorsOfTheSourceComeThrough) {
  ScriptedBody source({coded(GetParam(), noise(100)).substr(0, 50)});
  source.breaksOff();
  const auto decoded = decodeBody(source, GetParam(), kPlenty, loop.reactor);
  Running<Result<Chunk>> running(loop, readWhole(*decoded, kPlenty, loop.reactor.buffers()));
  EXPECT_EQ(running.result().error().kind(), ErrorKind::kPeerClosed);
}

TEST_P(CodingTest, MembersAndFramesMayFollowEachOther) {
  const std::string twice = coded(GetParam(), "abc") + coded(GetParam(), "def");
  const bool may = GetParam() == Coding::kGzip || GetParam() == Coding::kZstd;
  Result<std::string> back = decode({twice});
  EXPECT_EQ(back.value_or("an error"), may ? "abcdef" : "an error");
}

TEST_P(CodingTest, PullsWithoutSpaceOfTheReader) {
  const std::string text = noise(40'000);
  ScriptedBody source({coded(GetParam(), text)});
  const auto decoded = decodeBody(source, GetParam(), kPlenty, loop.reactor);
  EXPECT_EQ(Running(loop, readAll(decoded.get())).result(), text);
}

INSTANTIATE_TEST_SUITE_P(All, CodingTest, testing::ValuesIn(kAll), [](const auto& each) {
  return std::string(toString(each.param));
});

TEST(Coding, OfFields) {
  auto of = [](std::string_view value) {
    Fields fields;
    fields.add("Content-Encoding", value);
    return codingOf(fields);
  };
  EXPECT_EQ(codingOf(Fields()), Coding::kIdentity);
  EXPECT_EQ(of("identity"), Coding::kIdentity);
  EXPECT_EQ(of("GZIP"), Coding::kGzip);
  EXPECT_EQ(of("x-gzip"), Coding::kGzip);
  EXPECT_EQ(of("deflate"), Coding::kDeflate);
  EXPECT_EQ(of("br"), Coding::kBrotli);
  EXPECT_EQ(of("zstd"), Coding::kZstd);
  EXPECT_EQ(of("gzip, br"), std::nullopt);
  EXPECT_EQ(of("compress"), std::nullopt);
  EXPECT_EQ(of(""), std::nullopt);
}

TEST(Coding, OfRepeatedFields) {
  Fields fields;
  fields.add("Content-Encoding", "gzip");
  fields.add("Content-Encoding", "br");
  EXPECT_EQ(codingOf(fields), std::nullopt);
}

TEST(Coding, GzipIsPreferredByWhoTakesItAsGladlyAsNone) {
  auto prefers = [](std::string_view value) {
    Fields fields;
    fields.add("Accept-Encoding", value);
    return prefersGzip(fields);
  };
  EXPECT_FALSE(prefersGzip(Fields()));
  for (std::string_view yes :
       {"gzip", "X-GZIP", "br, gzip;q=0.1", "*", "gzip ; Q=1, identity;q=1", "gzip;q=0, x-gzip"}) {
    EXPECT_TRUE(prefers(yes)) << yes;
  }
  for (std::string_view no :
       {"",
        "identity",
        "gzip;q=0",
        "gzip;q=0.000, *",
        "*;q=0",
        "gzip;q=0.5, identity",
        "gzip;q=",
        "gzip;q=2",
        "gzip;level=9",
        "gzipped"}) {
    EXPECT_FALSE(prefers(no)) << no;
  }
}

TEST_P(CodingTest, ReadsOurOwnGzip) {
  for (const std::string& text : {std::string(), std::string(100'000, 'a'), noise(100'000)}) {
    EXPECT_EQ(decode({gzip(text)}, kPlenty, Coding::kGzip).value(), text);
  }
}

}  // namespace
}  // namespace gatehouse::http
