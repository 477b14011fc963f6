// Secret (v1) and the External Secrets kinds as written. Values are held in SensitiveText, which
// cannot be printed; compile hands them on as crypto::SecretText (this room may not include
// crypto).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "resource/meta.h"

namespace gatehouse::resource {

/// Bytes that must not be shown. Move-only, no stream or format function, wiped when it goes. Any
/// thread while const.
class SensitiveText {
 public:
  SensitiveText() = default;
  /// Copies `text`; the caller's copy stays the caller's to wipe.
  explicit SensitiveText(std::string_view text);
  ~SensitiveText();
  SensitiveText(SensitiveText&& other) noexcept;
  SensitiveText& operator=(SensitiveText&& other) noexcept;
  SensitiveText(const SensitiveText&) = delete;
  SensitiveText& operator=(const SensitiveText&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// The one way in; grep for it.
  std::string_view reveal() const [[clang::lifetimebound]] { return {bytes_.get(), size_}; }

 private:
  void wipe();
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Overwrites `text` with zeros, in a way the compiler keeps, and empties it.
void wipe(std::string& text);

/// A Secret with `data` decoded from base64 and `stringData` laid over it.
struct Secret {
  static constexpr std::string_view kKind = "Secret";
  ObjectMeta meta;
  std::string type = "Opaque";
  std::map<std::string, SensitiveText, std::less<>> data;
  /// Keys that were written with a value that is none; the findings say what is wrong with it.
  std::set<std::string, std::less<>> unusable;
  bool immutable = false;

  /// The value under `key`, or null.
  const SensitiveText* find(std::string_view key) const [[clang::lifetimebound]];
};

/// external-secrets.io ExternalSecret; checked against its schema, its spec kept as written.
struct ExternalSecret {
  static constexpr std::string_view kKind = "ExternalSecret";
  ObjectMeta meta;
  wire::Value spec;
};

/// SecretStore, or ClusterSecretStore (then without a namespace).
struct SecretStore {
  static constexpr std::string_view kKind = "SecretStore";
  ObjectMeta meta;
  wire::Value spec;
};

}  // namespace gatehouse::resource
