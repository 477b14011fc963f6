// The PROXY protocol, versions 1 and 2 (haproxy's doc/proxy-protocol.txt of 2020-03-05,
// sections 2.1 and 2.2): before anything else of a connection, a proxy in front of us says between
// whom it is. Strict: whoever may send a preamble says who the client is, so that nothing is
// guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "io/address.h"
#include "io/deadline.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {

/// What may come. A connection that begins with neither preamble goes on as it is only where none
/// is required; one that begins with a preamble of a version that is not taken is always refused.
struct ProxyProtocolOptions {
  bool v1 = false;
  bool v2 = true;
  bool required = true;
};

/// Octets of a preamble at most. Version 1 has 107 of itself; of version 2, which could have
/// 65,551, no sender comes near.
inline constexpr std::size_t kMaxProxyV1 = 107;
inline constexpr std::size_t kMaxProxyV2 = 4096;

struct ProxyPreamble {
  enum class State : std::uint8_t {
    kPartial,  // nothing wrong so far; more must come
    kAbsent,   // something else begins here
    kRefused,  // `fault` says why
    kWhole,
  };
  State state = State::kPartial;
  std::size_t size = 0;  // octets; what follows is the client's
  /// The client, and whom it called; absent where the connection's own ends hold (LOCAL, UNKNOWN,
  /// UNSPEC).
  std::optional<Address> source;
  std::optional<Address> destination;
  std::string_view fault;  // static
};

/// `bytes`: the beginning of a connection, as far as it has come.
ProxyPreamble readProxyPreamble(std::string_view bytes, const ProxyProtocolOptions& options);

/// Takes the preamble off the stream, which outlives the task, and makes it the stream's peer; not
/// an octet more is taken. kBadRequest; kPeerClosed; kTimeout at the deadline; kCancelled.
Task<Result<void>> acceptProxyProtocol(
    TcpStream& stream, ProxyProtocolOptions options, Deadline deadline
);

}  // namespace gatehouse::io
