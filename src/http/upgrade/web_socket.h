// Who asks to leave HTTP for WebSocket, and who agrees (RFC 6455 section 4; RFC 9110 section 7.8).
// Pure.
#pragma once

#include "http/head.h"

namespace gatehouse::http {

/// Whether Upgrade names websocket among what it names.
bool namesWebSocket(const Fields& fields);

/// Whether the request may go on as a WebSocket: GET over HTTP/1.1, Upgrade with websocket, and the
/// connection option that belongs to it. What asks for another protocol, or asks wrongly, is a
/// plain request.
bool asksForWebSocket(const RequestHead& head);

/// Whether a 101 goes over to WebSocket and nothing else.
bool switchesToWebSocket(const ResponseHead& head);

}  // namespace gatehouse::http
