#include "upstream/proxy_environment.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "crypto/secret_text.h"
#include "resource/schema/format.h"
#include "upstream/endpoint.h"
#include "wire/base64.h"
#include "wire/percent.h"

namespace gatehouse::upstream {
namespace {

struct Variable {
  std::string_view name;
  std::string value;
};

/// The variable that holds; one that is empty counts as not set.
std::optional<Variable> variable(
    const ProxyEnvironment::LookUp& look_up, std::string_view lower, std::string_view upper
) {
  for (const std::string_view name : {lower, upper}) {
    if (std::optional<std::string> value = look_up(name); value && !trim(*value).empty()) {
      return Variable{name, std::string(trim(*value))};
    }
  }
  return std::nullopt;
}

/// "user:password@" decoded, as the value of Proxy-Authorization (RFC 7617); nothing if it cannot
/// be.
std::optional<crypto::SecretText> basicFrom(std::string_view credentials) {
  const auto parts = splitOnce(credentials, ':');
  std::optional<std::string> user = wire::decodePercent(parts ? parts->first : credentials);
  std::optional<std::string> password = wire::decodePercent(parts ? parts->second : "");
  if (!user || !password || user->contains(':')) {
    return std::nullopt;
  }
  std::string pair = *user + ":" + *password;
  std::string value = "Basic " + wire::encodeBase64(pair);
  crypto::wipe(pair);
  crypto::wipe(*password);
  return crypto::SecretText::take(std::move(value));
}

EndpointHandle proxyAt(const resource::HttpUrl& url, std::uint16_t port) {
  Endpoint proxy;
  proxy.host = fold(url.host);
  proxy.port = port;
  if (url.tls) {
    TlsSettings tls;
    const bool numeric = io::Address::fromIp(proxy.host, 0).has_value();
    tls.sni = numeric ? "" : proxy.host;
    tls.verify_names = {proxy.host};
    proxy.tls = std::make_shared<const TlsSettings>(std::move(tls));
  }
  nameEndpoint(proxy);
  proxy.pool_key = (url.tls ? "proxy https://" : "proxy http://") + proxy.name;
  return std::make_shared<const Endpoint>(std::move(proxy));
}

/// Bits of two addresses of one family that are alike, from the first on.
bool sameBits(const io::Address& a, const io::Address& b, std::size_t bits) {
  for (std::size_t i = 0; i < bits; ++i) {
    const int shift = 7 - static_cast<int>(i % 8);
    if (((a.bytes()[i / 8] ^ b.bytes()[i / 8]) >> shift & 1) != 0) {
      return false;
    }
  }
  return true;
}

/// A name that can be one of a host. One whose last label is a number is none: such are addresses
/// (WHATWG URL, "ends in a number"), this one written wrongly or in part.
bool isHostName(std::string_view name) {
  constexpr std::string_view kMarks = "-_";
  const std::vector<std::string_view> labels = split(name, '.');
  const bool plain = std::ranges::all_of(labels, [&](std::string_view label) {
    return !label.empty() && std::ranges::all_of(label, [&](char c) {
      return isDigit(c) || (c >= 'a' && c <= 'z') || kMarks.contains(c);
    });
  });
  return plain && !std::ranges::all_of(labels.back(), isDigit);
}

/// Without ":PORT", which goes to `port`; false if it is none. IPv6 stays whole, without brackets.
bool takePort(std::string_view& text, std::uint16_t& port) {
  std::string_view digits;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return false;
    }
    digits = text.substr(end + 1);
    text = text.substr(1, end - 1);
    if (digits.empty()) {
      return text.contains(':');
    }
    if (!digits.starts_with(':') || !text.contains(':')) {
      return false;
    }
    digits.remove_prefix(1);
  } else if (std::ranges::count(text, ':') == 1) {
    std::tie(text, digits) = *splitOnce(text, ':');
  } else {
    return true;
  }
  const auto number = parseUnsigned(digits, 0xffff);
  port = static_cast<std::uint16_t>(number.value_or(0));
  return port != 0;
}

bool isBelow(std::string_view host, std::string_view name) {
  return host == name || (host.ends_with(name) && host[host.size() - name.size() - 1] == '.');
}

std::string_view withoutDot(std::string_view host) {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

}  // namespace

std::optional<NoProxy::Entry> NoProxy::parseEntry(std::string_view text) {
  Entry entry;
  if (!takePort(text, entry.port)) {
    return std::nullopt;
  }
  const auto parts = splitOnce(text, '/');
  entry.block = io::Address::fromIp(parts ? parts->first : text, 0);
  if (entry.block) {
    const std::size_t width = entry.block->family() == io::Family::kV4 ? 32 : 128;
    const auto bits = parts ? parseUnsigned(parts->second, width) : std::optional(width);
    entry.bits = static_cast<std::size_t>(bits.value_or(0));
    return bits ? std::optional(std::move(entry)) : std::nullopt;
  }
  text = withoutDot(text);
  text.remove_prefix(text.starts_with("*.") ? 2 : text.starts_with('.') ? 1 : 0);
  entry.name = fold(text);
  return isHostName(entry.name) ? std::optional(std::move(entry)) : std::nullopt;
}

