#include "io/dns.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "io/address.h"
#include "io/dns/channel.h"
#include "io/dns/hosts_file.h"
#include "io/list.h"
#include "io/reactor.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

std::vector<Address> withPort(const std::vector<Address>& addresses, std::uint16_t port) {
  std::vector<Address> result;
  result.reserve(addresses.size());
  for (const Address& address : addresses) {
    result.push_back(address.withPort(port));
  }
  return result;
}

std::optional<std::uint16_t> parsePort(std::string_view text) {
  std::optional<std::uint64_t> port = parseUnsigned(text, 65535);
  return port && *port != 0 ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

/// "ADDR[:PORT]", with `port` where it names none.
std::optional<Address> parseTarget(std::string_view text, std::uint16_t port) {
  if (std::optional<Address> target = Address::fromIp(text, port)) {
    return target;
  }
  Result<Address> full = Address::parse(text);
  return full && full->port() != 0 ? std::optional(*full) : std::nullopt;
}

/// RFC 6761 section 6.3: never asked of a server.
bool isLocalhost(std::string_view host) {
  return host == "localhost" || host == "localhost." || host.ends_with(".localhost") ||
         host.ends_with(".localhost.");
}

}  // namespace

Result<HostOverride> HostOverride::parse(std::string_view text) {
  const auto refuse = [text](const std::string& why) {
    return fail(
        ErrorKind::kInvalidConfiguration,
        Origin::kGateway,
        "'" + std::string(text) + "' is not HOST:PORT:ADDRESS[:PORT][,ADDRESS[:PORT]]..." + why +
            ", such as api.example.com:443:127.0.0.1:8443,[::1]:8443"
    );
  };
  std::size_t first = text.find(':');
  std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  // A "+" is a flag of curl's (the answer may expire); nothing of ours expires.
  if (first == 0 || second == std::string_view::npos || text.front() == '+') {
    return refuse("");
  }
  std::optional<std::uint16_t> port = parsePort(text.substr(first + 1, second - first - 1));
  if (!port) {
    return refuse("");
  }
  HostOverride parsed{.host = fold(text.substr(0, first)), .port = *port};
  for (std::string_view where : split(text.substr(second + 1), ',')) {
    std::optional<Address> target = parseTarget(where, *port);
    if (!target) {
      return refuse(" ('" + std::string(where) + "' is no address)");
    }
    parsed.targets.push_back(*target);
  }
  return parsed;
}

class Resolver::Engine {
 public:
  Engine(Reactor& reactor, ResolverOptions options)
      : reactor_(reactor),
        options_(std::move(options)),
        hosts_(options_.hosts_path),
        channel_(reactor, options_.servers) {}

  /// What was learned about a name; shared by all who asked.
  struct Entry {
    DnsAnswer answer;
    MonoTime fresh_until;
  };
  using EntryHandle = std::shared_ptr<const Entry>;

  /// Somebody who waits for the answer to a question.
  class Asker : public ListNode {
   public:
    virtual void answer(EntryHandle entry) = 0;

   protected:
    ~Asker() = default;
  };

  /// `co_await Lookup(engine, host)`: Result<EntryHandle>; kCancelled.
  class Lookup final : public Waiter, public Asker {
   public:
    Lookup(Engine& engine, const std::string& host)
        : Waiter(engine.reactor_), engine_(engine), host_(host) {}

    bool await_ready() {
      entry_ = engine_.fresh(host_);
      return entry_ != nullptr;
    }
    Result<EntryHandle> await_resume() {
      if (entry_ == nullptr) {
        return cancelledError();
      }
      return std::move(entry_);
    }
    void answer(EntryHandle entry) override {
      entry_ = std::move(entry);
      wake();
    }

   private:
    void onSuspend() override { engine_.join(*this, host_); }

    Engine& engine_;
    const std::string& host_;
    EntryHandle entry_;
  };

  std::optional<std::vector<Address>> known(const std::string& host, std::uint16_t port) {
    if (const HostOverride* fixed = overrideOf(host, port)) {
      return fixed->targets;
    }
    if (std::optional<Address> numeric = Address::fromIp(host, port)) {
      return std::vector{*numeric};
    }
    if (const std::vector<Address>& fixed = hosts_.find(host, reactor_.now()); !fixed.empty()) {
      return withPort(fixed, port);
    }
    if (isLocalhost(host)) {
      return std::vector{Address::loopback(port), Address::loopback(port, Family::kV6)};
    }
    if (EntryHandle entry = fresh(host); entry != nullptr && !entry->answer.error) {
      return withPort(entry->answer.addresses, port);
    }
    return std::nullopt;
  }

 private:
  /// The override that names the host, else one for any; null if there is none.
  const HostOverride* overrideOf(const std::string& host, std::uint16_t port) const {
    const HostOverride* any = nullptr;
    for (const HostOverride& each : options_.overrides) {
      if (each.port == port && each.host == host) {
        return &each;
      }
      if (each.port == port && each.host == "*" && any == nullptr) {
        any = &each;
      }
    }
    return any;
  }

  EntryHandle fresh(const std::string& host) const {
    auto found = cache_.find(host);
    bool usable = found != cache_.end() && found->second->fresh_until > reactor_.now();
    return usable ? found->second : nullptr;
  }

  /// Waits with whoever asks the same already; else asks.
  void join(Asker& asker, const std::string& host) {
    auto [question, first] = open_.try_emplace(host);
    question->second.pushBack(asker);
    if (first) {
      channel_.ask(host, [this, host](DnsAnswer answer) { finish(host, std::move(answer)); });
    }
  }

  void finish(const std::string& host, DnsAnswer answer) {
    Nanos keep = answer.error ? options_.negative_ttl
                              : std::clamp<Nanos>(answer.ttl, options_.min_ttl, options_.max_ttl);
    auto entry = std::make_shared<const Entry>(std::move(answer), reactor_.now() + keep);
    makeRoom();
    cache_[host] = entry;
    auto question = open_.extract(host);
    while (Asker* asker = question.mapped().popFront()) {
      asker->answer(entry);
    }
  }

  void makeRoom() {
    if (cache_.size() < options_.capacity) {
      return;
    }
    std::erase_if(cache_, [this](const auto& each) {
      return each.second->fresh_until <= reactor_.now();
    });
    if (cache_.size() >= options_.capacity) {
      cache_.clear();
    }
  }

  Reactor& reactor_;
  ResolverOptions options_;
  HostsFile hosts_;
  std::unordered_map<std::string, EntryHandle> cache_;
  std::unordered_map<std::string, List<Asker>> open_;  // questions asked and not yet answered
  DnsChannel channel_;
};

Resolver::Resolver(Reactor& reactor, ResolverOptions options)
    : engine_(std::make_unique<Engine>(reactor, std::move(options))) {}

Resolver::~Resolver() = default;

std::optional<std::vector<Address>> Resolver::known(std::string_view host, std::uint16_t port) {
  return engine_->known(fold(host), port);
}

Task<Result<std::vector<Address>>> Resolver::resolve(std::string host, std::uint16_t port) {
  host = fold(host);
  if (std::optional<std::vector<Address>> addresses = engine_->known(host, port)) {
    co_return *std::move(addresses);
  }
  GATEHOUSE_CO_TRY(Engine::EntryHandle entry, co_await Engine::Lookup(*engine_, host));
  if (entry->answer.error) {
    co_return fail(*entry->answer.error);
  }
  co_return withPort(entry->answer.addresses, port);
}

}  // namespace gatehouse::io
