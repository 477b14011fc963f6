// For tests: an HTTP/1.1 server connection, its client at the other end, and the steps of an
// exchange one call each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/loop_for_test.h"
#include "http/server_connection.h"

namespace gatehouse::http {

/// The steps of an exchange, one call each.
struct ExchangeScene {
  using Exchange = std::unique_ptr<ServerExchange>;

  Result<std::string> body(ServerExchange& exchange) {
    return std::move(Running(loop, readAll(exchange.body())).result());
  }
  Result<void> finish(ServerExchange& exchange, std::string_view bytes) {
    return std::move(Running(loop, exchange.finish(bytes)).result());
  }
  Result<void> write(ServerExchange& exchange, std::string_view bytes) {
    return std::move(Running(loop, exchange.write(bytes)).result());
  }

  TestLoop loop;
  ServerShared shared;
};

struct ServerScene : ExchangeScene {
  explicit ServerScene(ServerLimits limits = {}) {
    auto [stream, other] = loop.connect();
    client = std::make_unique<TestPeer>(std::move(other));
    server = serveHttp1(loop.reactor, std::move(stream), limits, shared);
  }

  /// The exchange next() gives without waiting; null when it waits or has ended.
  Exchange next() {
    Running<Exchange> running(loop, server->next());
    return running.done() ? std::move(running.result()) : nullptr;
  }
  Exchange request(std::string_view text) {
    client->send(text);
    return next();
  }
  /// A whole reply of known length.
  void reply(ServerExchange& exchange, std::string_view bytes) {
    ResponseHead head;
    head.fields.add("Date", "now");
    head.fields.add("Content-Length", std::to_string(bytes.size()));
    exchange.writeHead(head, Framing::kLength);
    GATEHOUSE_INVARIANT(finish(exchange, bytes).has_value());
  }
  static std::string replyText(std::string_view bytes, std::string_view connection = "") {
    return "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: " + std::to_string(bytes.size()) +
           "\r\n" + std::string(connection) + "\r\n" + std::string(bytes);
  }

  std::unique_ptr<TestPeer> client;
  std::unique_ptr<ServerConnection> server;
};

inline constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
inline constexpr std::string_view kClose = "Connection: close\r\n";

}  // namespace gatehouse::http
