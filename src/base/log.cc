#include "base/log.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <variant>

#include <fmt/core.h>
#include <spdlog/common.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include "base/clock.h"
#include "base/log_line.h"

namespace gatehouse {
namespace {

/// Writes each line with one call where the descriptor takes it whole.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int fd) : fd_(fd) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string_view rest(message.payload.data(), message.payload.size());
    while (!rest.empty()) {
      ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written <= 0) {
        return;  // a log that cannot be written has nobody to be told
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void flush_() override {}

 private:
  int fd_;
};

spdlog::level::level_enum spdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// RFC 3339, UTC, microseconds.
std::string timestamp(WallMicros wall) {
  using std::chrono::floor;
  std::chrono::sys_time<Micros> time{Micros(static_cast<std::int64_t>(wall))};
  auto day = floor<std::chrono::days>(time);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss<Micros> clock(time - day);
  return fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
      static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()),
      clock.hours().count(),
      clock.minutes().count(),
      clock.seconds().count(),
      clock.subseconds().count()
  );
}

}  // namespace

LogLevel logLevelNamed(std::string_view name) {
  return name == "debug"   ? LogLevel::kDebug
         : name == "warn"  ? LogLevel::kWarn
         : name == "error" ? LogLevel::kError
                           : LogLevel::kInfo;
}

std::string_view toString(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

/// Counts the lines of each message within its window.
class Logger::Limiter {
 public:
  /// How many lines were held back before this one; nothing if this one is held back too.
  std::optional<std::uint64_t> admit(
      const LogSettings& settings, std::string_view message, MonoTime now
  ) {
    if (settings.burst == 0) {
      return 0;
    }
    std::lock_guard lock(mutex_);
    auto entry = windows_.find(message);
    if (entry == windows_.end()) {
      if (windows_.size() >= kMaxMessages) {
        windows_.clear();  // messages are fixed sentences: this many means somebody's are not
      }
      entry = windows_.emplace(message, Window{now, 0, 0}).first;
    }
    Window& window = entry->second;
    if (now - window.start >= settings.window) {
      window.start = now;
      window.admitted = 0;
    }
    if (window.admitted >= settings.burst) {
      ++window.held_back;
      return std::nullopt;
    }
    ++window.admitted;
    return std::exchange(window.held_back, 0);
  }

 private:
  static constexpr std::size_t kMaxMessages = 1024;

  struct Window {
    MonoTime start;
    std::uint32_t admitted;
    std::uint64_t held_back;
  };

  std::mutex mutex_;
  std::map<std::string, Window, std::less<>> windows_;
};

class Logger::Output {
 public:
  explicit Output(int fd) : spdlog_("gatehouse", std::make_shared<DescriptorSink>(fd)) {
    spdlog_.set_level(spdlog::level::trace);  // levels are sorted out before
  }

  void write(LogLevel level, std::string_view line) {
    spdlog_.log(spdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  spdlog::logger spdlog_;
};

Logger::Logger(LogSettings settings, const Clock& clock)
    : settings_(settings),
      clock_(clock),
      limiter_(std::make_unique<Limiter>()),
      output_(std::make_unique<Output>(settings.fd)) {}

Logger::~Logger() = default;

void Logger::log(LogLevel level, std::string_view message, LogFields fields) const {
  if (!enabled(level)) {
    return;
  }
  auto held_back = limiter_->admit(settings_, message, clock_.now());
  if (!held_back) {
    return;
  }
  std::string text;
  LogLine line(settings_.format, text);
  line.add("time", timestamp(clock_.wall())).add("level", toString(level)).add("msg", message);
  for (const LogField& field : fields) {
    std::visit([&](auto value) { line.add(field.key, value); }, field.value);
  }
  if (*held_back > 0) {
    line.add("suppressed", *held_back);
  }
  line.end();
  output_->write(level, text);
}

void Logger::debug(std::string_view message, LogFields fields) const {
  log(LogLevel::kDebug, message, fields);
}
void Logger::info(std::string_view message, LogFields fields) const {
  log(LogLevel::kInfo, message, fields);
}
void Logger::warn(std::string_view message, LogFields fields) const {
  log(LogLevel::kWarn, message, fields);
}
void Logger::error(std::string_view message, LogFields fields) const {
  log(LogLevel::kError, message, fields);
}

}  // namespace gatehouse
