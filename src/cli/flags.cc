#include "cli/flags.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "io/address.h"

namespace gatehouse::cli {
namespace {

std::unexpected<Error> wrong(std::string text) {
  return fail(ErrorKind::kInvalidConfiguration, Origin::kGateway, std::move(text));
}

/// Whether one of them cannot be opened beside the other.
bool collide(const io::Address& a, const io::Address& b) {
  const bool all = a.isUnspecified() || b.isUnspecified();
  return a.port() == b.port() && a.port() != 0 && a.family() == b.family() &&
         (all || a.formatIp() == b.formatIp());
}

/// The addresses beside the traffic: each is one, and no two are the same.
Result<void> checkDoors(const RunOptions& options) {
  struct Door {
    std::string_view flag;
    const std::string& text;
    std::optional<io::Address> address;
  };
  std::array<Door, 3> doors{
      Door{"--admin", options.admin, {}},
      Door{"--metrics", options.metrics, {}},
      Door{"--readiness", options.readiness, {}},
  };
  for (std::size_t i = 0; i < doors.size(); ++i) {
    Door& door = doors[i];
    if (Result<io::Address> parsed = io::Address::parse(door.text)) {
      door.address = *parsed;
    } else {
      return wrong(
          std::string(door.flag) + " \"" + printable(door.text) +
          "\": expected ADDR:PORT, for example 127.0.0.1:15000 or [::1]:15000"
      );
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (collide(*doors[k].address, *door.address)) {
        return wrong(
            std::string(doors[k].flag) + " " + doors[k].text + " and " + std::string(door.flag) +
            " " + door.text + " name the same address; choose another for one of them"
        );
      }
    }
  }
  return {};
}

}  // namespace

Result<ParsedFlags> parseFlags(const RunOptions& options) {
  ParsedFlags flags;
  for (const std::string& text : options.binds) {
    GATEHOUSE_TRY(flags.binds.emplace_back(), compile::parseBindFlag(text));
  }
  for (const std::string& text : options.resolve) {
    Result<io::HostOverride> one = io::HostOverride::parse(text);
    if (!one) {
      return fail(one.error().kind(), one.error().origin(), "--resolve " + one.error().chain());
    }
    flags.overrides.push_back(*std::move(one));
  }
  if (!options.host.empty() && !compile::isIpAddress(options.host)) {
    return wrong(
        "--host \"" + printable(options.host) + "\": expected an IP address of this machine"
    );
  }
  GATEHOUSE_CHECK_OK(checkDoors(options));
  return flags;
}

}  // namespace gatehouse::cli
