#include "io/file_watch.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "io/gate.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/task.h"

namespace gatehouse::io {
namespace {

namespace fs = std::filesystem;

class Watching : public testing::Test {
 protected:
  Watching() {
    root = fs::path(testing::TempDir()) / ("gatehouse-watch-" + std::to_string(::getpid()));
    fs::remove_all(root);
    fs::create_directories(root);
  }
  ~Watching() override {
    watch.reset();
    fs::remove_all(root);
  }

  void write(const fs::path& path, std::string_view text) { std::ofstream(root / path) << text; }
  void start(const fs::path& path) { watch = *FileWatch::start(reactor, {(root / path).string()}); }
  bool changed() { return runTask(reactor, watch->changed()).has_value(); }
  /// Nothing was reported until now; ends as soon as the system has answered.
  bool quiet() {
    Stop stop;
    Gate gate(reactor);
    std::optional<Result<void>> out;
    auto wait = [](FileWatch& from, std::optional<Result<void>>& result) -> Task<void> {
      result.emplace(co_await from.changed());
    };
    spawn(gate, wait(*watch, out), stop);
    reactor.turn(Nanos::zero());
    reactor.turn(Nanos::zero());
    stop.request();
    runTask(reactor, drain(gate));
    return out->error().kind() == ErrorKind::kCancelled;
  }

  bool beingWritten(const fs::path& path) { return watch->beingWritten((root / path).string()); }
  void rest(Nanos time) {
    clock.advance(time);
    reactor.turn(Nanos::zero());
  }

