// The generator of the benchmark: keep-alive connections that repeat one request, closed loop or at
// a fixed rate. A reply ends at its Content-Length or at the last chunk; nothing else of it is
// read.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "roles.h"
#include "wire.h"

namespace gatehouse::bench {
namespace {

struct Connection {
  int fd = -1;
  std::size_t sent = 0;      // of the request
  std::size_t expected = 0;  // bytes of the reply, once known; 0: chunked or unknown
  std::size_t received = 0;
  std::string head;  // until it is complete
  std::string last;  // last bytes of a chunked reply
  double started = 0;
  bool busy = false;
};

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        request_(chatRequest(options.address, options.path, chatBody(options.body_size))) {
    epoll_ = must(::epoll_create1(EPOLL_CLOEXEC), "epoll");
    connections_.resize(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = connectTo(options.address);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLET;
      event.data.u64 = i;
      must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event), "epoll_ctl");
    }
  }

  int run() {
    double begin = nowMillis();
    double until = begin + options_.seconds * 1000;
    double next = begin;
    double step = options_.rate > 0 ? 1000 / options_.rate : 0;
    for (Connection& connection : connections_) {
      options_.rate > 0 ? idle_.push_back(&connection) : start(connection, begin);
    }
    std::vector<epoll_event> events(256);
    while (!finished(until)) {
      for (; step > 0 && next <= nowMillis() && !idle_.empty(); next += step) {
        Connection* connection = idle_.front();
        idle_.pop_front();
        start(*connection, next);  // latency counts from when it should have left
      }
      int wait = step > 0 ? 0 : 100;
      int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
      for (int i = 0; i < count; ++i) {
        Connection& connection = connections_[events[static_cast<std::size_t>(i)].data.u64];
        write(connection);
        read(connection);
      }
    }
    print((nowMillis() - begin) / 1000);
    if (options_.hold) {
      std::fflush(stdout);
      char byte = 0;
      static_cast<void>(::read(0, &byte, 1));
    }
    return errors_ == 0 ? 0 : 1;
  }

 private:
  bool finished(double until) const {
    if (options_.hold) {
      return answered_ >= connections_.size() || nowMillis() > until;
    }
    return options_.requests > 0 ? static_cast<long>(done_) >= options_.requests
                                 : nowMillis() >= until;
  }

  void start(Connection& connection, double when) {
    connection.sent = connection.received = connection.expected = 0;
    connection.head.clear();
    connection.last.clear();
    connection.started = when;
    connection.busy = true;
    write(connection);
  }

  void write(Connection& connection) {
    while (connection.busy && connection.sent < request_.size()) {
      ssize_t size = ::send(
          connection.fd,
          request_.data() + connection.sent,
          request_.size() - connection.sent,
          MSG_NOSIGNAL
      );
      if (size <= 0) {
        return;
      }
      connection.sent += static_cast<std::size_t>(size);
    }
  }

  void read(Connection& connection) {
    for (;;) {
      ssize_t size = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (size == 0) {
        ++errors_;
        ::close(connection.fd);
        connection.busy = false;
      }
      if (size <= 0) {
        return;
      }
      take(connection, std::string_view(buffer_.data(), static_cast<std::size_t>(size)));
      if (static_cast<std::size_t>(size) < buffer_.size()) {
        return;
      }
    }
  }

  void take(Connection& connection, std::string_view bytes) {
    if (connection.received == 0) {
      ++answered_;
    }
    connection.received += bytes.size();
    if (connection.expected == 0 && connection.last.empty()) {
      connection.head += bytes;
      if (!readHead(connection)) {
        return;
      }
    }
    bool chunked = connection.expected == 0;
    if (chunked) {
      ++chunks_;
      connection.last = std::string(bytes.size() > 8 ? bytes.substr(bytes.size() - 8) : bytes);
    }
    bool ended = chunked ? connection.last.ends_with("0\r\n\r\n")
                         : connection.received >= connection.expected;
    if (ended) {
      finish(connection);
    }
  }

  bool readHead(Connection& connection) {
    std::size_t end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) {
      return false;
    }
    if (!connection.head.starts_with("HTTP/1.1 200")) {
      ++errors_;
      std::fprintf(stderr, "%s\n", connection.head.substr(0, 300).c_str());
    }
    for (const char* name : {"Content-Length: ", "content-length: "}) {
      if (std::size_t at = connection.head.find(name); at != std::string::npos && at < end) {
        connection.expected =
            end + 4 + std::strtoull(connection.head.c_str() + at + 16, nullptr, 10);
      }
    }
    return true;
  }

  void finish(Connection& connection) {
    ++done_;
    connection.busy = false;
    if (options_.rate > 0) {
      latencies_.push_back((nowMillis() - connection.started) * 1000);
      idle_.push_back(&connection);
    } else if (!options_.hold) {
      start(connection, nowMillis());
    }
  }

  double percentile(double part) {
    if (latencies_.empty()) {
      return 0;
    }
    std::ranges::sort(latencies_);
    return latencies_[static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1))];
  }

  void print(double seconds) {
    std::printf(
        R"({"requests":%zu,"seconds":%.3f,"chunks":%zu,"errors":%zu,"p50_us":%.1f,"p99_us":%.1f})"
        "\n",
        done_,
        seconds,
        chunks_,
        errors_,
        percentile(0.5),
        percentile(0.99)
    );
  }

  LoadOptions options_;
  std::string request_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::vector<double> latencies_;
  std::size_t done_ = 0;
  std::size_t answered_ = 0;
  std::size_t chunks_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace

int runLoad(const LoadOptions& options) {
  return Load(options).run();
}

}  // namespace gatehouse::bench
