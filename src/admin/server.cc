#include "admin/server.h"

#include <utility>

#include "base/text.h"
#include "http/problem.h"
#include "http/server_connection.h"
#include "http/target.h"
#include "io/gate.h"
#include "io/listener.h"
#include "io/run_task.h"

namespace gatehouse::admin {
namespace {

struct Door {
  HostCheck check;
  Handler handler;
};

bool isLoopbackHost(std::string_view authority) {
  std::optional<http::Authority> parsed = http::parseAuthority(authority);
  if (!parsed) {
    return false;
  }
  std::string host = fold(parsed->host);
  std::optional<io::Address> address = io::Address::fromIp(host, 0);
  return address ? address->isLoopback() : host == "localhost";
}

Reply answer(const Door& door, const http::RequestHead& head) {
  if (door.check == HostCheck::kLoopback && !isLoopbackHost(head.authority)) {
    return problem(
        403,
        "forbidden",
        "The admin API answers to loopback names only: use 127.0.0.1 or localhost."
    );
  }
  if (head.method != http::Method::kGet && head.method != http::Method::kHead) {
    return problem(405, "method_not_allowed", "Only GET and HEAD are served here.");
  }
  return door.handler(head);
}

io::Task<void> serveExchange(
    std::shared_ptr<const Door> door, std::unique_ptr<http::ServerExchange> exchange
) {
  Reply reply = answer(*door, exchange->head());
  http::ResponseHead head{.status = reply.status, .fields = std::move(reply.fields)};
  head.fields.add("Content-Type", reply.content_type);
  head.fields.add("Content-Length", std::to_string(reply.body.size()));
  head.fields.add("Cache-Control", "no-store");
  head.fields.add("X-Content-Type-Options", "nosniff");
  bool head_only = exchange->head().method == http::Method::kHead;
  exchange->writeHead(head, head_only ? http::Framing::kNone : http::Framing::kLength);
  // A client that has left does not want to hear about it.
  static_cast<void>(
      co_await exchange->finish(head_only ? std::string_view() : std::string_view(reply.body))
  );
}

io::Task<void> serveClient(
    io::Reactor& reactor, std::shared_ptr<const Door> door, std::unique_ptr<io::TcpStream> stream
) {
  http::ServerShared shared;
  auto connection = http::serveHttp1(reactor, std::move(stream), http::ServerLimits{}, shared);
  while (std::unique_ptr<http::ServerExchange> exchange = co_await connection->next()) {
    co_await serveExchange(door, std::move(exchange));
  }
}

io::Task<void> acceptLoop(
    io::Gate& gate,
    io::Stop& stop,
    std::unique_ptr<io::Listener> listener,
    std::shared_ptr<const Door> door
) {
  for (;;) {
    Result<std::unique_ptr<io::TcpStream>> stream = co_await listener->accept();
    if (stream) {
      io::spawn(gate, serveClient(gate.reactor(), door, *std::move(stream)), stop);
    } else if (stream.error().kind() == ErrorKind::kCancelled) {
      co_return;
    }
  }
}

io::Task<void> awaitEmpty(io::Gate& gate) {
  static_cast<void>(co_await gate.close());
}

}  // namespace

struct Server::Room {
  explicit Room(io::Reactor& reactor) : gate(reactor) {}
  io::Stop stop;
  io::Gate gate;
};

Server::Server(const Logger& log) : log_(log), thread_(1, {}) {
  thread_.runOnAll([this](std::size_t, io::Reactor& reactor) {
    room_ = std::make_unique<Room>(reactor);
  });
}

Server::~Server() {
  thread_.runOnAll([this](std::size_t, io::Reactor& reactor) {
    room_->stop.request();
    io::runTask(reactor, awaitEmpty(room_->gate));
    room_.reset();
  });
  thread_.stop();
}

Result<std::string> Server::serve(std::string_view address, HostCheck check, Handler handler) {
  GATEHOUSE_TRY(io::Address where, io::Address::parse(address));
  GATEHOUSE_TRY(std::vector<io::ListenSocket> sockets, io::openListenSockets(where, 1));
  std::string bound = sockets.front().local().format();
  auto door = std::make_shared<const Door>(Door{check, std::move(handler)});
  Result<void> started;
  thread_.runOnAll([&](std::size_t, io::Reactor& reactor) {
    auto listener = io::Listener::start(reactor, std::move(sockets.front()));
    if (!listener) {
      started = fail(std::move(listener).error());
      return;
    }
    io::spawn(
        room_->gate, acceptLoop(room_->gate, room_->stop, *std::move(listener), door), room_->stop
    );
  });
  GATEHOUSE_CHECK_OK(std::move(started));
  return bound;
}

Reply problem(http::Status status, std::string_view code, std::string_view detail) {
  return {
      status,
      std::string(http::kProblemType),
      http::writeProblem({.status = status, .detail = detail, .code = code})
  };
}

}  // namespace gatehouse::admin
