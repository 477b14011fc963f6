#include "proxy/begin.h"

#include <chrono>
#include <utility>
#include <vector>

#include "io/stream.h"
#include "llm/detect_client.h"
#include "llm/dialect_match.h"
#include "telemetry/trace_context.h"

namespace gatehouse::proxy {
namespace {

using telemetry::Text;

std::vector<std::string_view> valuesOf(const http::Fields& fields, http::FieldName name) {
  std::vector<std::string_view> values;
  for (std::size_t i = 0; fields.has(name) && i < fields.size(); ++i) {
    if (fields.idAt(i) == name.id()) {
      values.push_back(fields.at(i).value);
    }
  }
  return values;
}

telemetry::TracePlace placeInTrace(Worker& worker, Exchange& x) {
  const http::Fields& fields = x.head().fields;
  std::vector<std::string_view> parents = valuesOf(fields, "traceparent");
  if (!parents.empty()) {
    auto incoming = telemetry::readTraceContext(parents, valuesOf(fields, "tracestate"));
    if (incoming) {
      x.record.set(Text::kTraceState, incoming->state);
      return telemetry::continueTrace(*incoming, worker.telemetry().random());
    }
  }
  return telemetry::beginTrace(telemetry::Sampled::kNo, worker.telemetry().random());
}

void noteClient(telemetry::RequestRecord& record, const Arrival& arrival) {
  const io::Peer& peer = *arrival.peer;
  record.secure = peer.tls != nullptr;
  record.client_port = peer.remote.port();
  record.set(Text::kClientAddress, arrival.client_address);
  if (peer.tls != nullptr) {
    record.set(Text::kTlsServerName, peer.tls->server_name);
    record.set(Text::kTlsVersion, peer.tls->version);
    record.set(Text::kSourceIdentity, peer.tls->identity);
  }
  if (arrival.accept_wait) {
    record.accept_wait = telemetry::Mark(std::chrono::duration_cast<Micros>(*arrival.accept_wait));
  }
}

void noteHead(Exchange& x) {
  const http::RequestHead& head = x.head();
  telemetry::RequestRecord& record = x.record;
  record.method = head.method;
  if (record.method == http::Method::kOther) {
    record.set(Text::kMethod, head.method_text);
  }
  record.version = head.version;
  record.set(Text::kHost, head.authority);
  record.set(Text::kPath, head.path());
  record.set(Text::kUserAgent, head.fields.get("user-agent").value_or(""));
  record.client = llm::clientName(head.fields);
}

/// Classes whose dashboards read agentgateway's names (telemetry specification section 10).
bool isForeignClass(std::string_view name) {
  return name == "agentgateway" || name == "enterprise-agentgateway";
}

}  // namespace

void notePlace(telemetry::RequestRecord& record, const Arrival& arrival) {
  noteClient(record, arrival);
  if (const snapshot::Port* port = arrival.port) {
    record.gateway = port->gateway;
    record.listener_port = port->port;
    record.generation = arrival.snapshot->generation;
    record.foreign_gateway = isForeignClass(port->gateway_class);
  }
}

Exchange begin(Worker& worker, Arrival arrival, std::unique_ptr<http::ServerExchange> wire) {
  const Clock& clock = worker.reactor().clock();
  WallMicros wall = clock.wall();
  Exchange x(std::move(wire), worker.telemetry().ids().next(wall), worker.reactor().now(), wall);
  x.request_id = telemetry::toText(x.record.id());
  notePlace(x.record, arrival);
  x.snapshot = std::move(arrival.snapshot);
  x.port = arrival.port;
  x.shed = arrival.shed;
  noteHead(x);
  x.record.trace = placeInTrace(worker, x);
  return x;
}

void guessDialect(Exchange& x) {
  if (x.dialect == llm::Dialect::kUnknown) {
    llm::Dialect by_path = llm::matchDialect(x.head().method, x.head().path(), {}).dialect;
    x.dialect = llm::errorDialect(by_path, x.head().fields);
  }
}

void release(Exchange& x) {
  x.listener = nullptr;
  x.rule = nullptr;
  x.backend = nullptr;
  x.filters = nullptr;
  x.cors.reset();
  x.port = nullptr;
  x.snapshot.reset();
  x.route_prefix = {};
  x.head() = http::RequestHead();
}

}  // namespace gatehouse::proxy
