#include "upstream/connect.h"

#include <optional>
#include <utility>

#include "io/connect.h"
#include "io/deadline.h"
#include "io/tls/tls_stream.h"
#include "io/unix_socket.h"

namespace gatehouse::upstream {
namespace {

io::TlsVerify verifyMode(Verify verify) {
  switch (verify) {
    case Verify::kChainAndName:
      return io::TlsVerify::kFull;
    case Verify::kChainOnly:
      return io::TlsVerify::kSkipHostname;
    case Verify::kNothing:
      return io::TlsVerify::kSkipAll;
  }
  return io::TlsVerify::kFull;
}

io::TlsName tlsName(const Endpoint& endpoint) {
  const TlsSettings& settings = *endpoint.tls;
  return {
      .server_name = settings.sni,
      .verified_names = settings.verify_names,
      .verified_uris = settings.verify_uris,
  };
}

/// Of the connection to `dialled`, which is the endpoint or a proxy on the way to it.
io::Keepalive keepaliveOf(const Endpoint& endpoint, const Endpoint& dialled) {
  const std::optional<Keepalive>& wished =
      endpoint.keepalive ? endpoint.keepalive : dialled.keepalive;
  return wished.value_or(io::kUpstreamKeepalive);
}

std::unexpected<Error> untrusted(std::string why) {
  return fail(ErrorKind::kTlsCertificate, Origin::kGateway, std::move(why));
}

/// The error with the endpoint in front; kinds that are not failures of the endpoint stay as they
/// are.
std::unexpected<Error> atEndpoint(Error error, const Endpoint& endpoint) {
  if (error.kind() == ErrorKind::kCancelled) {
    return fail(std::move(error));
  }
  ErrorKind kind =
      error.kind() == ErrorKind::kPeerClosed ? ErrorKind::kUpstreamClosed : error.kind();
  Origin origin = error.origin();
  return fail(std::move(error).because(kind, origin, endpoint.name));
}

// RFC 9113 section 3.2: under TLS it is agreed on by ALPN, or not spoken.
Result<bool> agreesOnHttp2(const Endpoint& endpoint, const io::Peer& peer) {
  if (endpoint.tls == nullptr || peer.alpn() == "h2") {
    return endpoint.version == HttpVersion::kHttp2 || peer.alpn() == "h2";
  }
  if (endpoint.version == HttpVersion::kHttp2) {
    return fail(
        ErrorKind::kTlsProtocol,
        Origin::kUpstream,
        "the upstream has not agreed to speak HTTP/2 (ALPN h2), which this backend requires"
    );
  }
  return false;
}

}  // namespace

Connector::Connector(
    io::Reactor& reactor,
    io::Resolver& resolver,
    std::shared_ptr<const io::TrustStore> system_roots,
    http::ClientLimits limits
)
    : reactor_(reactor),
      resolver_(resolver),
      system_roots_(std::move(system_roots)),
      sessions_(io::makeTlsSessionCache()),
      limits_(limits) {}

Result<std::shared_ptr<io::TlsClientConfig>> Connector::tlsConfig(const Endpoint& endpoint) const {
  if (endpoint.tls == nullptr) {
    return std::shared_ptr<io::TlsClientConfig>();
  }
  const TlsSettings& settings = *endpoint.tls;
  if (settings.trust_nothing) {
    return untrusted(endpoint.name + ": the certificate authority named for it could not be read");
  }
  io::TlsClientOptions options;
  options.verify = verifyMode(settings.verify);
  if (!settings.ca_pem.empty()) {
    GATEHOUSE_TRY(options.trust, io::TrustStore::fromPem(settings.ca_pem));
  } else {
    options.trust = system_roots_;
  }
  if (options.trust == nullptr && options.verify != io::TlsVerify::kSkipAll) {
    return untrusted(endpoint.name + ": the system's root certificates could not be read");
  }
  options.alpn = settings.alpn;
  options.key_exchange_groups = settings.key_exchange_groups;
  options.sessions = sessions_;
  options.session_scope = endpoint.pool_key;
  options.certificate_pem = settings.client_certificate_pem;
  if (settings.client_key_pem != nullptr) {
    options.key_pem = std::string(settings.client_key_pem->reveal());
  }
  return io::TlsClientConfig::create(std::move(options));
}

io::Task<Result<std::unique_ptr<io::TcpStream>>> Connector::dial(
    const Endpoint& endpoint, io::Keepalive keepalive, io::Deadline deadline, ConnectMarks& marks
) {
  if (!endpoint.unix_path.empty()) {
    GATEHOUSE_CO_TRY(
        std::unique_ptr<io::TcpStream> stream,
        co_await io::connectUnix(reactor_, endpoint.unix_path, deadline)
    );
    marks.tcp = reactor_.clock().now();
    co_return std::move(stream);
  }
  std::vector<io::Address> addresses;
  if (auto known = resolver_.known(endpoint.host, endpoint.port)) {
    addresses = *std::move(known);
  } else {
    GATEHOUSE_CO_TRY(
        addresses,
        co_await io::withDeadline(
            reactor_,
            deadline,
            resolver_.resolve(endpoint.host, endpoint.port),
            Origin::kUpstream,
            "no answer from DNS"
        )
    );
  }
  marks.dns = reactor_.clock().now();
  GATEHOUSE_CO_TRY(
      std::unique_ptr<io::TcpStream> stream,
      co_await io::connectAny(
          reactor_, std::move(addresses), {.deadline = deadline, .keepalive = keepalive}
      )
  );
  marks.tcp = reactor_.clock().now();
  co_return std::move(stream);
}

io::Task<Result<std::unique_ptr<io::Stream>>> Connector::enter(
    const Endpoint& endpoint, const Endpoint& proxy, io::Deadline deadline, ConnectMarks& marks
) {
  GATEHOUSE_CO_TRY(
      std::unique_ptr<io::Stream> stream,
      co_await dial(proxy, keepaliveOf(endpoint, proxy), deadline, marks)
  );
  if (proxy.tls != nullptr) {
    std::shared_ptr<io::TlsClientConfig>& tls = proxy_tls_[proxy.pool_key];
    if (tls == nullptr) {
      GATEHOUSE_CO_TRY(tls, tlsConfig(proxy));
    }
    GATEHOUSE_CO_TRY(
        stream, co_await io::connectTls(tls, std::move(stream), tlsName(proxy), deadline)
    );
  }
  GATEHOUSE_CO_CHECK_OK(co_await io::withDeadline(
      reactor_,
      deadline,
      askForTunnel(*stream, endpoint.name, endpoint.tunnel->authorization.get(), proxy.name),
      Origin::kUpstream,
      "proxy " + proxy.name + " did not answer CONNECT " + endpoint.name + " in time"
  ));
  marks.tcp = reactor_.clock().now();
  co_return std::move(stream);
}

io::Task<Result<std::unique_ptr<io::Stream>>> Connector::dialThrough(
    const Endpoint& endpoint, io::Deadline deadline, ConnectMarks& marks
) {
  const std::vector<EndpointHandle>& proxies = endpoint.tunnel->proxies;
  for (std::size_t i = 0;; ++i) {
    Result<std::unique_ptr<io::Stream>> stream =
        co_await enter(endpoint, *proxies[i], deadline, marks);
    const bool unreached = !stream && (stream.error().kind() == ErrorKind::kConnectRefused ||
                                       stream.error().kind() == ErrorKind::kDns);
    if (unreached && i + 1 < proxies.size()) {
      continue;
    }
    if (!stream && stream.error().kind() != ErrorKind::kCancelled) {
      const ErrorKind kind = stream.error().kind();
      const Retry retry = stream.error().retry();
      co_return fail(std::move(stream).error().because(
          kind, Origin::kUpstream, "through the proxy " + proxies[i]->name, retry
      ));
    }
    co_return std::move(stream);
  }
}

io::Task<Result<std::unique_ptr<io::Stream>>> Connector::open(
    EndpointHandle endpoint, std::shared_ptr<io::TlsClientConfig> tls, ConnectMarks& marks
) {
  marks.start = reactor_.clock().now();
  io::Deadline deadline = io::Deadline::after(reactor_, endpoint->connect_timeout);
  std::unique_ptr<io::Stream> stream;
  if (endpoint->tunnel == nullptr) {
    GATEHOUSE_CO_TRY(
        stream, co_await dial(*endpoint, keepaliveOf(*endpoint, *endpoint), deadline, marks)
    );
  } else {
    GATEHOUSE_CO_TRY(stream, co_await dialThrough(*endpoint, deadline, marks));
  }
  if (tls == nullptr) {
    co_return std::move(stream);
  }
  GATEHOUSE_CO_TRY(
      std::unique_ptr<io::Stream> secure,
      co_await io::connectTls(
          std::move(tls),
          std::move(stream),
          tlsName(*endpoint),
          io::Deadline::after(reactor_, endpoint->handshake_timeout)
      )
  );
  marks.tls = reactor_.clock().now();
  co_return std::move(secure);
}

io::Task<Result<Connected>> Connector::connect(
    EndpointHandle endpoint, std::shared_ptr<io::TlsClientConfig> tls, ConnectMarks& marks
) {
  Result<std::unique_ptr<io::Stream>> stream = co_await open(endpoint, std::move(tls), marks);
  if (!stream) {
    co_return atEndpoint(std::move(stream).error(), *endpoint);
  }
  Connected connected{.stream = *std::move(stream)};
  if (mayBeHttp2(*endpoint)) [[unlikely]] {
    Result<bool> is_http2 = agreesOnHttp2(*endpoint, connected.stream->peer());
    if (!is_http2) {
      co_return atEndpoint(std::move(is_http2).error(), *endpoint);
    }
    connected.is_http2 = *is_http2;
  }
  co_return connected;
}

}  // namespace gatehouse::upstream
