// The generator of the benchmark: keep-alive connections that repeat one request, closed loop or at
// a fixed rate. Whatever was begun is also ended, so that work divides by replies and events
// without a rest. The first thing that goes wrong ends it.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <vector>

#include "reply.h"
#include "roles.h"
#include "wire.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint64_t kTimer = ~std::uint64_t{0};  // its key among the connections'
constexpr int kLookMillis = 100;                     // how often the limit is looked at

struct Connection {
  int fd = -1;
  std::size_t sent = 0;  // of the request
  Reply reply;
  double due = 0;  // when the request should have left
  bool busy = false;
  bool held = false;
};

[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char* format, ...) {
  va_list values;
  va_start(values, format);
  std::vfprintf(stderr, format, values);
  va_end(values);
  std::fputc('\n', stderr);
  std::exit(1);
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) {
    return 0;
  }
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        request_(chatRequest(options.address, options.path, chatBody(options.body_size))),
        step_(options.rate > 0 ? 1000 / options.rate : 0) {
    epoll_ = must(::epoll_create1(EPOLL_CLOEXEC), "epoll");
    timer_ = must(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), "timerfd");
    watch(timer_, EPOLLIN | EPOLLET, kTimer);
    connections_.resize(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = connectTo(options.address);
      watch(connections_[i].fd, EPOLLIN | EPOLLOUT | EPOLLET, i);
    }
  }

  int run() {
    begin_ = nowMillis();
    until_ = begin_ + options_.seconds * 1000;
    for (Connection& connection : connections_) {
      idle_.push_back(&connection);
    }
    std::vector<epoll_event> events(256);
    for (startDue(); !finished(); startDue()) {
      int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kLookMillis);
      for (int i = 0; i < count; ++i) {
        if (std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64; key != kTimer) {
          write(connections_[key]);
          read(connections_[key]);
        }
      }
      checkLimit();
    }
    print((nowMillis() - begin_) / 1000);
    if (options_.hold > 0) {
      std::fflush(stdout);
      char byte = 0;
      static_cast<void>(::read(0, &byte, 1));
    }
    return 0;
  }

 private:
  void watch(int fd, std::uint32_t events, std::uint64_t key) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  // The core is shared with the upstream, so nothing here may spin: the next request at a fixed
  // rate is waited for. Arming clears what was due, and EPOLLET forgets what was told.
  void armTimer() {
    auto nanos = static_cast<long>(std::ceil(dueTime() * 1e6));
    if (nanos != armed_nanos_) {
      armed_nanos_ = nanos;
      itimerspec once{};
      once.it_value = {nanos / 1'000'000'000, nanos % 1'000'000'000};
      must(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &once, nullptr), "timerfd_settime");
    }
  }

  bool finished() const {
    if (options_.hold > 0) {
      return held_ == connections_.size();
    }
    return !mayStart() && done_ == started_;
  }

  bool mayStart() const {
    if (options_.hold > 0) {
      return started_ < connections_.size();
    }
    if (options_.requests > 0) {
      return static_cast<long>(started_) < options_.requests;
    }
    // At a fixed rate the schedule counts, also when it is late: those that waited for a connection
    // are the slow ones.
    return (step_ > 0 ? dueTime() : nowMillis()) < until_;
  }

  double dueTime() const { return begin_ + static_cast<double>(started_) * step_; }

  void startDue() {
    while (!idle_.empty() && mayStart()) {
      double now = nowMillis();
      if (step_ > 0 && dueTime() > now) {
        armTimer();
        return;
      }
      Connection& connection = *idle_.front();
      idle_.pop_front();
      connection.due = step_ > 0 ? dueTime() : now;
      connection.sent = 0;
      connection.reply = Reply();
      connection.busy = true;
      if (step_ > 0) {
        late_.push_back((now - connection.due) * 1000);
      }
      ++started_;
      write(connection);
    }
  }

  void write(Connection& connection) {
    while (connection.busy && connection.sent < request_.size()) {
      ssize_t size = ::send(
          connection.fd,
          request_.data() + connection.sent,
          request_.size() - connection.sent,
          MSG_NOSIGNAL
      );
      if (size < 0 && errno == EAGAIN) {
        return;
      }
      if (size < 0) {
        fail("a request could not be sent: %s", std::strerror(errno));
      }
      connection.sent += static_cast<std::size_t>(size);
    }
  }

  void read(Connection& connection) {
    for (;;) {
      ssize_t size = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (size < 0 && errno == EAGAIN) {
        return;
      }
      if (size <= 0) {
        fail(
            "a connection was closed %s: %s",
            connection.busy ? "before its reply had ended" : "between requests",
            size == 0 ? "end" : std::strerror(errno)
        );
      }
      reply(connection, {buffer_.data(), static_cast<std::size_t>(size)});
      if (static_cast<std::size_t>(size) < buffer_.size()) {
        return;
      }
    }
  }

  void reply(Connection& connection, std::string_view bytes) {
    Reply& reply = connection.reply;
    std::size_t before = reply.events();
    reply.take(bytes);
    events_ += reply.events() - before;
    if (reply.bad() || !connection.busy) {
      fail("not the reply that was asked for:\n%s", reply.head().substr(0, 300).c_str());
    }
    if (options_.hold > 0 && !connection.held && reply.events() >= options_.hold) {
      connection.held = true;
      ++held_;
    }
    if (reply.done()) {
      finish(connection);
    }
  }

  void finish(Connection& connection) {
    if (connection.sent < request_.size()) {
      fail("a reply ended before its request was sent");
    }
    if (options_.events > 0 && connection.reply.events() != options_.events) {
      fail("a reply had %zu events, not %zu", connection.reply.events(), options_.events);
    }
    ++done_;
    connection.busy = false;
    if (step_ > 0) {
      latencies_.push_back((nowMillis() - connection.due) * 1000);
    }
    idle_.push_back(&connection);
  }

  void checkLimit() const {
    if (nowMillis() - begin_ < options_.limit * 1000) {
      return;
    }
    auto silent = std::ranges::count_if(connections_, [](const Connection& connection) {
      return connection.busy && !connection.reply.begun();
    });
    fail(
        "no end after %g s: %zu requests begun, %zu answered whole, %zu events; %td connections "
        "wait for the first byte of a reply",
        options_.limit,
        started_,
        done_,
        events_,
        silent
    );
  }

  void print(double seconds) {
    std::printf(
        R"({"requests":%zu,"seconds":%.3f,"events":%zu,"p50_us":%.1f,"p99_us":%.1f,"late_p99_us":%.1f})"
        "\n",
        done_,
        seconds,
        events_,
        percentile(latencies_, 0.5),
        percentile(latencies_, 0.99),
        percentile(late_, 0.99)
    );
  }

  LoadOptions options_;
  std::string request_;
  double step_;  // milliseconds between requests at a fixed rate; 0: closed loop
  double begin_ = 0;
  double until_ = 0;
  int epoll_ = -1;
  int timer_ = -1;
  long armed_nanos_ = 0;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::vector<double> latencies_;  // microseconds, as those by which requests left late
  std::vector<double> late_;
  std::size_t started_ = 0;
  std::size_t done_ = 0;
  std::size_t held_ = 0;
  std::size_t events_ = 0;
};

}  // namespace

int runLoad(const LoadOptions& options) {
  return Load(options).run();
}

}  // namespace gatehouse::bench
