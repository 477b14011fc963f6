// Which IP addresses this host has.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::io {

/// Addresses of all interfaces that are up, without port and brackets; empty if the system does not
/// tell.
std::vector<std::string> localAddresses();

/// Whether ::1 can be listened on.
bool hasIpv6Loopback();

}  // namespace gatehouse::io
