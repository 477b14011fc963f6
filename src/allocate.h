// The memory of operator new for who asks in C: malloc, realloc and free by other names. What one
// of these gave, these take back, on any thread.
#pragma once

#include <cstddef>

namespace gatehouse {

/// Null: there is none.
void* takeMemory(std::size_t size) noexcept;
/// The block, or another one in its place, with what of it fits; null: there is none, and the block
/// is as it was. `size` is not 0.
void* resizeMemory(void* block, std::size_t size) noexcept;
void giveBackMemory(void* block) noexcept;

}  // namespace gatehouse
