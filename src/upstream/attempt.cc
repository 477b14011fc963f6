#include "upstream/attempt.h"

#include <optional>
#include <utility>

#include "base/clock.h"
#include "io/reactor.h"

namespace gatehouse::upstream {
namespace {

/// A response body together with the connection it is read from.
class LeasedBody final : public http::BodySource {
 public:
  LeasedBody(Pool::Lease lease, std::unique_ptr<http::BodySource> source)
      : lease_(std::move(lease)), source_(std::move(source)) {}

  io::Task<Result<http::Piece>> pull() override { return source_->pull(); }
  void wakeInSilence(Nanos silence) override { source_->wakeInSilence(silence); }
  bool ready() const override { return source_->ready(); }
  std::optional<std::uint64_t> length() const override { return source_->length(); }
  const http::Fields* trailers() const override { return source_->trailers(); }
  http::TunnelEnd* switched() override { return source_->switched(); }

 private:
  Pool::Lease lease_;  // dies after the source, and only then gives the connection back
  std::unique_ptr<http::BodySource> source_;
};

// RFC 9110 section 9.2.2: what is not idempotent may be repeated only if it was not acted on. A
// connection that was stale says so within a round trip; who took the request and worked on it, and
// then went away, does not.
constexpr Nanos kRoundTrip = Seconds(1);
constexpr int kMostRefused = 3;

bool isIdempotent(http::Method method) {
  return method != http::Method::kPost && method != http::Method::kPatch &&
         method != http::Method::kConnect && method != http::Method::kOther;
}

bool mayRepeat(
    const Error& error, const http::ClientRequest& request, const AttemptMarks& marks, MonoTime now
) {
  if (error.kind() == ErrorKind::kUpstreamClosed && error.retry() == Retry::kYes) {
    return marks.repeats < kMostRefused;  // it was not looked at, and all of it is there still
  }
  const bool acted_on = request.sent && now - *request.sent >= kRoundTrip;
  return error.retry() == Retry::kIfReused && marks.reused && !marks.again &&
         request.replayable() && (!acted_on || isIdempotent(request.head.method));
}

}  // namespace

io::Task<Result<http::ClientResponse>> attempt(
    Pool& pool,
    io::Reactor& reactor,
    EndpointHandle endpoint,
    http::ClientRequest& request,
    AttemptMarks& marks
) {
  if (request.web_socket && mayBeHttp2(*endpoint)) [[unlikely]] {
    GATEHOUSE_CO_TRY(endpoint, overHttp1(*endpoint));
  }
  for (;;) {
    std::optional<Pool::Lease> lease = marks.again ? std::nullopt : pool.takeIdle(*endpoint);
    marks.reused = lease.has_value();
    if (!lease) {
      GATEHOUSE_CO_TRY(Pool::Lease made, co_await pool.connect(endpoint, marks.connect));
      lease.emplace(std::move(made));
      marks.reused = lease->connection().reused();
    }
    Result<http::ClientResponse> response = co_await lease->connection().send(request);
    if (response) {
      marks.head = reactor.clock().now();
      if (!response->body.empty()) {
        response->body =
            http::Body(std::make_unique<LeasedBody>(*std::move(lease), response->body.release()));
      }
      co_return std::move(response);
    }
    if (mayRepeat(response.error(), request, marks, reactor.now())) {
      marks.again = reactor.clock().now();
      ++marks.repeats;
      continue;
    }
    Error error = std::move(response).error();
    if (error.kind() == ErrorKind::kCancelled) {
      co_return fail(std::move(error));
    }
    if (error.origin() == Origin::kDownstream) {
      co_return fail(std::move(error));  // a fault of the client's body is not the endpoint's
    }
    ErrorKind kind = error.kind();
    Origin origin = error.origin();
    Retry retry = error.retry();
    co_return fail(std::move(error).because(kind, origin, endpoint->name, retry));
  }
}

}  // namespace gatehouse::upstream
