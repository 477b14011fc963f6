// The end of a connection whose client may still be sending: closing a socket with unread input
// resets it, and the reset may overtake what was said last (RFC 9112 section 9.6).
#pragma once

#include "base/clock.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::http {

/// Tells the client of the end, then reads what it still sends for a moment; the caller closes the
/// stream, which outlives the task. `patience`: how long the client may take to take the end, which
/// under TLS is a message behind what it has not taken yet.
io::Task<void> endGently(io::Stream& stream, Nanos patience);

}  // namespace gatehouse::http
