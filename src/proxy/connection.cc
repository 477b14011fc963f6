#include "proxy/connection.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "http/gentle_close.h"
#include "http/h2/h2_server.h"
#include "http/server_connection.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/proxy_protocol.h"
#include "io/tls/tls_stream.h"
#include "proxy/refused.h"

namespace gatehouse::proxy {
namespace {

constexpr std::string_view kHttp2 = "h2";  // in ALPN

/// Whether there is room for a connection, or it is only to be told that there is none.
enum class Room : bool { kNone, kThere };

/// Stops a connection between two exchanges when its doorway closes.
class DrainOnClose final : private io::StopCallback {
 public:
  DrainOnClose(io::Stop& closing, http::ServerConnection& connection) : connection_(connection) {
    if (!arm(closing)) {
      connection_.drain();
    }
  }
  ~DrainOnClose() override = default;

 private:
  void onStop() override { connection_.drain(); }

  http::ServerConnection& connection_;
};

void noteOpened(Worker& worker, const Doorway& doorway) {
  if (doorway.port != nullptr) {
    worker.telemetry().connectionOpened(
        doorway.port->gateway, doorway.listener(), telemetry::Protocol::kHttp
    );
  }
}

/// One that just closes has done nothing wrong: so load balancers see whether the door is there.
[[gnu::noinline]] void noteRefused(Worker& worker, const Doorway& doorway, const Error& error) {
  if (error.kind() == ErrorKind::kPeerClosed) {
    return;
  }
  const bool certificate = error.kind() == ErrorKind::kTlsCertificate;
  worker.telemetry().protocolError(doorway.listener(), certificate ? "tls_certificate" : "tls");
  worker.log().debug(
      "TLS handshake failed", {{"listener", doorway.listener().view()}, {"error", error.chain()}}
  );
}

/// As io::acceptTls().
io::Task<Result<std::unique_ptr<io::Stream>>> secure(
    Worker& worker, std::shared_ptr<Doorway> doorway, std::unique_ptr<io::Stream>& stream
) {
  if (doorway->tls == nullptr) {
    co_return fail(ErrorKind::kTlsProtocol, Origin::kGateway, "no usable certificate");
  }
  auto deadline =
      io::Deadline::after(worker.reactor(), doorway->port->tls_limits.handshake_timeout);
  co_return co_await io::acceptTls(doorway->tls, stream, deadline);
}

/// The client may be sending its first request while it is refused: it shall read why before the
/// connection is gone.
io::Task<void> endUnsecured(
    Worker& worker, io::Stream& stream, http::RefusedRequests& refused, Error error
) {
  if (error.kind() == ErrorKind::kBadRequest &&
      !co_await answerPlainHttp(worker, stream, refused, error)) {
    co_return;
  }
  co_await http::endGently(stream, worker.settings().server.write_timeout);
}

/// False when the connection does not begin as it must: nobody knows who the client is then.
io::Task<bool> learnClient(
    Worker& worker, std::shared_ptr<Doorway> doorway, io::TcpStream& stream
) {
  const snapshot::ProxyProtocol wanted = *doorway->proxy_protocol;
  Result<void> learned = co_await io::acceptProxyProtocol(
      stream,
      {.v1 = wanted.v1, .v2 = wanted.v2, .required = wanted.required},
      io::Deadline::after(worker.reactor(), worker.settings().proxy_protocol_timeout)
  );
  if (!learned) {
    const ErrorKind kind = learned.error().kind();
    if (kind == ErrorKind::kBadRequest || kind == ErrorKind::kTimeout) {
      worker.telemetry().protocolError(doorway->listener(), "proxy_protocol");
      worker.log().debug("connection refused", {{"error", learned.error().chain()}});
    }
  }
  co_return learned.has_value();
}

std::unique_ptr<http::ServerConnection> serveFirst(
    Worker& worker,
    std::unique_ptr<io::Stream> stream,
    http::RefusedRequests& refused,
    http::Http2 preface
) {
  return http::serveHttp1(
      worker.reactor(),
      std::move(stream),
      worker.settings().server,
      worker.serverShared(),
      &refused,
      preface
  );
}

/// As agreed by ALPN: who has not asked for HTTP/2 there does not get it (RFC 9113 section 3.2).
std::unique_ptr<http::ServerConnection> serveSecured(
    Worker& worker, std::unique_ptr<io::Stream> stream, http::RefusedRequests& refused
) {
  if (stream->peer().alpn() != kHttp2) {
    return serveFirst(worker, std::move(stream), refused, http::Http2::kRefused);
  }
  return http::serveHttp2(
      worker.reactor(), std::move(stream), worker.settings().server, worker.serverShared(), &refused
  );
}

/// Null when there is no preamble or no TLS where there should be.
io::Task<std::unique_ptr<http::ServerConnection>> open(
    Worker& worker,
    std::shared_ptr<Doorway> doorway,
    std::unique_ptr<io::TcpStream> stream,
    http::RefusedRequests* refused
) {
  if (doorway->proxy_protocol && !co_await learnClient(worker, doorway, *stream)) {
    co_return nullptr;
  }
  if (!doorway->secure) {
    co_return serveFirst(worker, std::move(stream), *refused, http::Http2::kTaken);
  }
  const MonoTime began = worker.now();
  std::unique_ptr<io::Stream> plain = std::move(stream);
  auto secured = co_await secure(worker, doorway, plain);
  if (!secured) {
    noteRefused(worker, *doorway, secured.error());
    co_await endUnsecured(worker, *plain, *refused, std::move(secured).error());
    co_return nullptr;
  }
  worker.telemetry().tlsHandshake(
      doorway->listener(), (*secured)->peer().tls->resumed, worker.now() - began
  );
  co_return serveSecured(worker, *std::move(secured), *refused);
}

io::Task<void> handleNext(
    Worker& worker,
    const Doorway& doorway,
    http::ServerConnection& connection,
    std::string_view client_address,
    Room room,
    std::unique_ptr<http::ServerExchange> exchange
) {
  if (room == Room::kNone) [[unlikely]] {
    connection.drain();  // told so, and then gone
  }
  Arrival arrival{
      .snapshot = doorway.snapshot,
      .port = doorway.port,
      .peer = &connection.peer(),
      .client_address = client_address,
      .accept_wait = connection.takeAcceptWait(),
      .shed = room == Room::kNone,
  };
  return handle(worker, std::move(arrival), std::move(exchange));
}

void noteEnd(Worker& worker, const Doorway& doorway, const http::ServerConnection& connection) {
  if (std::string_view kind = connection.protocolError(); !kind.empty()) {
    worker.telemetry().protocolError(doorway.listener(), kind);
  }
}

/// All exchanges of a connection on which they run side by side.
io::Task<void> serveStreams(
    Worker& worker,
    const Doorway& doorway,
    http::ServerConnection& connection,
    std::string_view client_address,
    Room room
) {
  io::Gate streams(worker.reactor());
  while (std::unique_ptr<http::ServerExchange> exchange = co_await connection.next()) {
    io::spawn(
        streams,
        handleNext(worker, doorway, connection, client_address, room, std::move(exchange)),
        worker.cutOff()
    );
  }
  co_await io::drain(streams);
}

}  // namespace

// Its frame lives as long as the connection, and what an expression makes stays in it while the
// expression waits: so little is made here.
io::Task<void> serveConnection(
    Worker& worker, std::shared_ptr<Doorway> doorway, std::unique_ptr<io::TcpStream> stream
) {
  const std::shared_ptr<io::Stop> closing = doorway->closing;
  const Load::Counted counted = worker.load().connection();
  const Room room = worker.load().crowded() ? Room::kNone : Room::kThere;
  noteOpened(worker, *doorway);
  RefusedHere refused(worker, *doorway);
  auto connection = co_await open(worker, doorway, std::move(stream), &refused);
  if (connection == nullptr) {
    co_return;
  }
  const std::string client_address = connection->peer().remote.formatIp();
  if (!connection->sideBySide()) {
    DrainOnClose drain(*closing, *connection);
    while (std::unique_ptr<http::ServerExchange> exchange = co_await connection->next()) {
      co_await handleNext(worker, *doorway, *connection, client_address, room, std::move(exchange));
    }
    noteEnd(worker, *doorway, *connection);
    connection = connection->takeHttp2();
  }
  if (connection != nullptr) {
    DrainOnClose drain(*closing, *connection);
    co_await serveStreams(worker, *doorway, *connection, client_address, room);
    noteEnd(worker, *doorway, *connection);
  }
}

}  // namespace gatehouse::proxy
