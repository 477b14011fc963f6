// LineWriter: many threads hand over whole lines, one thread of its own writes them, many at a
// time. For the access log: the caller pays a short lock, never a write; when the reader of the log
// is slower than we are, lines are dropped and counted, and no caller ever waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>

#include "base/clock.h"

namespace gatehouse {

struct LineWriterSettings {
  int fd = 1;
  /// Bytes waiting at most, not counting those in the write going on.
  std::size_t capacity = 4 << 20;
  /// How long the writer gathers lines before it writes.
  Millis gather{10};
  /// How long the destructor waits for a reader that is stuck before it gives the rest up.
  Millis patience{2'000};
};

class LineWriter {
 public:
  /// Keeps a duplicate of the descriptor; the caller may close its own.
  explicit LineWriter(LineWriterSettings settings);
  /// Writes out what is waiting.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Hands over `line`, which ends with its newline. False if there was no room. Any thread.
  bool write(std::string_view line);
  /// Lines given up so far: no room, or the descriptor failed. Any thread.
  std::uint64_t dropped() const;

 private:
  struct Queue;
  static void drain(const std::shared_ptr<Queue>& queue);

  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace gatehouse
