#include "proxy/handle.h"

#include <utility>

#include "base/text.h"
#include "http/target.h"
#include "io/stream.h"
#include "proxy/begin.h"
#include "proxy/exchange.h"
#include "proxy/filters.h"
#include "proxy/finish.h"
#include "proxy/forward_http.h"
#include "proxy/forward_llm.h"
#include "proxy/stream_out.h"

namespace gatehouse::proxy {
namespace {

/// The root's dot behind a name makes it no other name.
std::string_view withoutRoot(std::string_view host) {
  host.remove_suffix(host.ends_with('.') ? 1 : 0);
  return host;
}

/// Whether the host is that of another listener than the name the connection was made for. A
/// connection made for no name is for any.
[[gnu::noinline]] bool isMisdirected(const Exchange& x, const io::Peer& peer) {
  if (peer.serverName().empty() || x.listener == nullptr) {
    return false;
  }
  const std::string made_for = fold(withoutRoot(peer.serverName()));
  return snapshot::chooseListener(*x.port, made_for) != x.listener;
}

[[gnu::noinline]] Result<void> refuseLoad(Worker& worker, const Exchange& x) {
  worker.load().noteShed(x.shed ? Load::Cause::kConnections : Load::Cause::kRequests);
  return fail(
      ErrorKind::kOverloaded, Origin::kGateway, "The gateway has all the requests it can take"
  );
}

/// The rule that the request is for.
Result<void> chooseRoute(Worker& worker, Exchange& x, const io::Peer& peer) {
  if (x.head().method == http::Method::kConnect) {
    return fail(
        ErrorKind::kNotSupported,
        Origin::kDownstream,
        "CONNECT is not served: this is no forward proxy"
    );
  }
  std::string host = fold(withoutRoot(http::hostOf(x.head().authority)));
  x.listener = x.port == nullptr ? nullptr : snapshot::chooseListener(*x.port, host);
  if (x.listener != nullptr) {
    x.record.listener = x.listener->name;
  }
  worker.telemetry().requestBegan(x.record);
  if (x.shed) [[unlikely]] {
    return refuseLoad(worker, x);
  }
  if (x.listener == nullptr) {
    return fail(
        ErrorKind::kRouteNotFound,
        Origin::kDownstream,
        "No listener answers for host " + printable(host, 80)
    );
  }
  if (x.port->tls && isMisdirected(x, peer)) [[unlikely]] {
    x.misdirected = true;
    return fail(
        ErrorKind::kRouteNotFound,
        Origin::kDownstream,
        "Host " + printable(host, 80) + " is not served on a connection made for " +
            printable(peer.serverName(), 80)
    );
  }
  std::optional<snapshot::RouteMatch> match = x.listener->routes.match(host, x.head());
  if (!match) {
    return fail(
        ErrorKind::kRouteNotFound,
        Origin::kDownstream,
        "No route for " + printable(x.head().methodName(), 20) + " " +
            printable(x.head().path(), 120)
    );
  }
  x.rule = match->rule;
  x.route_prefix = match->matched_prefix;
  x.record.route = x.rule->route;
  x.record.rule = x.rule->name;
  x.filters = x.rule->filters.get();
  return {};
}

/// One of the rule's backends, each with the chance its weight gives it.
Result<void> chooseBackend(Worker& worker, Exchange& x) {
  if (x.rule->isPlain()) {
    x.voice = Voice::kProblem;
  }
  if (x.rule->total_weight == 0) {
    return fail(
        ErrorKind::kNoBackend, Origin::kGateway, "The route has no backend to send this to"
    );
  }
  std::uint64_t ticket =
      x.rule->backends.size() == 1 ? 0 : worker.telemetry().random().next() % x.rule->total_weight;
  for (const snapshot::WeightedBackend& choice : x.rule->backends) {
    if (ticket < choice.weight) {
      x.backend = choice.backend.get();
      x.filters = choice.filters.get();
      x.voice = x.backend->isPlain() ? Voice::kProblem : Voice::kDialect;
      x.record.backend = x.backend->name;
      return {};
    }
    ticket -= choice.weight;
  }
  return fail(
      ErrorKind::kInternal, Origin::kGateway, "weights of a rule do not add up to its total"
  );
}

/// Where the request goes.
Result<void> choose(Worker& worker, Exchange& x) {
  GATEHOUSE_CHECK_OK(chooseBackend(worker, x));
  if (worker.load().busy()) [[unlikely]] {
    return refuseLoad(worker, x);
  }
  if (const auto* invalid = std::get_if<snapshot::InvalidBackend>(&x.backend->target)) {
    return fail(invalid->kind, Origin::kGateway, invalid->reason);
  }
  return {};
}

/// Goes there.
io::Task<Result<Answer>> forward(Worker& worker, Exchange& x) {
  const auto& target = x.backend->target;
  if (const auto* ai = std::get_if<snapshot::AiBackend>(&target)) {
    return forwardLlm(worker, x, *ai);
  }
  if (const auto* plain = std::get_if<snapshot::HttpBackend>(&target)) {
    return forwardHttp(worker, x, *plain);
  }
  return answerSimulated(worker, x, std::get<snapshot::SimulatedBackend>(target));
}

io::Task<Result<Answer>> failed(Error error) {
  co_return fail(std::move(error));
}

io::Task<Result<Answer>> answered(Answer answer) {
  co_return answer;
}

[[gnu::noinline]] void limitTo(Worker& worker, Exchange& x, MonoTime start, Nanos time) {
  if (x.limit == nullptr) {
    x.limit = std::make_unique<TimeLimit>(worker.reactor(), x.wire->gone());
  }
  x.limit->notAfter(io::Deadline(start + time));
}

/// Everything up to the reply's head.
io::Task<Result<Answer>> walk(Worker& worker, Exchange& x, const io::Peer& peer) {
  if (Result<void> chosen = chooseRoute(worker, x, peer); !chosen) {
    return failed(std::move(chosen).error());
  }
  if (x.filters != nullptr) [[unlikely]] {
    if (std::optional<Answer> answer = answerByFilters(x)) {
      return answered(*std::move(answer));
    }
  }
  if (Result<void> chosen = choose(worker, x); !chosen) {
    return failed(std::move(chosen).error());
  }
  if (x.filters != nullptr) [[unlikely]] {
    if (std::optional<Answer> answer = passBackendFilters(x)) {
      return answered(*std::move(answer));
    }
  }
  if (x.rule->request_timeout != Nanos(0)) {
    limitTo(worker, x, x.record.start(), x.rule->request_timeout);
  }
  return io::withStop(x.stop(), forward(worker, x));
}

/// The limits of the rule apply to the whole of a reply that is no stream.
[[gnu::noinline]] Result<Answer> limitReply(Worker& worker, Exchange& x, Answer answer) {
  if (isEventStream(answer.head) || answer.head.status == 101) {
    x.limit.reset();
    return answer;
  }
  if (x.overLimit()) {
    return fail(ErrorKind::kCancelled, Origin::kGateway, "answered too late");
  }
  if (answer.from_upstream && x.rule->backend_request_timeout != Nanos(0)) {
    Micros began(x.record.lastAttempt().start.orZero());
    limitTo(worker, x, x.record.start() + began, x.rule->backend_request_timeout);
  }
  return answer;
}

/// The sending of the answer, not yet begun; of an error's when there is none. No task when nobody
/// listens. Not inlined: the walk's frame would have room for every answer in here.
[[gnu::noinline]] io::Task<void> reply(Worker& worker, Exchange& x, Result<Answer> answer) {
  if (answer && (x.limit != nullptr || x.rule->backend_request_timeout != Nanos(0))) {
    answer = limitReply(worker, x, *std::move(answer));
  }
  if (!answer) {
    answer = answerError(worker, x, whyStopped(x, std::move(answer).error()));
    x.limit.reset();  // a passed one would cut the answer that tells of it
    if (!answer) {
      return {};
    }
  }
  answer->event_stream = isEventStream(answer->head);
  if (x.filters != nullptr) [[unlikely]] {
    filterReply(x, *answer);
  }
  release(x);
  // The request's body is gone.
  worker.telemetry().bufferedBytes(worker.reactor().buffers().lent());
  return io::withStop(x.stop(), streamOut(worker, x, *std::move(answer)));
}

}  // namespace

// Its frame lives as long as the stream, so the exchange is about all it holds, made where it
// stays.
io::Task<void> handle(Worker& worker, Arrival arrival, std::unique_ptr<http::ServerExchange> wire) {
  const Load::Counted counted = worker.load().request();
  const io::Peer& peer = *arrival.peer;
  Exchange x = begin(worker, std::move(arrival), std::move(wire));
  io::StopLink cut(worker.cutOff(), x.wire->gone());
  io::Task<void> out = reply(worker, x, co_await walk(worker, x, peer));
  if (out) {
    co_await std::move(out);
  }
  finish(worker, x);
}

}  // namespace gatehouse::proxy
