// The upstream of the benchmark: answers every request with the same bytes, or with an event
// stream whose streams all have their next event in the same tick. The bodies of all requests can
// be kept in a file, one behind the other.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "roles.h"
#include "wire.h"

namespace gatehouse::bench {
namespace {

struct Client {
  int fd;
  std::size_t missing = 0;  // bytes of the request's body not yet read
  std::string head;
  std::string body;  // only kept for echo
  int chunks_left = 0;
  bool in_body = false;
};

class Upstream {
 public:
  explicit Upstream(const UpstreamOptions& options)
      : options_(options),
        reply_(chatReply()),
        head_(streamHead()),
        chunk_(streamChunk()),
        end_(streamEnd()) {
    epoll_ = must(::epoll_create1(EPOLL_CLOEXEC), "epoll");
    listener_ = listenOn(options.address);
    watch(listener_);
    if (options.chunks > 0) {
      timer_ = must(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), "timerfd");
      itimerspec every{};
      every.it_interval.tv_nsec = every.it_value.tv_nsec = options.interval_millis * 1'000'000L;
      must(::timerfd_settime(timer_, 0, &every, nullptr), "timerfd_settime");
      watch(timer_);
    }
    std::printf("127.0.0.1:%u\n", portOf(listener_));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(512);
    for (;;) {
      int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          acceptAll();
        } else if (fd == timer_) {
          tick();
        } else {
          read(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  void acceptAll() {
    for (;;) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      clients_.emplace(fd, std::make_unique<Client>(Client{.fd = fd, .head = {}, .body = {}}));
      watch(fd);
    }
  }

  void drop(int fd) {
    streaming_.erase(fd);
    clients_.erase(fd);
    ::close(fd);
  }

  void read(int fd) {
    ssize_t size = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (size <= 0) {
      drop(fd);
      return;
    }
    Client& client = *clients_[fd];
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(size));
    if (!client.in_body) {
      client.head += bytes;
      std::size_t end = client.head.find("\r\n\r\n");
      if (end == std::string::npos) {
        return;
      }
      bytes = std::string_view(client.head).substr(end + 4);
      client.missing = lengthIn(client.head.substr(0, end + 4));
      client.in_body = true;
    }
    if (!options_.echo_file.empty()) {
      client.body += bytes;
    }
    client.missing -= bytes.size() < client.missing ? bytes.size() : client.missing;
    if (client.missing == 0) {
      client.in_body = false;
      client.head.clear();
      answer(client);
    }
  }

  // All three proxies send a length; one that does not would be measured at another task.
  static std::size_t lengthIn(const std::string& head) {
    auto length = contentLength(head);
    if (!length) {
      std::fprintf(stderr, "upstream: a request without Content-Length:\n%s", head.c_str());
      std::exit(1);
    }
    return *length;
  }

  void answer(Client& client) {
    if (!options_.echo_file.empty()) {
      std::ofstream(options_.echo_file, std::ios::binary | std::ios::app) << client.body;
      client.body.clear();
    }
    if (options_.chunks == 0) {
      send(client.fd, reply_);
      return;
    }
    send(client.fd, head_ + chunk_);
    client.chunks_left = options_.chunks;
    streaming_.insert(client.fd);
  }

  void tick() {
    std::uint64_t ticks = 0;
    static_cast<void>(::read(timer_, &ticks, sizeof ticks));
    std::vector<int> now(streaming_.begin(), streaming_.end());
    for (int fd : now) {
      Client& client = *clients_[fd];
      if (--client.chunks_left > 0) {
        send(fd, chunk_);
      } else {
        streaming_.erase(fd);
        send(fd, end_);
      }
    }
  }

  // What is sent is small beside a socket's buffer: only a reader that stalled can stop it.
  static void send(int fd, std::string_view bytes) {
    ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    bool gone = size < 0 && errno != EAGAIN;
    if (!gone && size != static_cast<ssize_t>(bytes.size())) {
      std::fprintf(stderr, "upstream: a reader does not keep up\n");
      std::exit(1);
    }
  }

  UpstreamOptions options_;
  std::string reply_, head_, chunk_, end_;
  int epoll_ = -1;
  int listener_ = -1;
  int timer_ = -1;
  std::vector<char> buffer_ = std::vector<char>(1 << 20);
  std::unordered_map<int, std::unique_ptr<Client>> clients_;
  std::unordered_set<int> streaming_;
};

}  // namespace

void runUpstream(const UpstreamOptions& options) {
  Upstream(options).run();
}

}  // namespace gatehouse::bench
