#include "io/unix_socket.h"

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/deadline.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {
namespace {

using Connection = Result<std::unique_ptr<TcpStream>>;

Task<Connection> acceptFrom(Listener& listener) {
  co_return co_await listener.accept();
}
Task<Result<void>> writeTo(TcpStream& stream, std::string_view bytes) {
  co_return co_await stream.write(bytes);
}
Task<Result<std::string>> readFrom(TcpStream& stream) {
  std::string text(64, '\0');
  GATEHOUSE_CO_TRY(std::size_t count, co_await stream.readInto(text));
  text.resize(count);
  co_return text;
}

class UnixSocket : public testing::Test {
 protected:
  UnixSocket() {
    std::string pattern = "/tmp/gatehouse-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/edge.sock";
  }
  ~UnixSocket() override {
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }

  bool exists() const {
    struct stat found{};
    return ::lstat(path_.c_str(), &found) == 0;
  }
  std::string refusal(const std::string& path) {
    auto sockets = openUnixListenSockets(path, 1);
    EXPECT_FALSE(sockets.has_value());
    if (sockets) {
      return "";
    }
    EXPECT_EQ(sockets.error().kind(), ErrorKind::kInvalidConfiguration);
    return sockets.error().detail();
  }
  Connection connect() {
    return runTask(reactor_, connectUnix(reactor_, path_, Deadline::after(reactor_, Millis(20))));
  }

  Reactor reactor_;
  std::string folder_;
  std::string path_;
};

TEST_F(UnixSocket, CarriesBytesBothWays) {
  auto sockets = openUnixListenSockets(path_, 1);
  ASSERT_TRUE(sockets.has_value()) << sockets.error().chain();
  auto listener = *Listener::start(reactor_, std::move(sockets->front()));
  Connection client = connect();
  ASSERT_TRUE(client.has_value()) << client.error().chain();
  Connection server = runTask(reactor_, acceptFrom(*listener));
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ((*server)->peer().remote, Address::unixSocket());
  EXPECT_EQ((*client)->peer().remote, Address::unixSocket());
  ASSERT_TRUE(runTask(reactor_, writeTo(**client, "ping")).has_value());
  EXPECT_EQ(runTask(reactor_, readFrom(**server)).value(), "ping");
  ASSERT_TRUE(runTask(reactor_, writeTo(**server, "pong")).has_value());
  EXPECT_EQ(runTask(reactor_, readFrom(**client)).value(), "pong");
}

TEST_F(UnixSocket, TheFileIsForOwnerAndGroupAndGoesWithTheLastSocket) {
  auto sockets = openUnixListenSockets(path_, 3);
  ASSERT_TRUE(sockets.has_value());
  ASSERT_EQ(sockets->size(), 3u);
  struct stat made{};
  ASSERT_EQ(::lstat(path_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0660u);
  auto listener = *Listener::start(reactor_, std::move(sockets->back()));
  sockets->clear();
  EXPECT_TRUE(exists());
  listener.reset();
  EXPECT_FALSE(exists());
}

TEST_F(UnixSocket, AFileThatSomebodyElsePutThereStays) {
  auto sockets = openUnixListenSockets(path_, 1);
  ASSERT_TRUE(sockets.has_value());
  ::unlink(path_.c_str());
  std::ofstream(path_) << "other";
  sockets->clear();
  EXPECT_TRUE(exists());
}

TEST_F(UnixSocket, WhatADeadProcessLeftIsReplaced) {
  auto sockets = openUnixListenSockets(path_, 1);
  ASSERT_TRUE(sockets.has_value());
  ASSERT_EQ(::link(path_.c_str(), (path_ + ".left").c_str()), 0);
  sockets->clear();
  ASSERT_EQ(::rename((path_ + ".left").c_str(), path_.c_str()), 0);
  EXPECT_TRUE(openUnixListenSockets(path_, 1).has_value());
}

TEST_F(UnixSocket, OneThatIsListenedOnIsNot) {
  auto sockets = openUnixListenSockets(path_, 1);
  ASSERT_TRUE(sockets.has_value());
  EXPECT_EQ(refusal(path_), "cannot listen on unix:" + path_ + ": used by another process");
  EXPECT_TRUE(exists());
}

TEST_F(UnixSocket, NeitherIsAnotherFile) {
  std::ofstream(path_) << "precious";
  EXPECT_EQ(
      refusal(path_), "cannot listen on unix:" + path_ + ": there is a file that is no socket"
  );
  EXPECT_TRUE(exists());
}

TEST_F(UnixSocket, PathsThatCannotBeOne) {
  EXPECT_TRUE(refusal(folder_ + "/none/edge.sock").ends_with(": no such folder"));
  const std::string longest = folder_ + "/" + std::string(kMaxUnixPath - folder_.size() - 1, 'x');
  EXPECT_TRUE(openUnixListenSockets(longest, 1).has_value());
  for (const std::string& path :
       {std::string(), std::string("edge.sock"), longest + "x", std::string("/tmp/a\0b", 8)}) {
    EXPECT_TRUE(refusal(path).ends_with("not an absolute path of at most 107 octets")) << path;
  }
}

TEST_F(UnixSocket, NobodyThereIsARefusal) {
  const Connection none = connect();
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind(), ErrorKind::kConnectRefused);
  EXPECT_EQ(none.error().retry(), Retry::kYes);
  EXPECT_EQ(none.error().detail(), "connect to unix:" + path_ + ": No such file or directory");
}

}  // namespace
}  // namespace gatehouse::io
