#include "base/line_writer.h"

#include <array>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <sys/types.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/text.h"

namespace gatehouse {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    closeWriter();
    closeReader();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  void closeWriter() { closeEnd(ends_[1]); }
  void closeReader() { closeEnd(ends_[0]); }
  /// Waits for bytes; empty at the end.
  std::string readSome() const {
    std::array<char, 4096> part{};
    ssize_t got = ::read(ends_[0], part.data(), part.size());
    return got > 0 ? std::string(part.data(), static_cast<std::size_t>(got)) : std::string();
  }
  std::string readAll() const {
    std::string all;
    for (std::string part = readSome(); !part.empty(); part = readSome()) {
      all += part;
    }
    return all;
  }

 private:
  static void closeEnd(int& fd) {
    if (fd >= 0) {
      ::close(fd);
    }
    fd = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

TEST(LineWriter, DestructionWritesEverything) {
  Pipe pipe;
  {
    LineWriter writer({.fd = pipe.writer()});
    auto write_many = [&writer] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(writer.write("one whole line\n"));
      }
    };
    std::array<std::jthread, 3> threads{
        std::jthread(write_many), std::jthread(write_many), std::jthread(write_many)
    };
    for (std::jthread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(writer.dropped(), 0u);
  }
  pipe.closeWriter();
  std::string text = pipe.readAll();
  auto lines = split(text, '\n');
  ASSERT_EQ(lines.size(), 151u);
  EXPECT_EQ(lines[149], "one whole line");
}

TEST(LineWriter, WakesForALineAfterARest) {
  Pipe pipe;
  LineWriter writer({.fd = pipe.writer(), .gather = Millis(0)});  // goes to sleep at once
  for (std::string line : {"first\n", "later\n"}) {
    EXPECT_TRUE(writer.write(line));
    EXPECT_EQ(pipe.readSome(), line);
  }
}

TEST(LineWriter, DropsAndCountsWhenTheReaderIsStuck) {
  Pipe pipe;
  std::string line(1023, 'x');
  line += '\n';
  {
    LineWriter writer({.fd = pipe.writer(), .capacity = 8192, .patience = Millis(1)});
    int refused = 0;
    // A pipe holds 64 KiB: with the batch in flight and the queue, 200 KiB cannot all find room.
    while (refused == 0) {
      refused += writer.write(line) ? 0 : 1;
    }
    EXPECT_GE(writer.dropped(), 1u);
  }
  SUCCEED() << "destruction did not wait for the stuck reader";
}

TEST(LineWriter, CountsLinesAFailedDescriptorLost) {
  Pipe pipe;
  pipe.closeReader();
  LineWriter writer({.fd = pipe.writer(), .gather = Millis(1)});
  EXPECT_TRUE(writer.write("nobody reads this\n"));
  while (writer.dropped() == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(writer.dropped(), 1u);
}

}  // namespace
}  // namespace gatehouse
