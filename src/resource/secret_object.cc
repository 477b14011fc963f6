#include "resource/secret_object.h"

#include <algorithm>
#include <string.h>
#include <utility>

namespace gatehouse::resource {

SensitiveText::SensitiveText(std::string_view text)
    : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
  std::ranges::copy(text, bytes_.get());
}

SensitiveText::~SensitiveText() {
  wipe();
}

SensitiveText::SensitiveText(SensitiveText&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

SensitiveText& SensitiveText::operator=(SensitiveText&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void SensitiveText::wipe() {
  if (bytes_ != nullptr) {
    explicit_bzero(bytes_.get(), size_);
  }
}

void wipe(std::string& text) {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

const SensitiveText* Secret::find(std::string_view key) const {
  const auto found = data.find(key);
  return found == data.end() ? nullptr : &found->second;
}

}  // namespace gatehouse::resource
