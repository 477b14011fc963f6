// Keys of session tickets (RFC 5077; RFC 8446 section 4.6.1), the same in every worker of a process
// without any of them telling another: each follows one chain of keys by the clock. A key is made
// from the one before it and never the other way round, so that who reads the memory of the process
// learns nothing of tickets older than those that are still taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"

namespace gatehouse::io {

/// Owner's loop only.
class TicketKeys {
 public:
  /// How long a key seals tickets. A ticket is taken for twice that, by the keys kept before it.
  static constexpr Seconds kRotation{3600};
  static constexpr std::size_t kKept = 3;

  using Octets = std::array<unsigned char, 32>;
  struct Key {
    std::array<unsigned char, 16> name{};
    Octets cipher{};  // AES-256
    Octets mac{};     // HMAC-SHA-256
  };

  /// Where a chain begins: random, secret.
  static Octets newSeed();

  /// Chains of one seed and one start are the same. `clock` outlives the keys.
  TicketKeys(const Octets& seed, MonoTime start, const Clock& clock [[clang::lifetimebound]]);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// The key that seals now.
  const Key& newest();
  /// The key of this name, as far as its tickets are taken; or null.
  const Key* find(std::span<const unsigned char> name);

 private:
  void follow();
  void makeNewest();

  const Clock& clock_;
  MonoTime start_;
  std::int64_t epoch_ = 0;
  Octets chain_;
  std::array<Key, kKept> keys_;  // the newest first
};

}  // namespace gatehouse::io
