// HTTPS_PROXY and NO_PROXY as operators may write them: whatever they hold, nothing crashes, no
// error shows a password, and what is named without one is a proxy again by its own name. Input:
// a host, HTTPS_PROXY and NO_PROXY, a line each.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "upstream/proxy_environment.h"

namespace {

using gatehouse::upstream::ProxyEnvironment;

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

gatehouse::Result<ProxyEnvironment> read(const std::string& proxy, const std::string& direct) {
  return ProxyEnvironment::read([&](std::string_view name) -> std::optional<std::string> {
    return name == "HTTPS_PROXY" ? std::optional(proxy)
           : name == "NO_PROXY"  ? std::optional(direct)
                                 : std::nullopt;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<std::string_view> rest(std::string_view(reinterpret_cast<const char*>(data), size));
  const std::string host = gatehouse::fold(gatehouse::takePart(rest, '\n').value_or(""));
  const std::string proxy(gatehouse::takePart(rest, '\n').value_or(""));
  const std::string direct(rest.value_or(""));
  const auto environment = read(proxy, direct);
  if (!environment) {
    const std::string_view detail = environment.error().detail();
    const bool known =
        detail.starts_with("HTTPS_PROXY: expected") || detail.starts_with("NO_PROXY entry ");
    require(known, "a known sentence");
    return 0;
  }
  const auto named = environment->named();
  require(named.size() <= 1, "one proxy at most");
  require(environment->tunnelFor(host, 443, false) == nullptr, "none for plain HTTP");
  if (named.empty()) {
    require(environment->tunnelFor(host, 443, true) == nullptr, "none, no tunnel");
    return 0;
  }
  require(environment->tunnelFor("localhost", 443, true) == nullptr, "loopback is direct");
  const auto again = read(named.front().proxy, direct);
  require(again.has_value() && again->named().front().proxy == named.front().proxy, "named alike");
  require(
      (environment->tunnelFor(host, 443, true) == nullptr) ==
          (again->tunnelFor(host, 443, true) == nullptr),
      "direct alike"
  );
  return 0;
}
