// What generator and upstream of the benchmark share: sockets on an epoll loop and request bodies
// of the shapes measured. As little as possible happens here, so that the gateway in between is
// what is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::bench {

/// Ends the process with `what` and errno when the call failed.
int must(int result, const char* what);

/// A listening socket; `address` is "127.0.0.1:0". Non-blocking.
int listenOn(std::string_view address);
/// The port a socket is bound to.
std::uint16_t portOf(int fd);
/// A connected, non-blocking socket with TCP_NODELAY.
int connectTo(std::string_view address);

/// A chat request of about `size` bytes in OpenAI's shape: 14 fields, `model` last, 6-8 %
/// backslashes.
std::string chatBody(std::size_t size);
/// The whole HTTP request that carries it.
std::string chatRequest(std::string_view host, std::string_view path, std::string_view body);
/// A chat completion reply, whole, with Content-Length.
std::string chatReply();
/// The head of an event stream reply, chunked.
std::string streamHead();
/// One SSE event of about 277 bytes as one HTTP chunk.
std::string streamChunk();
/// The finish and [DONE] events and the last chunk.
std::string streamEnd();
inline constexpr std::size_t kEndEvents = 2;

/// The value of a field in a complete head; `name` in small letters. Empty when it is not there.
std::string_view fieldOf(std::string_view head, std::string_view name);
std::optional<std::size_t> contentLength(std::string_view head);

/// Milliseconds on the monotonic clock.
double nowMillis();

}  // namespace gatehouse::bench
