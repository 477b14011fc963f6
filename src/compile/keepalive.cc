#include "compile/keepalive.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace gatehouse::compile {

upstream::Keepalive makeKeepalive(
    Draft& draft,
    const resource::ObjectMeta& meta,
    std::string_view field,
    const resource::TcpKeepalive& written
) {
  const auto time = [&](std::string_view name, std::optional<Millis> wished, Nanos otherwise) {
    const auto longest = std::chrono::duration_cast<Seconds>(upstream::kMaxKeepaliveTime);
    if (wished && *wished > longest) {
      draft.find(
          resource::Severity::kWarning,
          meta,
          fmt::format("{}.{}", field, name),
          fmt::format("the system takes at most {}s, which is used", longest.count())
      );
      return Nanos(longest);
    }
    return wished ? Nanos(*wished) : otherwise;
  };
  const upstream::Keepalive defaults;
  return {
      .time = time("time", written.time, defaults.time),
      .interval = time("interval", written.interval, defaults.interval),
      .probes = written.retries.value_or(defaults.probes),
  };
}

}  // namespace gatehouse::compile
