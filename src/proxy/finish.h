// Steps 13 and 14: how a request ended, decided once, and told once.
#pragma once

#include <optional>

#include "base/error.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// What a cancelled wait of the walk means: a timeout if the rule's limit has passed. Other errors
/// stay as they are.
Error whyStopped(Exchange& x, Error error);

/// The ending an error means here: a raised stop is the limit's passing, the client's going away,
/// or our own shutdown.
telemetry::Ending endingFor(Worker& worker, const Exchange& x, const Error& error);

/// The reply to an error before any byte of reply left, with the record ended. Nothing when nobody
/// is there to read it.
Result<Answer> answerError(Worker& worker, Exchange& x, Error error);

/// Ends the record; once.
void endRecord(Exchange& x, telemetry::Ending ending, MonoTime now);

/// Reports the record. The last thing that happens to an exchange.
void finish(Worker& worker, Exchange& x);

}  // namespace gatehouse::proxy
