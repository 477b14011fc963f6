// Unix sockets by path (unix(7)): listening on one, connecting to one. Abstract names are not
// served: anybody may take them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/deadline.h"
#include "io/listener.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {

/// Octets of a path at most: sun_path has 108 with the closing zero.
inline constexpr std::size_t kMaxUnixPath = 107;

/// `count` descriptors of one listening socket, mode 0660; whoever accepts first has the
/// connection. What a process that is gone has left there is replaced, a socket that is listened
/// on, or another file, is not. The file goes with the last of them. kInvalidConfiguration: "used
/// by another process", "no such folder", "longer than 107 octets".
Result<std::vector<ListenSocket>> openUnixListenSockets(const std::string& path, std::size_t count);

/// As connectTcp().
Task<Result<std::unique_ptr<TcpStream>>> connectUnix(
    Reactor& reactor, std::string path, Deadline deadline
);

}  // namespace gatehouse::io
