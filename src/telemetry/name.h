// A name that the configuration owns and many records share: gateway, listener, route, rule,
// backend, provider. Copying shares the text. Immutable; safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse::telemetry {

class Name {
 public:
  /// No name: unknown, or not reached.
  Name() = default;
  explicit Name(std::string text)
      : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}

  bool empty() const { return text_ == nullptr; }
  std::string_view view() const [[clang::lifetimebound]] {
    return text_ == nullptr ? std::string_view() : std::string_view(*text_);
  }
  /// Equal for copies of one name, and never reused while a copy lives; null for no name. Only for
  /// keys of caches that hold a copy themselves.
  const void* identity() const { return text_.get(); }

  friend bool operator==(const Name& a, const Name& b) {
    return a.text_ == b.text_ || a.view() == b.view();
  }

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace gatehouse::telemetry
