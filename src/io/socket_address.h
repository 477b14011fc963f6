// Address to and from the system's form. For the .cc files of this room only: it brings in socket
// headers.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "io/address.h"

namespace gatehouse::io {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Of an IP address.
SocketAddress toSystem(const Address& address);
/// IPv4 mapped into IPv6 comes out as IPv4; 0.0.0.0:0 for families that Address does not have.
Address fromSystem(const sockaddr* address);
/// Of a socket's own end.
Address localAddressOf(int fd);

}  // namespace gatehouse::io
