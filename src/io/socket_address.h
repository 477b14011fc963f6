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

SocketAddress toSystem(const Address& address);
/// Of an AF_INET or AF_INET6 address; IPv4 mapped into IPv6 comes out as IPv4. 0.0.0.0:0 for other
/// families.
Address fromSystem(const sockaddr* address);
/// Of a socket's own end.
Address localAddressOf(int fd);

}  // namespace gatehouse::io
