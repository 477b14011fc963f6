#include "io/tls/tls_tickets.h"

#include <algorithm>
#include <span>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "base/clock.h"

namespace gatehouse::io {

namespace {

/// HMAC-SHA-256 of `use` under `secret`.
TicketKeys::Octets derive(const TicketKeys::Octets& secret, std::string_view use) {
  TicketKeys::Octets out{};
  unsigned length = 0;
  const auto* text = reinterpret_cast<const unsigned char*>(use.data());
  const unsigned char* made = HMAC(
      EVP_sha256(),
      secret.data(),
      static_cast<int>(secret.size()),
      text,
      use.size(),
      out.data(),
      &length
  );
  GATEHOUSE_INVARIANT(made != nullptr && length == out.size());
  return out;
}

}  // namespace

TicketKeys::Octets TicketKeys::newSeed() {
  Octets seed{};
  GATEHOUSE_INVARIANT(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  return seed;
}

TicketKeys::TicketKeys(const Octets& seed, MonoTime start, const Clock& clock)
    : clock_(clock), start_(start), chain_(seed) {
  makeNewest();
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(chain_.data(), chain_.size());
  OPENSSL_cleanse(keys_.data(), sizeof(keys_));
}

const TicketKeys::Key& TicketKeys::newest() {
  follow();
  return keys_.front();
}

const TicketKeys::Key* TicketKeys::find(std::span<const unsigned char> name) {
  follow();
  const std::size_t known = std::min<std::size_t>(kKept, static_cast<std::size_t>(epoch_) + 1);
  for (std::size_t i = 0; i < known; ++i) {
    if (std::ranges::equal(keys_.at(i).name, name)) {
      return &keys_.at(i);
    }
  }
  return nullptr;
}

void TicketKeys::follow() {
  const std::int64_t now = (clock_.now() - start_) / kRotation;
  while (epoch_ < now) {
    ++epoch_;
    Octets next = derive(chain_, "next");
    OPENSSL_cleanse(chain_.data(), chain_.size());
    chain_ = next;
    OPENSSL_cleanse(next.data(), next.size());
    std::shift_right(keys_.begin(), keys_.end(), 1);
    makeNewest();
  }
}

void TicketKeys::makeNewest() {
  Key& key = keys_.front();
  const Octets name = derive(chain_, "name");
  std::ranges::copy_n(name.begin(), static_cast<std::ptrdiff_t>(key.name.size()), key.name.begin());
  key.cipher = derive(chain_, "cipher");
  key.mac = derive(chain_, "mac");
}

}  // namespace gatehouse::io
