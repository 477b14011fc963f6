// Questions to DNS servers: the c-ares boundary. No cache, no hosts file; io/dns.h has those.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/address.h"
#include "io/reactor.h"

struct ares_channeldata;
struct ares_addrinfo;

namespace gatehouse::io {

/// What the servers said: addresses (port 0, in the order of RFC 6724) or why there are none.
struct DnsAnswer {
  std::vector<Address> addresses;
  /// kDns. Retry::kYes when another attempt may help.
  std::optional<Error> error;
  /// Shortest of the records.
  Seconds ttl{0};
};

/// Owner's loop only.
class DnsChannel final : private Ready, private Timer {
 public:
  using Done = std::move_only_function<void(DnsAnswer)>;

  /// `servers`: "127.0.0.1:5353,..."; empty means the system's (resolv.conf, with its search list).
  DnsChannel(Reactor& reactor, const std::string& servers);
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;
  /// Drops open questions: their `done` is destroyed uncalled.
  ~DnsChannel() override;

  /// Asks for addresses of both families. `done` is called once, possibly before this returns.
  void ask(const std::string& host, Done done);

 private:
  class Socket;
  struct Question;

  static void onSocketState(void* self, int fd, int readable, int writable);
  static void onAnswer(void* question, int status, int timeouts, ares_addrinfo* found);
  void run() override;
  void onTimer() override;
  void schedule();
  void serve(int fd);
  void armTimer();

  Reactor& reactor_;
  ares_channeldata* channel_ = nullptr;
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  bool timed_out_ = false;
  bool closing_ = false;
};

}  // namespace gatehouse::io
