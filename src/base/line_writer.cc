#include "base/line_writer.h"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

#include "base/check.h"

namespace gatehouse {

// Shared with the thread, so that a thread stuck in a write can be left behind when patience ends.
struct LineWriter::Queue {
  explicit Queue(LineWriterSettings wanted) : settings(wanted) {}
  ~Queue() {
    if (fd >= 0) {
      ::close(fd);
    }
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  bool takeBatch(std::string& batch, std::uint64_t& lines);
  bool writeBatch(std::string_view batch) const;
  void countDropped(std::uint64_t lines);

  const LineWriterSettings settings;
  int fd = -1;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable finished_changed;
  std::string waiting;
  std::uint64_t waiting_lines = 0;
  std::uint64_t dropped = 0;
  bool asleep = false;
  bool stopping = false;
  bool finished = false;
};

namespace {

/// After this many gatherings without a line the writer sleeps until it is woken.
constexpr int kIdleRounds = 20;

}  // namespace

/// Waits for lines. False once stopping and nothing is left.
bool LineWriter::Queue::takeBatch(std::string& batch, std::uint64_t& lines) {
  std::unique_lock lock(mutex);
  for (int idle = 0; idle < kIdleRounds && !stopping; ++idle) {
    // Lines that come now are gathered without waking anybody: no system call for the callers.
    wake.wait_for(lock, settings.gather, [this] { return stopping; });
    if (!waiting.empty()) {
      break;
    }
  }
  asleep = true;
  wake.wait(lock, [this] { return stopping || !waiting.empty(); });
  asleep = false;
  batch.clear();
  std::swap(batch, waiting);
  lines = std::exchange(waiting_lines, 0);
  return !batch.empty();
}

bool LineWriter::Queue::writeBatch(std::string_view batch) const {
  while (!batch.empty()) {
    ssize_t written = ::write(fd, batch.data(), batch.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    batch.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void LineWriter::Queue::countDropped(std::uint64_t lines) {
  std::lock_guard lock(mutex);
  dropped += lines;
}

LineWriter::LineWriter(LineWriterSettings settings) : queue_(std::make_shared<Queue>(settings)) {
  queue_->fd = ::fcntl(settings.fd, F_DUPFD_CLOEXEC, 0);
  thread_ = std::thread([queue = queue_] { drain(queue); });
}

LineWriter::~LineWriter() {
  bool finished = false;
  {
    std::unique_lock lock(queue_->mutex);
    queue_->stopping = true;
    queue_->wake.notify_one();
    finished = queue_->finished_changed.wait_for(lock, queue_->settings.patience, [this] {
      return queue_->finished;
    });
  }
  if (finished) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool LineWriter::write(std::string_view line) {
  GATEHOUSE_DEBUG_CHECK(line.ends_with('\n'));
  bool wake = false;
  {
    std::lock_guard lock(queue_->mutex);
    if (queue_->settings.capacity - queue_->waiting.size() < line.size()) {
      ++queue_->dropped;
      return false;
    }
    queue_->waiting += line;
    ++queue_->waiting_lines;
    wake = std::exchange(queue_->asleep, false);
  }
  if (wake) {
    queue_->wake.notify_one();
  }
  return true;
}

std::uint64_t LineWriter::dropped() const {
  std::lock_guard lock(queue_->mutex);
  return queue_->dropped;
}

void LineWriter::drain(const std::shared_ptr<Queue>& queue) {
  // Signals belong to the loop that reads them, and a reader that is gone is an error of write()
  // here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::string batch;
  std::uint64_t lines = 0;
  while (queue->takeBatch(batch, lines)) {
    if (!queue->writeBatch(batch)) {
      queue->countDropped(lines);
    }
  }
  std::lock_guard lock(queue->mutex);
  queue->finished = true;
  queue->finished_changed.notify_one();
}

}  // namespace gatehouse
