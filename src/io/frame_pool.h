// Memory of coroutine frames. A request is a dozen coroutines that begin and end within
// microseconds, most of them larger than what the allocator keeps at hand per thread, so freed
// frames are kept here by size and handed out again. What is kept is bounded; the rest goes back to
// the system's allocator. Each thread has its own; a frame may be freed on another thread than it
// was made on. Under the sanitizers there is no pool: they watch every frame.
#pragma once

#include <cstddef>

namespace gatehouse::io {

/// Memory for a frame of `size` bytes, aligned as operator new aligns.
[[nodiscard]] void* takeFrame(std::size_t size);
/// `size` as it was asked for.
void giveBackFrame(void* frame, std::size_t size) noexcept;

}  // namespace gatehouse::io
