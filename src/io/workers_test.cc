#include "io/workers.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"
#include "io/address.h"
#include "io/connect.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "io/read_loan.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/stream.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/tls/tls_authority.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_stream.h"

namespace gatehouse::io {
namespace {

TEST(Workers, RunOnAllReachesEachThreadOnce) {
  Workers workers(3, {});
  std::mutex mutex;
  std::map<std::thread::id, std::size_t> seen;
  workers.runOnAll([&](std::size_t worker, Reactor& reactor) {
    std::lock_guard lock(mutex);
    EXPECT_EQ(&reactor, &workers.reactor(worker));
    seen[std::this_thread::get_id()] = worker;
  });
  EXPECT_EQ(seen.size(), 3u);
  workers.stop();
  workers.stop();
}

/// One worker's half of an echo service over TLS.
struct Echo {
  Echo(Reactor& reactor, ListenSocket socket, const IssuedCertificate& issued)
      : gate(reactor),
        listener(*Listener::start(reactor, std::move(socket))),
        config(*TlsServerConfig::create(
            {.certificates = {{issued.certificate_pem, issued.key_pem, {}}}}
        )) {}

  Gate gate;
  Stop stop;
  std::unique_ptr<Listener> listener;
  std::shared_ptr<TlsServerConfig> config;
  std::atomic<int> served = 0;
};

Task<Result<void>> echo(Stream& stream) {
  while (true) {
    GATEHOUSE_CO_TRY(ReadLoan loan, co_await stream.read());
    if (loan.empty()) {
      co_return Result<void>();
    }
    GATEHOUSE_CO_CHECK_OK(co_await stream.writeLent(loan.bytes()));
  }
}

Task<void> serveOne(Echo& service, std::unique_ptr<TcpStream> tcp) {
  std::unique_ptr<Stream> plain = std::move(tcp);
  auto stream = co_await acceptTls(service.config, plain, Deadline::never());
  if (stream && (co_await echo(**stream)).has_value()) {
    ++service.served;
  }
}

Task<void> acceptAll(Echo& service) {
  while (true) {
    auto accepted = co_await service.listener->accept();
    if (!accepted) {
      co_return;
    }
    spawn(service.gate, serveOne(service, *std::move(accepted)), service.stop);
  }
}

Task<Result<std::string>> ask(
    Reactor& reactor, Address address, std::shared_ptr<TlsClientConfig> config, std::string text
) {
  GATEHOUSE_CO_TRY(auto tcp, co_await connectTcp(reactor, address, Deadline::never()));
  GATEHOUSE_CO_TRY(
      auto stream,
      co_await connectTls(config, std::move(tcp), {.server_name = "echo.test"}, Deadline::never())
  );
  GATEHOUSE_CO_CHECK_OK(co_await stream->write(text));
  std::string reply(text.size(), '\0');
  for (std::size_t got = 0; got < reply.size();) {
    GATEHOUSE_CO_TRY(std::size_t count, co_await stream->readInto(std::span(reply).subspan(got)));
    got += count;
  }
  GATEHOUSE_CO_CHECK_OK(co_await stream->shutdownWrite());
  GATEHOUSE_CO_TRY(ReadLoan end, co_await stream->read());
  co_return end.empty() ? reply : "more than was sent";
}

TEST(Workers, ServeTlsOnAllThreadsAtOnce) {
  constexpr std::size_t kWorkers = 2;
  constexpr int kClients = 24;
  TestAuthority authority;
  IssuedCertificate issued = authority.issue({.names = {"echo.test"}});
  Workers workers(kWorkers, {});
  std::vector<ListenSocket> sockets = *openListenSockets(Address::loopback(0), kWorkers);
  Address address = sockets.front().local();
  std::vector<std::unique_ptr<Echo>> services(kWorkers);
  workers.runOnAll([&](std::size_t worker, Reactor& reactor) {
    services[worker] = std::make_unique<Echo>(reactor, std::move(sockets[worker]), issued);
    spawn(services[worker]->gate, acceptAll(*services[worker]), services[worker]->stop);
  });

  Reactor reactor;
  auto config = *TlsClientConfig::create({.trust = *TrustStore::fromPem(authority.caPem())});
  for (int i = 0; i < kClients; ++i) {
    std::string text(50'000, static_cast<char>('a' + i));
    Result<std::string> reply = runTask(reactor, ask(reactor, address, config, text));
    ASSERT_TRUE(reply.has_value()) << reply.error().chain();
    EXPECT_TRUE(*reply == text);
  }

  auto total = [&] { return services[0]->served + services[1]->served; };
  std::atomic<std::size_t> inside = 1;
  while (total() < kClients) {
    workers.runOnAll([](std::size_t, Reactor&) {});
  }
  workers.runOnAll([&](std::size_t worker, Reactor&) { services[worker]->stop.request(); });
  while (inside > 0) {
    inside = 0;
    workers.runOnAll([&](std::size_t worker, Reactor&) {
      inside += services[worker]->gate.inside();
    });
  }
  workers.runOnAll([&](std::size_t worker, Reactor&) { services[worker].reset(); });
}

}  // namespace
}  // namespace gatehouse::io
