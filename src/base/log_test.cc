#include "base/log.h"

#include <array>
#include <cstddef>
#include <string>
#include <sys/mman.h>
#include <sys/types.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log_line.h"
#include "base/text.h"

namespace gatehouse {
namespace {

/// A file in memory to log into.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("log", 0)) {}
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }
  std::string text() const {
    std::string all;
    std::array<char, 4096> part{};
    for (off_t at = 0;; at = static_cast<off_t>(all.size())) {
      ssize_t got = ::pread(fd_, part.data(), part.size(), at);
      if (got <= 0) {
        return all;
      }
      all.append(part.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
};

TEST(LogLine, TextQuotesOnlyWhatNeedsIt) {
  std::string out;
  LogLine line(LogFormat::kText, out);
  line.add("a", "plain/text:1").add("b", "two words").add("c", "").add("d", "x=\"y\"\n\x1b");
  line.add("n", -3).add("u", 7u).add("yes", true).addBare("cost", "0.25").end();
  EXPECT_EQ(
      out,
      "a=plain/text:1 b=\"two words\" c=\"\" d=\"x=\\\"y\\\"\\n\\u001b\" n=-3 u=7 yes=true "
      "cost=0.25\n"
  );
}

TEST(LogLine, JsonEscapesAndRepairsUtf8) {
  std::string out;
  LogLine line(LogFormat::kJson, out);
  line.add("a", "\xC3\xA4\x01\\").add("bad", "\xFF!").add("n", 5).end();
  EXPECT_EQ(out, "{\"a\":\"\xC3\xA4\\u0001\\\\\",\"bad\":\"\xEF\xBF\xBD!\",\"n\":5}\n");
}

TEST(Logger, WritesTimeLevelMessageAndFields) {
  MemoryFile file;
  ManualClock clock;
  Logger logger({.fd = file.fd()}, clock);
  std::string name = "openai";
  logger.info("backend is ready", {{"backend", name}, {"port", 443}, {"tls", true}});
  logger.debug("not shown");
  EXPECT_EQ(
      file.text(),
      "time=2023-11-14T22:13:20.000000Z level=info msg=\"backend is ready\" backend=openai "
      "port=443 tls=true\n"
  );
  EXPECT_FALSE(logger.enabled(LogLevel::kDebug));
}

TEST(Logger, HoldsBackRepeatsAndSaysHowMany) {
  MemoryFile file;
  ManualClock clock;
  Logger logger({.fd = file.fd(), .format = LogFormat::kJson, .burst = 2}, clock);
  for (int i = 0; i < 5; ++i) {
    logger.warn("again", {{"i", i}});
  }
  logger.warn("another message");
  clock.advance(Millis(10'000));
  logger.warn("again", {{"i", 9}});
  std::string text = file.text();
  EXPECT_EQ(split(text, '\n').size(), 5u) << text;
  EXPECT_NE(text.find("\"i\":9,\"suppressed\":3}"), std::string::npos) << text;
}

TEST(Logger, LinesOfThreadsStayWhole) {
  MemoryFile file;
  SystemClock clock;
  Logger logger({.fd = file.fd(), .burst = 0}, clock);
  auto log_many = [&logger] {
    for (int i = 0; i < 100; ++i) {
      logger.error("many", {{"text", "some words"}});
    }
  };
  {
    std::jthread first(log_many);
    std::jthread second(log_many);
    log_many();
  }
  std::string text = file.text();
  auto lines = split(text, '\n');
  ASSERT_EQ(lines.size(), 301u);
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_TRUE(lines[i].starts_with("time=") && lines[i].ends_with("text=\"some words\""))
        << lines[i];
  }
}

}  // namespace
}  // namespace gatehouse
