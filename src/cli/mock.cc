#include "cli/mock.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "cli/mock_answer.h"
#include "cli/mock_record.h"
#include "cli/mock_script.h"
#include "http/body_filters.h"
#include "http/server_connection.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/listener.h"
#include "io/process.h"
#include "io/run_task.h"
#include "io/tls/tls_authority.h"
#include "io/tls/tls_stream.h"

namespace gatehouse::cli {
namespace {

constexpr std::uint64_t kBodyLimit = 256u << 20;

/// Everything the mock's tasks share; outlives them.
struct Mock {
  explicit Mock(io::Reactor& loop) : reactor(loop), gate(loop) {}
  io::Reactor& reactor;
  io::Gate gate;
  MockScript script;
  MockRecord record;
  std::shared_ptr<io::TlsServerConfig> tls;
  std::uint64_t connections = 0;
};

http::ResponseHead headOf(const MockReply& reply) {
  http::ResponseHead head;
  head.status = reply.status;
  for (const auto& [name, value] : reply.fields) {
    head.fields.add(name, value);
  }
  if (!reply.chunked && reply.status != 204) {
    std::size_t size = 0;
    for (const std::string& piece : reply.pieces) {
      size += piece.size();
    }
    head.fields.set("Content-Length", std::to_string(size));
  }
  return head;
}

/// Sends the reply; `sent` counts its body bytes. An error means that the peer has gone.
io::Task<Result<void>> sendReply(
    Mock& mock, http::ServerExchange& exchange, MockReply reply, std::size_t& sent
) {
  if (reply.delay > Nanos(0)) {
    GATEHOUSE_CO_CHECK_OK(co_await io::sleepFor(mock.reactor, reply.delay));
  }
  exchange.writeHead(
      headOf(reply), reply.chunked ? http::Framing::kChunked : http::Framing::kLength
  );
  for (std::string_view piece : reply.pieces) {
    if (reply.between > Nanos(0) && sent > 0) {
      GATEHOUSE_CO_CHECK_OK(co_await io::sleepFor(mock.reactor, reply.between));
    }
    bool faulty = reply.fault != MockFault::kNone && sent + piece.size() >= reply.fault_after;
    if (faulty) {
      piece = piece.substr(0, reply.fault_after - sent);
    }
    if (!piece.empty()) {
      GATEHOUSE_CO_CHECK_OK(co_await exchange.write(piece));
      sent += piece.size();
    }
    if (faulty && reply.fault == MockFault::kHang) {
      GATEHOUSE_CO_CHECK_OK(co_await exchange.flush());
      GATEHOUSE_CO_CHECK_OK(co_await io::sleepUntil(mock.reactor, io::Deadline::never()));
    }
    if (faulty) {
      GATEHOUSE_CO_CHECK_OK(co_await exchange.flush());
      exchange.abort();
      co_return Result<void>();
    }
  }
  co_return co_await exchange.finish();
}

io::Task<void> serveExchange(
    Mock& mock,
    std::unique_ptr<http::ServerExchange> exchange,
    const io::Peer& peer,
    std::uint64_t connection
) {
  Result<Chunk> body =
      co_await http::readWhole(*exchange->body(), kBodyLimit, mock.reactor.buffers());
  if (!body) {
    co_return;
  }
  std::uint64_t number = mock.record.request(exchange->head(), body->view(), peer, connection);
  std::optional<MockReply> scripted = mock.script.answer(exchange->head(), body->view());
  MockReply reply =
      scripted ? *std::move(scripted) : answerWithoutRule(exchange->head(), body->view(), number);
  *body = Chunk();
  std::size_t sent = 0;
  Result<void> done =
      co_await io::withStop(exchange->gone(), sendReply(mock, *exchange, std::move(reply), sent));
  if (done) {
    mock.record.finished(number, sent);
  } else {
    mock.record.aborted(number, sent);
    exchange->abort();
  }
}

io::Task<void> serveClient(Mock& mock, std::unique_ptr<io::TcpStream> tcp) {
  std::uint64_t number = ++mock.connections;
  std::unique_ptr<io::Stream> stream = std::move(tcp);
  if (mock.tls != nullptr) {
    auto secure =
        co_await io::acceptTls(mock.tls, stream, io::Deadline::after(mock.reactor, Seconds(15)));
    if (!secure) {
      co_return;
    }
    stream = *std::move(secure);
  }
  http::ServerShared shared;
  auto connection = http::serveHttp1(mock.reactor, std::move(stream), http::ServerLimits{}, shared);
  while (std::unique_ptr<http::ServerExchange> exchange = co_await connection->next()) {
    co_await serveExchange(mock, std::move(exchange), connection->peer(), number);
  }
}

io::Task<void> acceptClients(Mock& mock, std::unique_ptr<io::Listener> listener, io::Stop& stop) {
  for (;;) {
    Result<std::unique_ptr<io::TcpStream>> stream = co_await listener->accept();
    if (stream) {
      io::spawn(mock.gate, serveClient(mock, *std::move(stream)), stop);
    } else if (stream.error().kind() == ErrorKind::kCancelled) {
      co_return;
    }
  }
}

io::Task<void> untilSignal(io::Signals& signals) {
  static_cast<void>(co_await signals.next());
}

io::Task<void> closeGate(io::Gate& gate) {
  static_cast<void>(co_await gate.close());
}

Result<std::string> readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    const std::string why = std::error_code(errno, std::generic_category()).message();
    return fail(
        ErrorKind::kInvalidConfiguration, Origin::kGateway, "cannot read " + path + ": " + why
    );
  }
  return text.str();
}

