// The value that walks (house, section 5): one request with what is known about it so far. Made
// once by the connection, consumed by finish. Pointers lead into the pinned snapshot.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/head.h"
#include "http/server_connection.h"
#include "io/stop.h"
#include "llm/dialect.h"
#include "llm/passthrough.h"
#include "proxy/reply.h"
#include "proxy/time_limit.h"
#include "snapshot/snapshot.h"
#include "telemetry/record.h"

namespace gatehouse::proxy {

struct Exchange {
  Exchange(
      std::unique_ptr<http::ServerExchange> request,
      telemetry::RequestId id,
      MonoTime start,
      WallMicros wall
  )
      : wire(std::move(request)), record(id, start, wall) {}

  std::unique_ptr<http::ServerExchange> wire;
  telemetry::RequestRecord record;
  std::string request_id;

  // Dropped when the reply body starts: a ten-minute stream holds no old configuration.
  snapshot::SnapshotHandle snapshot;
  const snapshot::Port* port = nullptr;
  const snapshot::Listener* listener = nullptr;
  const snapshot::Rule* rule = nullptr;
  const snapshot::Backend* backend = nullptr;
  const snapshot::Filters* filters = nullptr;  // of the rule, then of the backend; null: none
  /// Part of the path the route consumed; a view into the request head, or into the filter that
  /// rewrote it.
  std::string_view route_prefix;

  std::unique_ptr<http::Fields> cors;  // of the reply; null: it says nothing of CORS

  std::optional<telemetry::Ending>
      decided;  // set when the answer is an error of ours: how the request ends then

  std::unique_ptr<TimeLimit> limit;  // null: the rule sets none, or it does not hold any more

  // How a reply of ours would speak.
  Voice voice = Voice::kDialect;
  llm::Dialect dialect = llm::Dialect::kUnknown;  // until detected or guessed

  bool shed = false;            // of a connection that is one too many: told 503
  bool body_passes_on = false;  // the client's body goes to the upstream as it comes
  bool misdirected = false;     // its host is that of another listener than the connection's

  http::RequestHead& head() { return wire->head(); }
  /// What ends the exchange early: the client's leaving, or the limit.
  io::Stop& stop() { return limit == nullptr ? wire->gone() : limit->stop(); }
  bool overLimit() const { return limit != nullptr && limit->passed(); }
  ReplyTo replyTo() const {
    return {
        .voice = voice,
        .dialect = dialect,
        .request_id = request_id,
        .allow = {},
        .misdirected = misdirected
    };
  }
};

/// What the walk found: the reply to be written.
struct Answer {
  http::ResponseHead head;
  http::Body body;
  std::unique_ptr<llm::ReplyReader> reader;  // null: the bytes are forwarded unread
  bool from_upstream = false;                // else made by us
  bool event_stream = false;                 // whatever a filter says it is
};

}  // namespace gatehouse::proxy
