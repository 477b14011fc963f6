#include "io/process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <malloc.h>
#include <memory>
#include <signal.h>
#include <string.h>
#include <string>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"
#include "base/result.h"
#include "io/reactor.h"

namespace gatehouse::io {

namespace {

sigset_t setOf(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : signals) {
    ::sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

void blockSignals(std::initializer_list<int> signals) {
  sigset_t set = setOf(signals);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<Signals>> Signals::start(
    Reactor& reactor, std::initializer_list<int> signals
) {
  sigset_t set = setOf(signals);
  int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("signalfd: ") + strerrordesc_np(errno)
    );
  }
  std::unique_ptr<Signals> result(new Signals(reactor, fd));
  GATEHOUSE_CHECK_OK(reactor.watch(fd, *result));
  return result;
}

Signals::~Signals() {
  ::close(fd_);
}

void Signals::onFd(FdEvents /*events*/) {
  if (waiter_ != nullptr) {
    waiter_->wake();
  }
}

int Signals::tryNext() {
  signalfd_siginfo signal{};
  ssize_t count = ::read(fd_, &signal, sizeof signal);
  return count == sizeof signal ? static_cast<int>(signal.ssi_signo) : 0;
}

Signals::Next::Next(Signals& signals) : Waiter(signals.reactor_), signals_(signals) {}

Signals::Next::~Next() {
  leave();
}

bool Signals::Next::await_ready() {
  return settle();
}

void Signals::Next::onSuspend() {
  signals_.waiter_ = this;
}

bool Signals::Next::settle() {
  number_ = signals_.tryNext();
  return number_ != 0;
}

void Signals::Next::leave() {
  if (signals_.waiter_ == this) {
    signals_.waiter_ = nullptr;
  }
}

Result<int> Signals::Next::await_resume() {
  leave();
  if (number_ == 0) {
    return cancelledError();
  }
  return number_;
}

Result<FdLimit> raiseFdLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("getrlimit: ") + strerrordesc_np(errno)
    );
  }
  FdLimit result{.before = limit.rlim_cur, .now = limit.rlim_max};
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("setrlimit: ") + strerrordesc_np(errno)
    );
  }
  return result;
}

void tuneAllocator() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most glibc accepts
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

}  // namespace gatehouse::io
