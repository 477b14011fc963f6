// 32 bytes at a time, for the two looks that every text of a record gets: may it hold a credential,
// does it need escapes. Vector types of the compiler; no instruction set is named.
#pragma once

#include <cstddef>
#include <cstring>

namespace gatehouse::telemetry {

using ByteBlock = unsigned char __attribute__((vector_size(32)));
/// All bits of a byte set where the question was answered yes.
using BlockMask = signed char __attribute__((vector_size(32)));

inline constexpr std::size_t kBlockSize = sizeof(ByteBlock);

/// Reads kBlockSize bytes, aligned or not.
inline ByteBlock loadBlock(const char* bytes) {
  ByteBlock block;
  std::memcpy(&block, bytes, kBlockSize);
  return block;
}

inline bool any(BlockMask mask) {
  return __builtin_reduce_or(mask) != 0;
}

}  // namespace gatehouse::telemetry