/// Written beside and renamed, so that who waits for the file never sees half of it.
Result<void> writeFile(const std::string& path, std::string_view text) {
  std::string beside = path + ".new";
  {
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) {
      return fail(ErrorKind::kInvalidConfiguration, Origin::kGateway, "cannot write " + path);
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    return fail(ErrorKind::kInvalidConfiguration, Origin::kGateway, "cannot write " + path);
  }
  return {};
}

Result<std::shared_ptr<io::TlsServerConfig>> tlsFor(const MockOptions& options) {
  io::TlsServerOptions tls;
  tls.alpn = {"http/1.1"};
  if (!options.tls_cert.empty()) {
    GATEHOUSE_TRY(std::string certificate, readFile(options.tls_cert));
    GATEHOUSE_TRY(std::string key, readFile(options.tls_key));
    tls.certificates.push_back(
        {.certificate_pem = std::move(certificate), .key_pem = std::move(key), .names = {}}
    );
    return io::TlsServerConfig::create(std::move(tls));
  }
  if (options.tls_names.empty()) {
    return std::shared_ptr<io::TlsServerConfig>();
  }
  std::vector<std::string> names;
  for (std::string_view name : split(options.tls_names, ',')) {
    names.emplace_back(trim(name));
  }
  io::TestAuthority authority;
  io::IssuedCertificate issued = authority.issue({.names = std::move(names)});
  if (!options.ca_out.empty()) {
    GATEHOUSE_CHECK_OK(writeFile(options.ca_out, authority.caPem()));
  }
  tls.certificates.push_back(
      {.certificate_pem = issued.certificate_pem, .key_pem = issued.key_pem, .names = {}}
  );
  return io::TlsServerConfig::create(std::move(tls));
}

Result<void> serve(const MockOptions& options) {
  io::Reactor reactor;
  Mock mock(reactor);
  if (!options.script.empty()) {
    GATEHOUSE_TRY(std::string text, readFile(options.script));
    GATEHOUSE_TRY(mock.script, MockScript::read(options.script, text));
  }
  const RecordedKeys keys = options.record_keys ? RecordedKeys::kClear : RecordedKeys::kMasked;
  GATEHOUSE_TRY(mock.record, MockRecord::open(options.record, keys));
  GATEHOUSE_TRY(mock.tls, tlsFor(options));
  Result<io::Address> address = io::Address::parse(options.listen);
  if (!address) {
    return fail(
        ErrorKind::kInvalidConfiguration, Origin::kGateway, "--listen " + address.error().chain()
    );
  }
  GATEHOUSE_TRY(std::vector<io::ListenSocket> sockets, io::openListenSockets(*address, 1));
  std::string bound = sockets.front().local().format();
  GATEHOUSE_TRY(
      std::unique_ptr<io::Listener> listener,
      io::Listener::start(reactor, std::move(sockets.front()))
  );
  GATEHOUSE_TRY(
      std::unique_ptr<io::Signals> signals, io::Signals::start(reactor, {SIGTERM, SIGINT})
  );
  io::Stop stop;
  io::spawn(mock.gate, acceptClients(mock, std::move(listener), stop), stop);
  if (!options.ready_file.empty()) {
    GATEHOUSE_CHECK_OK(writeFile(options.ready_file, bound + "\n"));
  }
  std::fprintf(stderr, "gatehouse mock: %s://%s\n", mock.tls ? "https" : "http", bound.c_str());
  io::runTask(reactor, untilSignal(*signals));
  stop.request();
  io::runTask(reactor, closeGate(mock.gate));
  return {};
}

}  // namespace

int runMock(const MockOptions& options) {
  io::blockSignals({SIGTERM, SIGINT});
  Result<void> served = serve(options);
  if (!served) {
    std::fprintf(stderr, "gatehouse mock: %s\n", served.error().chain().c_str());
    return 1;
  }
  return 0;
}

}  // namespace gatehouse::cli
