// What the parts of one HTTP/2 client connection share besides the wire. Internal to h2/. Owner's
// loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "http/client_connection.h"
#include "http/h2/h2_client.h"
#include "http/h2/h2_wire.h"
#include "http/h2/response_head.h"
#include "io/list.h"
#include "io/stop.h"

namespace gatehouse::http {

/// Who asked a request, in the list of those that have a stream.
class H2Caller : public H2Stream, public io::ListNode {
 public:
  /// The connection is lost, and the stream with it.
  virtual void onLost(const Error& why) = 0;
};

struct H2ClientWire final : H2Wire {
  H2ClientWire(
      io::Reactor& loop,
      std::unique_ptr<io::Stream> connection,
      const ClientLimits& client_limits,
      const H2Limits& h2_limits,
      H2SessionEvents& session_events,
      H2ClientEvents& client_events
  )
      : H2Wire(loop, std::move(connection), H2Role::kClient, h2_limits, session_events),
        limits(client_limits),
        head(
            {.field_section = client_limits.field_section, .field_count = client_limits.field_count}
        ),
        events(client_events) {}

  std::string_view scheme() const { return stream->peer().tls == nullptr ? "http" : "https"; }

  ClientLimits limits;
  H2ResponseHead head;  // being received: never more than one at a time
  H2ClientEvents& events;
  io::Stop never;                // raised by nobody: what runs beside ends with its owner
  io::List<H2Caller> callers{};  // each leaves by itself
  std::size_t requests = 0;      // that exist
  std::uint64_t begun = 0;       // that ever did
  std::uint64_t heard = 0;       // times that bytes came
  /// So many streams there were when one was refused, and until when no more are asked for.
  std::size_t refused_at = 0;
  MonoTime refused_until{};
};

/// A stream on its way, for those who work on it.
struct H2Sending {
  explicit H2Sending(H2ClientWire& client_wire) : wire(client_wire) {}

  /// Something of the answer, or of the sending, is another thing now.
  void notify() const {
    if (listener != nullptr) {
      listener->wake();
    }
  }
  /// There is still something of the request to send, and somebody to send it to.
  bool isUnsent() const { return has_body && !outgoing.ended && !closed; }

  H2ClientWire& wire;
  H2StreamId id = 0;
  H2Outgoing outgoing{};
  io::Waiter* listener = nullptr;
  bool has_body = false;
  bool closed = false;  // there is no stream, or none any more
};

}  // namespace gatehouse::http
