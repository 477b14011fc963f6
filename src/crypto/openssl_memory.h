// OpenSSL's memory is the program's: what many handshakes at once leave behind goes back to the
// system as that of requests does. With malloc's a slow stream over TLS holds 6 to 8 KB more.
#pragma once

#include <cstddef>

#include <openssl/crypto.h>

namespace gatehouse::crypto {

/// Before anything of OpenSSL is used; later it changes nothing. The functions are those of
/// allocate.h.
template <
    void* (*kTake)(std::size_t) noexcept,
    void* (*kResize)(void*, std::size_t) noexcept,
    void (*kGiveBack)(void*) noexcept>
void takeOpenSslMemoryFrom() {
  // As OpenSSL wants them: with the place of the call, and nothing for a size of 0.
  using Place = const char*;
  auto* take = +[](std::size_t size, Place, int) { return size == 0 ? nullptr : kTake(size); };
  auto* give_back = +[](void* block, Place, int) { kGiveBack(block); };
  auto* resize = +[](void* block, std::size_t size, Place, int) -> void* {
    if (size == 0) {
      kGiveBack(block);
      return nullptr;
    }
    return kResize(block, size);
  };
  static_cast<void>(::CRYPTO_set_mem_functions(take, resize, give_back));
}

}  // namespace gatehouse::crypto