Result<NoProxy> NoProxy::parse(std::string_view list) {
  NoProxy direct;
  for (std::size_t ordinal = 1; !list.empty();) {
    const std::size_t end = std::min(list.find_first_of(", \t"), list.size());
    const std::string_view text = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (text.empty()) {
      continue;
    }
    std::optional<Entry> entry;
    if (text == "*") {
      direct.all_ = true;
    } else if (entry = parseEntry(text); entry) {
      direct.entries_.push_back(*std::move(entry));
    } else {
      return fail(
          ErrorKind::kInvalidConfiguration,
          Origin::kGateway,
          "entry " + std::to_string(ordinal) +
              ": expected a name, an address or a block like 10.0.0.0/8, perhaps with :PORT, or *"
      );
    }
    ++ordinal;
  }
  return direct;
}

bool NoProxy::matches(
    const Entry& entry, std::string_view host, const std::optional<io::Address>& address
) {
  if (!address || !entry.block) {
    return !address && !entry.block && isBelow(host, entry.name);
  }
  return entry.block->family() == address->family() && sameBits(*entry.block, *address, entry.bits);
}

bool NoProxy::covers(std::string_view host, std::uint16_t port) const {
  host = withoutDot(host);
  if (all_ || isBelow(host, "localhost")) {
    return true;
  }
  const auto address = io::Address::fromIp(host, 0);
  return (address && address->isLoopback()) ||
         std::ranges::any_of(entries_, [&](const Entry& entry) {
           return (entry.port == 0 || entry.port == port) && matches(entry, host, address);
         });
}

Result<std::optional<ProxyEnvironment::Proxy>> ProxyEnvironment::readProxy(
    const LookUp& look_up, std::string_view lower, std::string_view upper
) {
  std::optional<Variable> found = variable(look_up, lower, upper);
  if (!found) {
    return std::optional<Proxy>();
  }
  const auto wrong = [&] {
    crypto::wipe(found->value);
    return fail(
        ErrorKind::kInvalidConfiguration,
        Origin::kGateway,
        std::string(found->name) +
            ": expected http://HOST:PORT or https://HOST:PORT, perhaps with USER:PASSWORD@ before "
            "the host and these percent-encoded; unset it to connect directly"
    );
  };
  std::string text = found->value.contains("://") ? found->value : "http://" + found->value;
  const std::size_t host = text.find("://") + 3;
  const std::size_t at = text.rfind('@');
  auto tunnel = std::make_shared<Tunnel>();
  if (at != std::string::npos && at >= host) {
    std::optional<crypto::SecretText> basic =
        basicFrom(std::string_view(text).substr(host, at - host));
    if (!basic) {
      return wrong();
    }
    tunnel->authorization = std::make_shared<const crypto::SecretText>(*std::move(basic));
    std::string rest = text.substr(0, host) + text.substr(at + 1);
    crypto::wipe(text);
    text = std::move(rest);
  }
  const auto url = resource::parseHttpUrl(text);
  if (!url || !url->port || (!url->path.empty() && url->path != "/")) {
    return wrong();
  }
  crypto::wipe(found->value);
  tunnel->proxies.push_back(proxyAt(*url, *url->port));
  Named named{
      .variable = std::string(found->name),
      .proxy = (url->tls ? "https://" : "http://") + tunnel->proxies.front()->name,
  };
  return std::optional(Proxy{std::move(named), std::move(tunnel)});
}

Result<ProxyEnvironment> ProxyEnvironment::read(const LookUp& look_up) {
  ProxyEnvironment environment;
  GATEHOUSE_TRY(environment.https_, readProxy(look_up, "https_proxy", "HTTPS_PROXY"));
  GATEHOUSE_TRY(environment.http_, readProxy(look_up, "http_proxy", "HTTP_PROXY"));
  const auto list = variable(look_up, "no_proxy", "NO_PROXY");
  if (list && (environment.https_ || environment.http_)) {
    auto direct = NoProxy::parse(list->value);
    if (!direct) {
      return fail(
          ErrorKind::kInvalidConfiguration,
          Origin::kGateway,
          std::string(list->name) + " " + std::string(direct.error().detail())
      );
    }
    environment.direct_ = *std::move(direct);
  }
  return environment;
}

std::shared_ptr<const Tunnel> ProxyEnvironment::tunnelFor(
    std::string_view host, std::uint16_t port, bool tls
) const {
  const std::optional<Proxy>& proxy = tls ? https_ : http_;
  return !proxy || direct_.covers(host, port) ? nullptr : proxy->tunnel;
}

std::vector<ProxyEnvironment::Named> ProxyEnvironment::named() const {
  std::vector<Named> all;
  for (const std::optional<Proxy>& proxy : {https_, http_}) {
    if (proxy) {
      all.push_back(proxy->named);
    }
  }
  return all;
}

}  // namespace gatehouse::upstream
