// What the machine gives the process: memory, descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::io {

/// Bytes of memory the process may use: the machine's, or what its control groups leave it
/// (memory.max of version 2, memory.limit_in_bytes of version 1), the least of all. 0: not known.
std::uint64_t memoryLimit();

/// The least limit of a control group and those around it. `groups`: what /proc/self/cgroup says;
/// `root`: where the hierarchy is mounted ("/sys/fs/cgroup"). 0: none, or not readable.
std::uint64_t cgroupMemoryLimit(std::string_view groups, const std::string& root);

/// Whether a descriptor opened now would have a number below `ceiling`. Costs two calls of the
/// system.
bool hasDescriptorBelow(std::uint64_t ceiling);

}  // namespace gatehouse::io
