// Logger: what the program says about itself, one structured line at a time. The access log is not
// written here.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/log_line.h"

namespace gatehouse {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
/// The level of this name ("debug", "warn", "error"); any other name is info.
LogLevel logLevelNamed(std::string_view name);

std::string_view toString(LogLevel level);

/// One `key=value`. Views the text it is given: use it within the call only. Never hand it a
/// credential.
struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const std::string& text [[clang::lifetimebound]])
      : key(name), value(std::string_view(text)) {}
  template <std::integral Number>
  LogField(std::string_view name, Number number) : key(name) {
    if constexpr (std::same_as<Number, bool>) {
      value = number;
    } else if constexpr (std::unsigned_integral<Number>) {
      value = static_cast<std::uint64_t>(number);
    } else {
      value = static_cast<std::int64_t>(number);
    }
  }

  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, bool> value;
};

using LogFields = std::initializer_list<LogField>;

struct LogSettings {
  int fd = 2;
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  /// Of one message, at most this many lines in each window; the next line allowed says how many
  /// were held back as `suppressed`. 0 = no limit.
  std::uint32_t burst = 20;
  Millis window{10'000};
};

/// Made in main and handed down by reference. Any thread; lines never interleave. Each line is one
/// blocking write: not for the path of a request that goes well.
class Logger {
 public:
  /// `clock` must outlive the logger.
  Logger(LogSettings settings, const Clock& clock [[clang::lifetimebound]]);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  /// `message` is the key of the rate limit: a fixed sentence; what varies goes into fields.
  void log(LogLevel level, std::string_view message, LogFields fields = {}) const;
  void debug(std::string_view message, LogFields fields = {}) const;
  void info(std::string_view message, LogFields fields = {}) const;
  void warn(std::string_view message, LogFields fields = {}) const;
  void error(std::string_view message, LogFields fields = {}) const;

  bool enabled(LogLevel level) const { return level >= settings_.level; }

 private:
  class Limiter;
  class Output;

  LogSettings settings_;
  const Clock& clock_;
  std::unique_ptr<Limiter> limiter_;
  std::unique_ptr<Output> output_;
};

}  // namespace gatehouse
