#include "proxy/refused.h"

#include <utility>

#include "proxy/begin.h"
#include "proxy/handle.h"
#include "telemetry/report.h"
#include "telemetry/trace_context.h"

namespace gatehouse::proxy {
namespace {

/// However its fault is told apart for the client, to the record it is a bad request.
telemetry::Ending endingOf(const Error& error) {
  if (error.kind() == ErrorKind::kTimeout) {
    return telemetry::endingOf(error.kind(), error.origin(), telemetry::Reply::kNotBegun);
  }
  return {telemetry::Outcome::kRefused, telemetry::Detail::kBadRequest};
}

/// Of the method it is not even known that it is GET.
void noteMethod(telemetry::RequestRecord& record, std::optional<http::Method> method) {
  record.method = method.value_or(http::Method::kOther);
  if (method == http::Method::kOther) {
    record.set(telemetry::Text::kMethod, "_OTHER");
  }
}

/// Which of several listeners a host would have chosen nobody knows.
telemetry::Name listenerOf(const snapshot::Port* port) {
  bool sole = port != nullptr && port->listeners.size() == 1;
  return sole ? port->listeners.front().name : telemetry::Name();
}

}  // namespace

std::string RefusedHere::add(const http::RefusedRequest& request) {
  const std::string client_address = request.peer.remote.formatIp();
  Arrival arrival{
      .snapshot = doorway_.snapshot,
      .port = doorway_.port,
      .peer = &request.peer,
      .client_address = client_address,
  };
  WallMicros wall = worker_.reactor().clock().wall();
  telemetry::RequestRecord record(
      worker_.telemetry().ids().next(wall), worker_.reactor().now(), wall
  );
  notePlace(record, arrival);
  noteMethod(record, request.method);
  record.listener = listenerOf(doorway_.port);
  record.trace = telemetry::beginTrace(telemetry::Sampled::kNo, worker_.telemetry().random());
  record.status = request.status;
  record.set(telemetry::Text::kError, request.error.chain());
  worker_.telemetry().requestBegan(record);
  record.end(endingOf(request.error), worker_.now());
  telemetry::report(record, worker_.telemetry());
  return telemetry::toText(record.id());
}

}  // namespace gatehouse::proxy
