// LogLine: writes one line of a log, `key=value` pairs or one JSON object. Used by Logger and by
// the access log. Whatever the values hold, the line stays one line, and JSON stays valid UTF-8.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse {

enum class LogFormat : std::uint8_t { kText, kJson };

/// Appends to `out`, which must outlive it. Owner's thread.
class LogLine {
 public:
  LogLine(LogFormat format, std::string& out [[clang::lifetimebound]]);

  /// Keys are written as they are: plain names, each used once.
  LogLine& add(std::string_view key, std::string_view value);
  LogLine& add(std::string_view key, const char* value) {
    return add(key, std::string_view(value));
  }
  template <std::same_as<bool> Bool>
  LogLine& add(std::string_view key, Bool value) {
    return addBare(key, value ? "true" : "false");
  }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  LogLine& add(std::string_view key, Number value) {
    if constexpr (std::unsigned_integral<Number>) {
      return addUnsigned(key, value);
    } else {
      return addSigned(key, value);
    }
  }
  /// A value that is already text in both formats: a decimal number, true, false.
  LogLine& addBare(std::string_view key, std::string_view value);
  /// Ends the line, newline included. Nothing may be added afterwards.
  void end();

 private:
  LogLine& addSigned(std::string_view key, std::int64_t value);
  LogLine& addUnsigned(std::string_view key, std::uint64_t value);
  void startField(std::string_view key);

  std::string& out_;
  LogFormat format_;
  bool first_ = true;
};

}  // namespace gatehouse
