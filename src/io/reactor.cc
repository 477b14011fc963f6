#include "io/reactor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/read_loan.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

constexpr int kEventsPerTurn = 256;
/// After so many resumed coroutines the loop looks for events again, so that a busy pair cannot
/// starve the sockets.
constexpr int kReadyPerTurn = 2048;

FdEvents translate(std::uint32_t bits) {
  return {
      .readable = (bits & (EPOLLIN | EPOLLPRI)) != 0,
      .writable = (bits & EPOLLOUT) != 0,
      .peer_closed = (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
      .failed = (bits & (EPOLLHUP | EPOLLERR)) != 0,
  };
}

}  // namespace

/// Other threads ring, the loop wakes. Never read: edge-triggered, every write is an event of its
/// own.
class Reactor::Bell final : public FdWatcher {
 public:
  Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { GATEHOUSE_INVARIANT(fd_ >= 0); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  ~Bell() { ::close(fd_); }

  int fd() const { return fd_; }
  void ring() const {
    std::uint64_t one = 1;
    // Fails only when the counter is full, and then the loop is awake anyway.
    static_cast<void>(::write(fd_, &one, sizeof one));
  }
  /// Whether it rang since the last call.
  bool rang() { return std::exchange(rang_, false); }

 private:
  void onFd(FdEvents events) override { rang_ = rang_ || events.readable; }

  int fd_;
  bool rang_ = false;
};

Reactor::Reactor(ReactorOptions options)
    : clock_(options.clock != nullptr ? options.clock : &system_clock_),
      now_(clock_->now()),
      timers_(now_),
      buffers_(options.buffer_cap),
      read_buffer_(std::make_unique_for_overwrite<char[]>(options.read_buffer)),
      scratch_(std::make_unique_for_overwrite<char[]>(kScratch)),
      read_size_(options.read_buffer),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      bell_(std::make_unique<Bell>()) {
  GATEHOUSE_INVARIANT(epoll_ >= 0);
  GATEHOUSE_INVARIANT(watch(bell_->fd(), *bell_).has_value());
}

Reactor::~Reactor() {
  ::close(epoll_);
}

void Reactor::run() {
  while (!stopping_) {
    turn(Nanos::max());
  }
}

void Reactor::turn(Nanos at_most) {
  collectEvents(at_most);
  timers_.advance(now_);
  if (bell_->rang()) {
    runPosted();
  }
  ready_.takeAll(next_turn_);
  runReady();
  endTurn();
}

void Reactor::quit() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
  }
  bell_->ring();
}

void Reactor::post(Posted work) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first) {
    bell_->ring();
  }
}

ReadLoan Reactor::lendRead(std::size_t count) {
  epoch_.advance();
  lent_most_ = std::max(lent_most_, count);
  return ReadLoan({read_buffer_.get(), count}, &epoch_);
}

Result<void> Reactor::watch(int fd, FdWatcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("epoll: ") + strerrordesc_np(errno)
    );
  }
  return {};
}

void Reactor::unwatch(int fd) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Reactor::runSoon(Ready& ready) {
  ready_.pushBack(ready);
}

void Reactor::runNextTurn(Ready& ready) {
  next_turn_.pushBack(ready);
}

void Reactor::atTurnEnd(Posted work) {
  turn_end_.push_back(std::move(work));
}

int Reactor::waitMillis(Nanos at_most) const {
  if (!ready_.empty() || !next_turn_.empty() || !turn_end_.empty()) {
    return 0;
  }
  Nanos wait = at_most;
  if (std::optional<MonoTime> next = timers_.next()) {
    wait = std::min(wait, std::max<Nanos>(*next - clock_->now(), Nanos::zero()));
  }
  if (wait == Nanos::max()) {
    return -1;
  }
  constexpr Nanos kLongest = std::chrono::hours(1);
  return static_cast<int>(std::chrono::ceil<Millis>(std::min(wait, kLongest)).count());
}

void Reactor::collectEvents(Nanos at_most) {
  std::array<epoll_event, kEventsPerTurn> events;
  int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, waitMillis(at_most));
  now_ = clock_->now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<FdWatcher*>(event.data.ptr)->onFd(translate(event.events));
  }
}

void Reactor::runPosted() {
  std::vector<Posted> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
    stopping_ = stopping_ || quit_;
  }
  for (Posted& each : work) {
    each();
  }
}

void Reactor::runReady() {
  for (int i = 0; i < kReadyPerTurn; ++i) {
    Ready* ready = ready_.popFront();
    if (ready == nullptr) {
      return;
    }
    ready->run();
  }
}

void Reactor::endTurn() {
  std::vector<Posted> work = std::exchange(turn_end_, {});
  for (Posted& each : work) {
    each();
  }
  epoch_.advance();
#ifndef NDEBUG
  // Whoever kept a view of lent bytes sees rubbish at once, not some other request's bytes much
  // later.
  std::memset(read_buffer_.get(), 0xDB, lent_most_);
#endif
  lent_most_ = 0;
}

void NextTurn::onSuspend() {
  wakeNextTurn();
}

Result<void> NextTurn::await_resume() {
  if (cancelled()) {
    return cancelledError();
  }
  return {};
}

}  // namespace gatehouse::io
