// SecretText: a credential in memory. It cannot be printed, formatted, converted or copied by
// accident, and its bytes are wiped when it goes (D9).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gatehouse::crypto {

class SecretText {
 public:
  SecretText() = default;
  /// Copies the text and wipes the source.
  static SecretText take(std::string&& text);
  /// Copies; the source is the caller's to wipe.
  static SecretText copyOf(std::string_view text);
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText();

  SecretText clone() const;
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// In time that depends on the lengths only.
  bool equals(std::string_view other) const;
  bool equals(const SecretText& other) const { return equals(other.reveal()); }
  /// The only way to the text. For putting it where it must go, at the last moment.
  std::string_view reveal() const [[clang::lifetimebound]] { return {bytes_.get(), size_}; }

  template <typename Stream>
  friend Stream& operator<<(Stream& stream, const SecretText&) = delete;

 private:
  void wipe();

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Overwrites the bytes so that the compiler cannot leave it out, and empties the string.
void wipe(std::string& text);

}  // namespace gatehouse::crypto
