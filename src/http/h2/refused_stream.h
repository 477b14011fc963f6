// The stream of a request that becomes no exchange: it is answered, and what still comes on it is
// dropped. Internal to h2/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/h1_strict.h"
#include "http/h2/h2_server_wire.h"
#include "http/h2/h2_session.h"
#include "http/server_connection.h"

namespace gatehouse::http {

/// The request, as far as it is known.
struct RefusedHead {
  Violation violation;
  const RequestHead& head;
  const io::Peer& peer;
  std::optional<Nanos> accept_wait{};
  bool ended = false;  // it has no body
};

class RefusedStream final : public H2Stream {
 public:
  /// `wire` outlives it; so does it the stream, unless the connection ends.
  RefusedStream(H2ServerWire& wire, H2StreamId id) : wire_(wire), id_(id) {}

  /// Once. `refused` may be null.
  void answer(const RefusedHead& request, RefusedRequests* refused);
  bool closed() const { return closed_; }

  void onData(std::string_view bytes) override { wire_.session.consume(id_, bytes.size()); }
  void onField(std::string_view /*name*/, std::string_view /*value*/) override {}
  void onSectionEnd(bool /*ended*/) override {}
  void onEnd() override {}
  void onClosed(H2Error /*reason*/) override { closed_ = true; }

 private:
  H2ServerWire& wire_;
  H2StreamId id_;
  std::string body_;
  H2Outgoing outgoing_;
  bool closed_ = false;
};

}  // namespace gatehouse::http
