#include "proxy/acceptor.h"

#include "base/check.h"
#include "io/deadline.h"
#include "io/gate.h"

namespace gatehouse::proxy {
namespace {

/// Waits until there is room for another connection; false when none is taken any more. What waits
/// meanwhile waits in the kernel's queue.
io::Task<bool> awaitRoom(Worker& worker) {
  constexpr Nanos kPause = Millis(20);
  do {
    if (worker.load().lacksDescriptors()) {
      worker.pool().closeIdle();  // those that nobody uses are the first to go
    }
    if (!co_await io::sleepFor(worker.reactor(), kPause)) {
      co_return false;
    }
  } while (!worker.load().mayAccept());
  co_return true;
}

/// Takes connections until the doorway stops accepting. Every connection is a task of its own.
io::Task<void> acceptLoop(
    Worker& worker, std::unique_ptr<io::Listener> listener, std::shared_ptr<Doorway> doorway
) {
  for (;;) {
    if (!worker.load().mayAccept()) [[unlikely]] {
      // When that ends because nothing is accepted any more, so does the wait below.
      static_cast<void>(co_await awaitRoom(worker));
    }
    Result<std::unique_ptr<io::TcpStream>> stream = co_await listener->accept();
    if (stream) {
      if (const auto& keepalive = doorway->port->keepalive) {
        (*stream)->setKeepalive(*keepalive);
      }
      io::spawn(
          worker.gate(), serveConnection(worker, doorway, *std::move(stream)), worker.cutOff()
      );
    } else if (stream.error().kind() == ErrorKind::kCancelled) {
      listener.reset();
      if (doorway->closed != nullptr) {
        doorway->closed->done();
      }
      co_return;
    } else {
      worker.log().warn("accept failed", {{"error", stream.error().chain()}});
      // What refuses one connection refuses the next: let it pass.
      static_cast<void>(co_await io::sleepFor(worker.reactor(), Millis(100)));
    }
  }
}

const snapshot::Port* portAt(const snapshot::Snapshot& snapshot, const std::string& key) {
  for (const snapshot::Port& port : snapshot.ports) {
    for (const std::string& address : port.addresses) {
      if (doorKey(port, address) == key) {
        return &port;
      }
    }
  }
  return nullptr;
}

io::TlsVersion versionOf(snapshot::TlsVersion version) {
  return version == snapshot::TlsVersion::kTls13 ? io::TlsVersion::kTls13 : io::TlsVersion::kTls12;
}

Result<std::shared_ptr<io::TlsServerConfig>> tlsFor(
    const snapshot::Port& port, std::shared_ptr<io::TicketKeys> tickets
) {
  io::TlsServerOptions options;
  options.tickets = std::move(tickets);
  options.alpn = port.tls_limits.alpn;
  options.min_version = versionOf(port.tls_limits.min_version);
  options.max_version = versionOf(port.tls_limits.max_version);
  options.cipher_suites = port.tls_limits.cipher_suites;
  options.key_exchange_groups = port.tls_limits.key_exchange_groups;
  constexpr std::size_t kScope = 32;
  options.session_scope = port.tls_identity.substr(0, kScope);
  for (const snapshot::ServerCertificate& certificate : port.certificates) {
    options.certificates.push_back(
        {.certificate_pem = certificate.chain_pem,
         .key_pem = std::string(certificate.key_pem->reveal()),
         .names = certificate.hostnames}
    );
  }
  if (!port.clients.ca_pem.empty()) {
    using io::TlsServerOptions;
    GATEHOUSE_TRY(options.client_trust, io::TrustStore::fromPem(port.clients.ca_pem));
    options.client_certificate = port.clients.required
                                     ? TlsServerOptions::ClientCertificate::kRequired
                                     : TlsServerOptions::ClientCertificate::kRequested;
  }
  return io::TlsServerConfig::create(std::move(options));
}

/// Whether connections that began under the door's part of the last snapshot may go on: not where
/// other clients would be let in now, or another Gateway would answer them.
bool mayGoOn(const Doorway& doorway, const snapshot::Port& port) {
  return port.tls == doorway.secure && port.proxy_protocol == doorway.proxy_protocol &&
         (doorway.port == nullptr ||
          (doorway.port->gateway == port.gateway && doorway.port->clients == port.clients));
}

}  // namespace

std::string doorKey(const snapshot::Port& port, const std::string& address) {
  if (!address.ends_with(":0")) {
    return address;
  }
  return std::string(port.gateway.view()) + "/" + std::to_string(port.port) + "=" + address;
}

void Acceptor::refresh(
    const std::string& key,
    Doorway& doorway,
    const snapshot::Port& port,
    const snapshot::SnapshotHandle& next
) {
  if (!mayGoOn(doorway, port)) {
    // They end after their exchange: none goes on in plain text, unchecked, with another Gateway,
    // or under a client's address that nobody vouches for.
    doorway.closing->request();
    doorway.closing = std::make_shared<io::Stop>();
  }
  doorway.secure = port.tls;
  doorway.proxy_protocol = port.proxy_protocol;
  if (!port.tls) {
    doorway.tls = nullptr;
  } else if (doorway.tls != nullptr && doorway.port->tls_identity == port.tls_identity) {
    // As it is: its sessions can still be resumed.
  } else if (auto tls = tlsFor(port, worker_.ticketKeys())) {
    doorway.tls = *std::move(tls);
  } else {
    doorway.tls = nullptr;  // not as it was: others might be let in than are meant now
    worker_.log().error(
        "certificates of a listener cannot be used",
        {{"address", key}, {"error", tls.error().chain()}}
    );
  }
  doorway.port = &port;
  doorway.snapshot = next;
}

void Acceptor::open(
    const std::string& key,
    io::ListenSocket socket,
    const snapshot::Port& port,
    const snapshot::SnapshotHandle& next
) {
  auto listener = io::Listener::start(worker_.reactor(), std::move(socket));
  if (!listener) {
    worker_.log().error(
        "listening failed", {{"address", key}, {"error", listener.error().chain()}}
    );
    return;
  }
  auto doorway = std::make_shared<Doorway>();
  doors_.emplace(key, doorway);
  refresh(key, *doorway, port, next);  // the loop takes at once what waits already
  io::spawn(worker_.gate(), acceptLoop(worker_, *std::move(listener), doorway), doorway->accepting);
}

void Acceptor::close(std::shared_ptr<Doorway> doorway) {
  doorway->accepting.request();
  doorway->closing->request();
  retired_.push_back(std::move(doorway));
}

void Acceptor::follow(
    const snapshot::SnapshotHandle& next,
    NewSockets sockets,
    const std::shared_ptr<Countdown>& closed
) {
  std::erase_if(retired_, [](const std::shared_ptr<Doorway>& door) {
    return door.use_count() == 1;
  });
  for (auto door = doors_.begin(); door != doors_.end();) {
    const snapshot::Port* port = portAt(*next, door->first);
    if (port == nullptr) {
      // A request already on its way is answered by the configuration it was sent to.
      closed->expect();
      door->second->closed = closed;
      close(std::move(door->second));
      door = doors_.erase(door);
    } else {
      refresh(door->first, *door->second, *port, next);
      ++door;
    }
  }
  for (auto& [key, socket] : sockets) {
    const snapshot::Port* port = portAt(*next, key);
    GATEHOUSE_INVARIANT(port != nullptr);
    open(key, std::move(socket), *port, next);
  }
}

void Acceptor::drain() {
  for (auto& [key, door] : doors_) {
    close(std::move(door));
  }
  doors_.clear();
}

}  // namespace gatehouse::proxy
