#include "openssl_memory.h"

#include <cstddef>

#include <openssl/crypto.h>

#include "allocate.h"

namespace gatehouse {
namespace {

// As OpenSSL wants them, with the place of the call, and nothing for a size of 0.
void* take(std::size_t size, const char* /*file*/, int /*line*/) {
  return size == 0 ? nullptr : takeMemory(size);
}
void giveBack(void* block, const char* /*file*/, int /*line*/) {
  giveBackMemory(block);
}
void* resize(void* block, std::size_t size, const char* /*file*/, int /*line*/) {
  if (size == 0) {
    giveBackMemory(block);
    return nullptr;
  }
  return resizeMemory(block, size);
}

}  // namespace

void shareMemoryWithOpenSsl() {
  // It fails if memory was taken before, which changes nothing but where it comes from.
  static_cast<void>(::CRYPTO_set_mem_functions(take, resize, giveBack));
}

}  // namespace gatehouse
