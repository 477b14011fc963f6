#include "crypto/secret_text.h"

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/crypto.h>

namespace gatehouse::crypto {

SecretText SecretText::take(std::string&& text) {
  SecretText secret = copyOf(text);
  gatehouse::crypto::wipe(text);
  return secret;
}

SecretText SecretText::copyOf(std::string_view text) {
  SecretText secret;
  if (!text.empty()) {
    secret.bytes_ = std::make_unique_for_overwrite<char[]>(text.size());
    secret.size_ = text.size();
    std::memcpy(secret.bytes_.get(), text.data(), text.size());
  }
  return secret;
}

SecretText::SecretText(SecretText&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretText::~SecretText() {
  wipe();
}

SecretText SecretText::clone() const {
  return copyOf(reveal());
}

bool SecretText::equals(std::string_view other) const {
  return size_ == other.size() && CRYPTO_memcmp(bytes_.get(), other.data(), size_) == 0;
}

void SecretText::wipe() {
  if (size_ > 0) {
    OPENSSL_cleanse(bytes_.get(), size_);
  }
  size_ = 0;
}

void wipe(std::string& text) {
  text.resize(text.capacity());  // bytes past the size may hold what was there before
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace gatehouse::crypto
