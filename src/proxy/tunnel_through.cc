#include "proxy/tunnel_through.h"

#include <utility>

#include "http/upgrade/tunnel.h"
#include "proxy/finish.h"

namespace gatehouse::proxy {
namespace {

io::Task<Result<void>> pass(Worker& worker, Exchange& x, http::TunnelEnd& upstream) {
  GATEHOUSE_CO_CHECK_OK(co_await x.wire->flush());
  x.record.t_client_first = x.record.mark(worker.now());
  http::TunnelEnd* client = x.wire->switched();
  if (client == nullptr) {
    co_return fail(
        ErrorKind::kInternal, Origin::kGateway, "this version does not switch protocols"
    );
  }
  const http::TunnelLimits limits{
      .idle = worker.settings().client.idle_timeout, .write = worker.settings().server.write_timeout
  };
  co_return co_await http::tunnel(*client, upstream, limits);
}

}  // namespace

io::Task<void> tunnelThrough(Worker& worker, Exchange& x, http::Body upstream) {
  worker.telemetry().streamBegan(x.record);
  http::TunnelEnd& end = *upstream.source()->switched();
  Result<void> ended = co_await pass(worker, x, end);
  telemetry::Ending ending{telemetry::Outcome::kCompleted};
  telemetry::Attempt& attempt = x.record.lastAttempt();
  if (!ended) {
    const Error error = whyStopped(x, std::move(ended).error());
    ending = endingFor(worker, x, error);
    attempt.detail = ending.detail;
    x.record.set(telemetry::Text::kError, error.chain());
  }
  const MonoTime now = worker.now();
  x.record.bytes_up_in += end.bytes_in;
  x.record.t_client_last = x.record.mark(now);
  attempt.last_byte = x.record.mark(now);
  endRecord(x, ending, now);
}

}  // namespace gatehouse::proxy
