// Heads to bytes (RFC 9112). What belongs to the connection rather than to the message
// (Content-Length, Transfer-Encoding, Connection, Keep-Alive, Expect, Host, Upgrade) is decided
// here and skipped where a head's fields name it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"

namespace gatehouse::http {

/// What is decided here.
inline constexpr FieldSet kDecidedByWriter = {
    "host",
    "expect",
    "upgrade",
    "connection",
    "keep-alive",
    "content-length",
    "proxy-connection",
    "transfer-encoding",
};

/// How a request body is framed.
struct RequestFraming {
  /// Chunked when there is a body of unknown length.
  bool chunked = false;
  /// The length otherwise; 0 is said aloud only for methods whose requests usually have a body.
  std::uint64_t length = 0;
  /// Asks to switch to WebSocket.
  bool web_socket = false;
  /// Asks before the body is sent.
  bool expect_continue = false;
  /// Takes trailers behind the response.
  bool te_trailers = false;

  bool special() const { return web_socket || expect_continue || te_trailers; }
};

/// Whether requests with it usually have a body, so that none is told by a length of 0.
bool usuallyHasBody(Method method);

/// Appends the head, Host first, always as HTTP/1.1.
void writeRequestHead(std::string& out, const RequestHead& head, RequestFraming framing);

/// What the head of a response says about body and connection.
struct ResponseFraming {
  enum class Body : std::uint8_t {
    kNone,    // HEAD, 204, 304: the head's Content-Length is kept where the status allows it
    kLength,  // the head's Content-Length
    kChunked,
    kUntilClose,  // to clients that know no chunks
  };
  Body body = Body::kNone;
  /// Of the head, by declaredLength().
  std::optional<std::uint64_t> length{};
  bool keep_alive = true;
  /// The version of the request: HTTP/1.0 must be told that the connection stays.
  Version client = Version::kHttp11;
};

/// Appends the head; `date` is added where the head has no Date.
void writeResponseHead(
    std::string& out,
    const ResponseHead& head,
    const ResponseFraming& framing,
    std::string_view date
);

/// Appends the head of an interim response: its fields and nothing of ours.
void writeInterimHead(std::string& out, const ResponseHead& head);

/// The Content-Length the head declares, if it declares a valid one.
std::optional<std::uint64_t> declaredLength(const Fields& fields);

inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kChunkEndAndLast = "\r\n0\r\n\r\n";

/// The line before a chunk's content.
class ChunkLine {
 public:
  /// `size` is not 0: that would be the last chunk.
  explicit ChunkLine(std::uint64_t size);
  std::string_view view() const [[clang::lifetimebound]] { return {text_.data(), size_}; }

 private:
  std::array<char, 18> text_;
  std::size_t size_;
};

}  // namespace gatehouse::http
