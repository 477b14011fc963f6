// What the parts of one HTTP/1.1 server connection share: the stream, and what is known about the
// messages to come. Internal to server_connection, h1_exchange and h1_request_body. Owner's loop
// only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/h1_body.h"
#include "http/server_connection.h"
#include "io/reactor.h"
#include "io/stop.h"
#include "io/stream.h"

namespace gatehouse::http {

/// Body bytes read and dropped after a reply at most, so that the connection can go on.
inline constexpr std::uint64_t kDiscardAtMost = 256 * 1024;

struct H1Wire {
  io::Reactor& reactor;
  std::unique_ptr<io::Stream> stream;
  ServerLimits limits;
  ServerShared& shared;
  std::string ahead{};                  // received, but of messages to come
  std::optional<BodyDecoder> unread{};  // of a request whose reply is finished
  io::Stop* gone = nullptr;             // of the exchange that is running
  bool keep_alive = true;               // another exchange may follow
  bool draining = false;
  bool closed = false;

  HeadLimits headLimits() const {
    return {limits.target, limits.field_section, limits.field_count};
  }
  void keepAhead(std::string_view bytes) { ahead.append(bytes); }
  /// Has `gone` raised as soon as the peer leaves, at once if it has left unseen while it was read
  /// from.
  void watchPeer() { stream->onPeerClosed(gone); }
  void close() {
    closed = true;
    stream->close();
  }
};

}  // namespace gatehouse::http
