#include "cli/probe.h"

#include <algorithm>
#include <utility>

#include "base/result.h"
#include "http/client_connection.h"
#include "io/connect.h"
#include "io/deadline.h"
#include "io/gate.h"

namespace gatehouse::cli {
namespace {

io::Task<Result<void>> askModels(io::Reactor& reactor, std::uint16_t port) {
  io::Address address = io::Address::loopback(port);
  GATEHOUSE_CO_TRY(
      std::unique_ptr<io::TcpStream> stream,
      co_await io::connectTcp(reactor, address, io::Deadline::never())
  );
  auto connection = http::clientHttp1(reactor, std::move(stream), http::ClientLimits{});
  http::ClientRequest request;
  request.head.target = "/v1/models";
  request.head.authority = address.format();
  request.head.fields.add("Accept", "application/json");
  GATEHOUSE_CO_TRY(http::ClientResponse response, co_await connection->send(request));
  std::string_view type = response.head.fields.get("content-type").value_or("");
  if (response.head.status != 200 || !type.starts_with("application/json")) {
    co_return fail(ErrorKind::kUpstreamInvalid, Origin::kUpstream, "no model server");
  }
  co_return Result<void>();
}

io::Task<void> probe(
    io::Reactor& reactor,
    std::uint16_t port,
    io::Deadline deadline,
    std::vector<std::uint16_t>& found
) {
  Result<void> answered = co_await io::withDeadline(
      reactor, deadline, askModels(reactor, port), Origin::kUpstream, "no answer"
  );
  if (answered) {
    found.push_back(port);
  }
}

}  // namespace

io::Task<std::vector<std::uint16_t>> probeLocalServers(
    io::Reactor& reactor, std::vector<std::uint16_t> ports, Nanos patience
) {
  io::Gate gate(reactor);
  io::Stop& stop = co_await io::currentStop();
  std::vector<std::uint16_t> found;
  io::Deadline deadline = io::Deadline::after(reactor, patience);
  for (std::uint16_t port : ports) {
    io::spawn(gate, probe(reactor, port, deadline, found), stop);
  }
  while (gate.inside() > 0) {
    static_cast<void>(co_await gate.close());
  }
  std::ranges::sort(found);
  co_return found;
}

}  // namespace gatehouse::cli