  ManualClock clock;
  Reactor reactor{{.clock = &clock}};
  fs::path root;
  std::unique_ptr<FileWatch> watch;
};

TEST_F(Watching, SeesAWriteAndARenameOver) {
  write("a.yaml", "1");
  start("a.yaml");
  EXPECT_TRUE(quiet());
  write("a.yaml", "2");
  EXPECT_TRUE(changed());
  for (int i = 0; i < 3; ++i) {
    write("a.yaml.new", "3");
    fs::rename(root / "a.yaml.new", root / "a.yaml");
    EXPECT_TRUE(changed()) << "every replacement, not only the first";
    while (!quiet()) {
    }
  }
}

TEST_F(Watching, IgnoresNeighboursOfAFile) {
  write("a.yaml", "1");
  start("a.yaml");
  write("b.yaml", "1");
  fs::create_directory(root / "sub");
  EXPECT_TRUE(quiet());
  fs::remove(root / "a.yaml");
  EXPECT_TRUE(changed());
  while (!quiet()) {
  }
  write("a.yaml", "again");
  EXPECT_TRUE(changed());
}

TEST_F(Watching, SeesTheWholeTreeNowAndLater) {
  fs::create_directories(root / "conf/deep");
  start("conf");
  write("conf/deep/x.yaml", "1");
  EXPECT_TRUE(changed());
  while (!quiet()) {
  }
  fs::create_directories(root / "conf/later/below");
  EXPECT_TRUE(changed());
  while (!quiet()) {
  }
  write("conf/later/below/y.yaml", "1");
  EXPECT_TRUE(changed());
}

TEST_F(Watching, SeesTheSwapOfAKubernetesVolume) {
  fs::create_directories(root / "vol/..2025_1");
  write("vol/..2025_1/key", "old");
  fs::create_directory_symlink("..2025_1", root / "vol/..data");
  fs::create_symlink("..data/key", root / "vol/key");
  start("vol/key");
  EXPECT_TRUE(quiet());
  fs::create_directories(root / "vol/..2025_2");
  write("vol/..2025_2/key", "new");
  EXPECT_TRUE(quiet());
  fs::create_directory_symlink("..2025_2", root / "vol/..data_tmp");
  fs::rename(root / "vol/..data_tmp", root / "vol/..data");
  EXPECT_TRUE(changed());
  while (!quiet()) {
  }
  write("vol/..2025_2/key", "newer");
  EXPECT_TRUE(changed()) << "the new target is watched";
}

TEST_F(Watching, AFileMayAppearLater) {
  start("folder/later.yaml");
  EXPECT_TRUE(quiet());
  fs::create_directory(root / "folder");
  EXPECT_TRUE(changed());
  while (!quiet()) {
  }
  write("folder/later.yaml", "1");
  EXPECT_TRUE(changed());
}

TEST_F(Watching, AFileIsBeingWrittenUntilItsWriterClosesIt) {
  fs::create_directories(root / "deep");
  write("deep/a.yaml", "1");
  fs::create_symlink("deep/a.yaml", root / "link.yaml");
  start("link.yaml");
  EXPECT_FALSE(beingWritten("link.yaml"));
  std::ofstream writer(root / "deep/a.yaml");
  EXPECT_TRUE(beingWritten("link.yaml")) << "cut, though nothing is written yet";
  writer << "2" << std::flush;
  EXPECT_TRUE(beingWritten("link.yaml"));
  EXPECT_TRUE(quiet()) << "a write that goes on is no change yet";
  writer.close();
  EXPECT_FALSE(beingWritten("link.yaml"));
  EXPECT_TRUE(changed());
}

TEST_F(Watching, ANewFileIsBeingWrittenToo) {
  start("");
  std::ofstream writer(root / "new.yaml");
  writer << "1" << std::flush;
  EXPECT_TRUE(beingWritten("new.yaml"));
  EXPECT_TRUE(changed()) << "asking takes no report away";
}

TEST_F(Watching, AWriterThatRestsIsWaitedForTenSeconds) {
  write("a.yaml", "1");
  start("");
  std::ofstream writer(root / "a.yaml");
  EXPECT_TRUE(beingWritten("a.yaml"));
  rest(Seconds(9));
  writer << "2" << std::flush;
  EXPECT_TRUE(beingWritten("a.yaml"));
  rest(Seconds(9));
  EXPECT_TRUE(beingWritten("a.yaml")) << "from the last write on";
  EXPECT_TRUE(quiet());
  rest(Seconds(1) + Millis(2));
  EXPECT_TRUE(changed()) << "who was told to wait hears of it";
  EXPECT_FALSE(beingWritten("a.yaml"));
  writer << "3" << std::flush;
  EXPECT_TRUE(beingWritten("a.yaml"));
}

TEST_F(Watching, AFileThatIsReplacedOrRemovedIsNotBeingWritten) {
  write("a.yaml", "1");
  write("b.yaml", "1");
  start("");
  std::ofstream first(root / "a.yaml");
  std::ofstream second(root / "b.yaml");
  EXPECT_TRUE(beingWritten("a.yaml") && beingWritten("b.yaml"));
  write("a.new", "2");
  fs::rename(root / "a.new", root / "a.yaml");
  fs::remove(root / "b.yaml");
  EXPECT_FALSE(beingWritten("a.yaml"));
  first << "of a file without a name" << std::flush;
  EXPECT_FALSE(beingWritten("a.yaml"));
  EXPECT_FALSE(beingWritten("b.yaml"));
}

TEST_F(Watching, ASwappedVolumeIsNotBeingWritten) {
  fs::create_directories(root / "vol/..1");
  fs::create_directories(root / "vol/..2");
  write("vol/..1/a.yaml", "old");
  write("vol/..2/a.yaml", "new");
  fs::create_directory_symlink("..1", root / "vol/..data");
  fs::create_symlink("..data/a.yaml", root / "vol/a.yaml");
  start("vol");
  const std::ofstream writer(root / "vol/..1/a.yaml");
  EXPECT_TRUE(beingWritten("vol/a.yaml"));
  fs::create_directory_symlink("..2", root / "vol/..data_tmp");
  fs::rename(root / "vol/..data_tmp", root / "vol/..data");
  EXPECT_FALSE(beingWritten("vol/a.yaml")) << "it is another file now";
  EXPECT_TRUE(changed());
}

TEST_F(Watching, AFileInANewFolderIsBeingWrittenToo) {
  start("");
  fs::create_directories(root / "deep/er");
  EXPECT_TRUE(changed());
  while (!quiet()) {
  }
  std::ofstream writer(root / "deep/er/a.yaml");
  writer << "1" << std::flush;
  EXPECT_TRUE(beingWritten("deep/er/a.yaml"));
  fs::rename(root / "deep", root / "other");
  fs::create_directories(root / "deep/er");
  write("deep/er/a.yaml", "2");
  EXPECT_TRUE(changed());
  EXPECT_FALSE(beingWritten("deep/er/a.yaml")) << "a folder of the same name";
}

}  // namespace
}  // namespace gatehouse::io
