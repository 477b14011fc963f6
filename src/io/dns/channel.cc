#include "io/dns/channel.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/poll.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <ares.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "io/reactor.h"
#include "io/socket_address.h"

namespace gatehouse::io {

namespace {

constexpr int kTimeoutMillis = 2000;
constexpr int kTries = 3;
/// Rounds served for one socket before others are looked at again.
constexpr int kRounds = 64;

void startLibrary() {
  // Not safe to call from two threads at once.
  static std::once_flag once;
  std::call_once(once, [] {
    GATEHOUSE_INVARIANT(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
  });
}

Error dnsError(const std::string& host, int status) {
  bool final = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME ||
               status == ARES_ENONAME;
  return {
      ErrorKind::kDns,
      Origin::kUpstream,
      "name '" + host + "' does not resolve: " + ares_strerror(status),
      final ? Retry::kNever : Retry::kYes,
  };
}

}  // namespace

/// A socket of c-ares. The loop tells edges, c-ares thinks in levels: an edge only makes the
/// channel look with poll().
class DnsChannel::Socket final : public FdWatcher {
 public:
  Socket(DnsChannel& channel, int fd) : channel_(channel), fd_(fd) {
    // Refused, the question fails by its timeout.
    static_cast<void>(channel_.reactor_.watch(fd, *this));
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { channel_.reactor_.unwatch(fd_); }

  void want(bool readable, bool writable) {
    wanted_ = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  }
  short wanted() const { return wanted_; }

 private:
  void onFd(FdEvents /*events*/) override { channel_.schedule(); }

  DnsChannel& channel_;
  int fd_;
  short wanted_ = 0;
};

struct DnsChannel::Question {
  DnsChannel& channel;
  std::string host;
  Done done;
};

DnsChannel::DnsChannel(Reactor& reactor, const std::string& servers) : reactor_(reactor) {
  startLibrary();
  std::string lookups = "b";  // DNS only
  ares_options options{};
  options.timeout = kTimeoutMillis;
  options.tries = kTries;
  options.lookups = lookups.data();
  options.sock_state_cb = onSocketState;
  options.sock_state_cb_data = this;
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  GATEHOUSE_INVARIANT(ares_init_options(&channel_, &options, mask) == ARES_SUCCESS);
  if (!servers.empty()) {
    GATEHOUSE_INVARIANT(ares_set_servers_ports_csv(channel_, servers.c_str()) == ARES_SUCCESS);
  }
}

DnsChannel::~DnsChannel() {
  closing_ = true;
  ares_destroy(channel_);
}

void DnsChannel::ask(const std::string& host, Done done) {
  auto question = std::make_unique<Question>(*this, host, std::move(done));
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, onAnswer, question.release());
  armTimer();
}

void DnsChannel::onAnswer(void* question, int status, int /*timeouts*/, ares_addrinfo* found) {
  std::unique_ptr<Question> asked(static_cast<Question*>(question));
  std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> result(found, ares_freeaddrinfo);
  if (asked->channel.closing_) {
    return;
  }
  DnsAnswer answer;
  int ttl = -1;
  for (auto* node = found != nullptr ? found->nodes : nullptr; node != nullptr;
       node = node->ai_next) {
    answer.addresses.push_back(fromSystem(node->ai_addr));
    ttl = ttl < 0 ? node->ai_ttl : std::min(ttl, node->ai_ttl);
  }
  answer.ttl = Seconds(std::max(ttl, 0));
  if (answer.addresses.empty()) {
    answer.error = dnsError(asked->host, status == ARES_SUCCESS ? ARES_ENODATA : status);
  }
  asked->done(std::move(answer));
}

void DnsChannel::onSocketState(void* self, int fd, int readable, int writable) {
  auto& channel = *static_cast<DnsChannel*>(self);
  if (readable == 0 && writable == 0) {
    channel.sockets_.erase(fd);
    return;
  }
  std::unique_ptr<Socket>& socket = channel.sockets_[fd];
  if (socket == nullptr) {
    socket = std::make_unique<Socket>(channel, fd);
  }
  socket->want(readable != 0, writable != 0);
  channel.schedule();
}

void DnsChannel::schedule() {
  if (!scheduled()) {
    reactor_.runSoon(*this);
  }
}

void DnsChannel::onTimer() {
  timed_out_ = true;
  schedule();
}

void DnsChannel::run() {
  // Serving a socket may open and close others.
  std::vector<int> fds;
  for (const auto& [fd, _] : sockets_) {
    fds.push_back(fd);
  }
  for (int fd : fds) {
    serve(fd);
  }
  if (std::exchange(timed_out_, false)) {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  armTimer();
}

void DnsChannel::serve(int fd) {
  for (int round = 0; round < kRounds; ++round) {
    auto found = sockets_.find(fd);
    if (found == sockets_.end()) {
      return;
    }
    pollfd state{.fd = fd, .events = found->second->wanted(), .revents = 0};
    if (::poll(&state, 1, 0) <= 0) {
      return;
    }
    bool failed = (state.revents & (POLLERR | POLLHUP)) != 0;
    bool read = failed || (state.revents & POLLIN) != 0;
    bool write = failed || (state.revents & POLLOUT) != 0;
    ares_process_fd(channel_, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
  }
  schedule();
}

void DnsChannel::armTimer() {
  timeval space{};
  if (const timeval* left = ares_timeout(channel_, nullptr, &space)) {
    Nanos wait = Seconds(left->tv_sec) + Micros(left->tv_usec);
    reactor_.timers().arm(*this, reactor_.clock().now() + wait);
  } else {
    reactor_.timers().disarm(*this);
  }
}

}  // namespace gatehouse::io
