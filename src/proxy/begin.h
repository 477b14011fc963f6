// The first step of the walk: a request head becomes an Exchange with a pinned snapshot and a
// record. And the step after the reply's head: what the body does not need is let go.
#pragma once

#include <memory>

#include "proxy/exchange.h"
#include "proxy/handle.h"
#include "proxy/worker.h"
#include "telemetry/record.h"

namespace gatehouse::proxy {

/// Where the request came in, and from whom.
void notePlace(telemetry::RequestRecord& record, const Arrival& arrival);

Exchange begin(Worker& worker, Arrival arrival, std::unique_ptr<http::ServerExchange> wire);

/// The dialect that errors speak, by path and fields, unless it has been detected; before the
/// fields leave the head.
void guessDialect(Exchange& x);

/// Drops the snapshot and the request head.
void release(Exchange& x);

}  // namespace gatehouse::proxy
