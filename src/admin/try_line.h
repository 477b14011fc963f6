// The one line to try at start: a whole command for a shell that gets an answer from a route as it
// is. Pure text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/overview.h"

namespace gatehouse::admin {

/// A route of the overview and the address of its port that a client on this machine can dial.
struct Offer {
  const RouteOverview* row = nullptr;
  std::string address;  // "127.0.0.1:8080", "unix:/run/edge.sock"
};

/// The command for the best of `offers`: a route without conditions before one with them; then the
/// simulated model, a chat, Messages, a plain request; then plaintext before TLS; then the first.
/// Empty if none can be asked. A route whose key is missing is none, nor is one behind a door that
/// wants version 2 of the PROXY protocol, which curl does not know.
std::string tryLine(std::span<const Offer> offers);

/// An address a client on this machine can dial: loopback for all addresses, else as it is.
std::string dialable(const std::string& address);

/// "unix:/path".
bool isUnixSocket(std::string_view address);

/// `text` as one word of a shell.
std::string shellWord(std::string_view text);

}  // namespace gatehouse::admin
