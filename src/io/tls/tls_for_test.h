// For tests: both ends of TLS connections over local sockets, with certificates of one authority.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/result.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/read_loan.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/stream.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/tls/tls_authority.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_server.h"
#include "io/tls/tls_stream.h"

namespace gatehouse::io {

using Made = Result<std::unique_ptr<Stream>>;

inline const TestAuthority& authority() {
  static const TestAuthority* const kAuthority = new TestAuthority();
  return *kAuthority;
}

inline TlsServerCertificate certificateFor(
    std::vector<std::string> names, Seconds valid_for = Seconds(3600)
) {
  IssuedCertificate issued = authority().issue({.names = std::move(names), .valid_for = valid_for});
  return {.certificate_pem = issued.certificate_pem, .key_pem = issued.key_pem};
}

inline std::shared_ptr<TlsServerConfig> server(TlsServerOptions options) {
  auto config = TlsServerConfig::create(std::move(options));
  EXPECT_TRUE(config.has_value()) << config.error().chain();
  return *config;
}

inline std::shared_ptr<TlsClientConfig> client(TlsClientOptions options = {}) {
  if (options.trust == nullptr) {
    options.trust = *TrustStore::fromPem(authority().caPem());
  }
  return *TlsClientConfig::create(std::move(options));
}

class Tls : public testing::Test {
 protected:
  ~Tls() override {
    stop.request();
    runTask(reactor, drain(gate));
  }

  static Task<void> keep(Task<Made> task, std::optional<Made>& out) {
    out.emplace(co_await std::move(task));
  }

  /// Both handshakes over a fresh connection.
  void shake(
      std::shared_ptr<TlsServerConfig> with_server,
      std::shared_ptr<TlsClientConfig> with_client,
      TlsName name
  ) {
    auto pair = connectedPair(reactor);
    shakeOver(std::move(pair->first), std::move(pair->second), with_server, with_client, name);
  }
  /// The same over streams that are there, the client's first.
  void shakeOver(
      std::unique_ptr<Stream> client_end,
      std::unique_ptr<Stream> server_end,
      std::shared_ptr<TlsServerConfig> with_server,
      std::shared_ptr<TlsClientConfig> with_client,
      TlsName name
  ) {
    near.reset();
    far.reset();
    spawn(
        gate,
        keep(
            connectTls(with_client, std::move(client_end), std::move(name), Deadline::never()), near
        ),
        stop
    );
    spawn(gate, keep(acceptTls(with_server, server_end, Deadline::never()), far), stop);
    while (!near || !far) {
      reactor.turn(Seconds(1));
    }
  }

  Reactor reactor;
  Stop stop;
  Gate gate{reactor};
  std::optional<Made> near;  // the client's end
  std::optional<Made> far;   // the server's
};

inline Task<Result<std::string>> readAll(Stream& stream) {
  std::string all;
  while (true) {
    GATEHOUSE_CO_TRY(ReadLoan loan, co_await stream.read());
    if (loan.empty()) {
      co_return all;
    }
    all += loan.bytes();
  }
}

inline Task<Result<std::string>> readSome(Stream& stream) {
  GATEHOUSE_CO_TRY(ReadLoan loan, co_await stream.read());
  co_return std::string(loan.bytes());
}

inline Task<Result<void>> write(Stream& stream, std::string bytes) {
  co_return co_await stream.write(bytes);
}

}  // namespace gatehouse::io
