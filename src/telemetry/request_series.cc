#include "telemetry/request_series.h"

#include <algorithm>
#include <array>
#include <string>

namespace gatehouse::telemetry {
namespace {

// Label of a detail key where nothing went wrong: known, and not worth a word.
constexpr std::string_view kNoDetail = "none";

double seconds(std::int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

std::string_view methodLabel(http::Method method) {
  return method == http::Method::kOther ? "_OTHER" : http::toString(method);
}

std::string statusText(std::uint16_t status) {
  return status == 0 ? "" : std::to_string(status);
}

/// From the start of the attempt to the end of the handshake; nothing on a reused connection.
std::optional<std::int64_t> connectingTime(const Attempt& attempt) {
  const Mark done = attempt.tls ? attempt.tls : attempt.connect;
  if (attempt.reused || !done) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(0, done.orZero() - attempt.start.orZero());
}

}  // namespace

std::string_view statusClass(std::uint16_t status) {
  constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  return status >= 100 && status < 600 ? kClasses[status / 100U - 1] : std::string_view();
}

std::string bindOf(const RequestRecord& record) {
  std::string bind = std::to_string(record.listener_port);
  bind += '/';
  bind += record.gateway.view();
  return bind;
}

void RequestSeries::count(const RequestRecord& record, CountedSets sets) {
  const Ending& ending = record.ending();
  key_.clear();
  key_.add(record.gateway).add(record.listener).add(record.route).add(record.rule);
  key_.add(record.backend).addNumber(record.listener_port);
  key_.addNumber(record.protocol).addNumber(record.method).addNumber(record.status);
  key_.addNumber(ending.outcome).addNumber(ending.detail).addNumber(ending.refused_by);
  key_.addNumber(sets.gatehouse).addNumber(sets.agentgateway);
  Cells& cells = requests_.find(key_, [&] { return makeCells(record, sets); });
  const double duration = seconds(record.t_total.orZero());
  if (cells.requests) {
    cells.requests->add();
    cells.duration->observe(duration);
    cells.overhead->observe(seconds(record.overhead.orZero()));
    cells.received->add(record.bytes_in);
    cells.sent->add(record.bytes_out);
  }
  if (cells.agw_requests) {
    cells.agw_requests->add();
    cells.agw_duration->observe(duration);
  }
  for (std::size_t i = 0; i < record.attemptCount(); ++i) {
    countAttempt(record.attempt(i));
  }
}

RequestSeries::Cells RequestSeries::makeCells(const RequestRecord& record, CountedSets sets) {
  const std::string_view gateway = record.gateway.view();
  const std::string_view listener = record.listener.view();
  const std::string_view route = record.route.view();
  const std::string_view rule = record.rule.view();
  const std::string_view backend = record.backend.view();
  const std::string_view protocol = toString(record.protocol);
  const std::string status = statusText(record.status);
  Cells cells;
  if (sets.gatehouse) {
    const Ending& ending = record.ending();
    const std::array<std::string_view, 10> request = {
        gateway,
        listener,
        route,
        rule,
        backend,
        protocol,
        methodLabel(record.method),
        status,
        toString(ending.outcome),
        reasonOf(ending)
    };
    const std::array<std::string_view, 7> duration = {
        gateway, listener, route, rule, backend, protocol, statusClass(record.status)
    };
    const std::array<std::string_view, 4> place = {gateway, listener, route, rule};
    const std::array<std::string_view, 3> downstream = {gateway, listener, protocol};
    cells.requests = shard_.counter(Family::kRequests, request);
    cells.duration = shard_.histogram(Family::kRequestDuration, duration);
    cells.overhead = shard_.histogram(Family::kOverhead, place);
    cells.received = shard_.counter(Family::kDownstreamReceivedBytes, downstream);
    cells.sent = shard_.counter(Family::kDownstreamSentBytes, downstream);
  }
  if (sets.agentgateway) {
    addAgentgateway(cells, record, status);
  }
  return cells;
}

void RequestSeries::addAgentgateway(
    Cells& cells, const RequestRecord& record, std::string_view status
) {
  const std::string bind = bindOf(record);
  const std::array<std::string_view, 10> labels = {
      record.backend.view(),
      toString(record.protocol),
      methodLabel(record.method),
      status,
      reasonOf(record.ending()),
      bind,
      record.gateway.view(),
      record.listener.view(),
      record.route.view(),
      record.rule.view(),
  };
  cells.agw_requests = shard_.counter(Family::kAgwRequests, labels);
  cells.agw_duration = shard_.histogram(Family::kAgwRequestDuration, labels);
}

void RequestSeries::countAttempt(const Attempt& attempt) {
  const std::optional<std::int64_t> connecting = connectingTime(attempt);
  const std::string_view transport = attempt.secure ? "tls" : "plaintext";
  key_.clear();
  key_.add(attempt.backend).add(attempt.provider).addNumber(attempt.status / 100);
  key_.addNumber(attempt.detail).addNumber(attempt.why_next).addNumber(attempt.secure);
  AttemptCells& cells = attempts_.find(key_, [&] { return makeAttemptCells(attempt); });
  cells.attempts->add();
  if (connecting) {
    if (!cells.connect) {
      const std::array<std::string_view, 2> labels = {attempt.backend.view(), transport};
      cells.connect = shard_.histogram(Family::kUpstreamConnectDuration, labels);
    }
    cells.connect->observe(seconds(*connecting));
  }
  if (cells.followed) {
    cells.followed->add();
  }
}

RequestSeries::AttemptCells RequestSeries::makeAttemptCells(const Attempt& attempt) {
  const std::string_view backend = attempt.backend.view();
  const std::string_view detail =
      attempt.detail == Detail::kNone ? kNoDetail : toString(attempt.detail);
  const std::array<std::string_view, 4> labels = {
      backend, attempt.provider.view(), statusClass(attempt.status), detail
  };
  AttemptCells cells;
  cells.attempts = shard_.counter(Family::kUpstreamAttempts, labels);
  if (attempt.why_next == WhyNext::kFailover) {
    const std::array<std::string_view, 2> cause = {backend, detail};
    cells.followed = shard_.counter(Family::kFallbacks, cause);
  } else if (attempt.why_next != WhyNext::kNone) {
    const std::array<std::string_view, 2> cause = {backend, toString(attempt.why_next)};
    cells.followed = shard_.counter(Family::kRetries, cause);
  }
  return cells;
}

}  // namespace gatehouse::telemetry
