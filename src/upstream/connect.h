// From an endpoint to a stream on which a version of HTTP is agreed: name, TCP or Unix socket,
// tunnel, TLS. One Connector per worker; owner's loop only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/client_connection.h"
#include "io/deadline.h"
#include "io/dns.h"
#include "io/keepalive.h"
#include "io/reactor.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/tls/tls_config.h"
#include "upstream/endpoint.h"

namespace gatehouse::upstream {

/// When the steps of connecting were done; absent for steps not taken.
struct ConnectMarks {
  std::optional<MonoTime> start;
  std::optional<MonoTime> dns;
  std::optional<MonoTime> tcp;
  std::optional<MonoTime> tls;
};

/// A stream to an endpoint, and what is spoken on it.
struct Connected {
  std::unique_ptr<io::Stream> stream;
  bool is_http2 = false;
};

class Connector {
 public:
  /// `resolver` outlives the connector. `system_roots` is what endpoints without a CA of their own
  /// trust; null trusts nothing.
  Connector(
      io::Reactor& reactor,
      io::Resolver& resolver,
      std::shared_ptr<const io::TrustStore> system_roots,
      http::ClientLimits limits
  );

  /// The TLS context of an endpoint; null for plaintext. Made once per pool entry. Errors:
  /// kTlsCertificate when the CA or the client certificate cannot be used.
  Result<std::shared_ptr<io::TlsClientConfig>> tlsConfig(const Endpoint& endpoint) const;

  /// Of all connections.
  const http::ClientLimits& limits() const { return limits_; }

  /// `marks` is filled as far as it gets and outlives the task. Errors: kDns, kConnectRefused,
  /// kConnectTimeout, kTlsCertificate, kTlsProtocol (also when the peer does not speak what it
  /// must), kTimeout, kCancelled; all name host and port.
  io::Task<Result<Connected>> connect(
      EndpointHandle endpoint, std::shared_ptr<io::TlsClientConfig> tls, ConnectMarks& marks
  );

 private:
  /// A plain connection to the endpoint's address.
  io::Task<Result<std::unique_ptr<io::TcpStream>>> dial(
      const Endpoint& endpoint, io::Keepalive keepalive, io::Deadline deadline, ConnectMarks& marks
  );
  /// A connection to the endpoint through its tunnel.
  io::Task<Result<std::unique_ptr<io::Stream>>> dialThrough(
      const Endpoint& endpoint, io::Deadline deadline, ConnectMarks& marks
  );
  /// The same through one of the proxies.
  io::Task<Result<std::unique_ptr<io::Stream>>> enter(
      const Endpoint& endpoint, const Endpoint& proxy, io::Deadline deadline, ConnectMarks& marks
  );
  io::Task<Result<std::unique_ptr<io::Stream>>> open(
      EndpointHandle endpoint, std::shared_ptr<io::TlsClientConfig> tls, ConnectMarks& marks
  );

  io::Reactor& reactor_;
  io::Resolver& resolver_;
  std::shared_ptr<const io::TrustStore> system_roots_;
  std::shared_ptr<io::TlsSessionCache> sessions_;  // of all endpoints: it outlives pool entries
  http::ClientLimits limits_;
  std::map<std::string, std::shared_ptr<io::TlsClientConfig>> proxy_tls_;  // by pool key
};

}  // namespace gatehouse::upstream
