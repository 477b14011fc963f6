#include "control/reload_loop.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "control/file_source.h"
#include "control/folder_for_test.h"

namespace gatehouse::control {
namespace {

/// Lets a test wait for the next snapshot.
class WaitingPublisher final : public snapshot::Publisher {
 public:
  snapshot::Published publish(snapshot::SnapshotHandle) override {
    const std::lock_guard lock(mutex_);
    ++count_;
    published_.notify_all();
    return {};
  }

  bool waitFor(int count) {
    std::unique_lock lock(mutex_);
    return published_.wait_for(lock, Seconds(60), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable published_;
  int count_ = 0;
};

/// Loads nothing, when it is let; tells how often.
class HeldSource final : public Source {
 public:
  resource::Loaded load() override {
    loading_.release();
    let_.acquire();
    ++loads;
    return {};
  }
  std::vector<std::string> watchPaths() const override { return {}; }

  void awaitLoading() { loading_.acquire(); }
  void let(int times) { let_.release(times); }

  std::atomic<int> loads = 0;

 private:
  std::counting_semaphore<> loading_{0};
  std::counting_semaphore<> let_{0};
};

class ReloadLoopTest : public testing::Test {
 protected:
  TestFolder folder_;
  resource::SchemaSet schemas_ = resource::SchemaSet::builtIn();
  FileSource source_{schemas_, {.paths = {folder_.path()}, .load = {}, .read_stdin = {}}};
  WaitingPublisher publisher_;
  SystemClock clock_;
  Logger log_{{.fd = 2, .level = LogLevel::kError}, clock_};
  Reconciler reconciler_{
      {.source = source_, .publisher = publisher_, .clock = clock_, .log = log_}, {}
  };
};

TEST_F(ReloadLoopTest, AChangedFileIsPublished) {
  ReloadLoop loop(source_, reconciler_, log_);
  folder_.write("a.yaml", "");
  EXPECT_TRUE(publisher_.waitFor(1));
  folder_.write("below/b.yaml", "");
  EXPECT_TRUE(publisher_.waitFor(2));
}

TEST_F(ReloadLoopTest, ReloadsWhenTold) {
  ReloadLoop loop(source_, reconciler_, log_);
  loop.reloadNow();
  EXPECT_TRUE(publisher_.waitFor(1));
}

TEST_F(ReloadLoopTest, AFileThatIsBeingWrittenIsKeptWhenToldToReload) {
  const std::string_view gateway =
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}\n"
      "spec: {gatewayClassName: gatehouse, listeners: [{name: a, port: 80, protocol: HTTP}]}\n";
  folder_.write("a.yaml", gateway);
  const std::size_t objects = reconciler_.reload()->objects.size();
  std::ofstream writer;  // open to the end
  {
    ReloadLoop loop(source_, reconciler_, log_);
    writer.open(folder_.path("a.yaml"));
    folder_.write("b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n");
    loop.reloadNow();
    EXPECT_TRUE(publisher_.waitFor(2));
  }
  EXPECT_EQ(reconciler_.view()->objects.size(), objects + 1);
  EXPECT_EQ(reconciler_.reload()->objects.size(), objects) << "without the loop, as it stands";
}

TEST_F(ReloadLoopTest, ManyWishesWhileAReloadRunsAreOneMore) {
  HeldSource source;
  Reconciler reconciler{
      {.source = source, .publisher = publisher_, .clock = clock_, .log = log_}, {}
  };
  {
    ReloadLoop loop(source, reconciler, log_);
    loop.reloadNow();
    source.awaitLoading();
    for (int i = 0; i < 100; ++i) {
      loop.reloadNow();
    }
    source.let(1000);
    source.awaitLoading();
  }
  EXPECT_EQ(source.loads, 2);
}

TEST_F(ReloadLoopTest, ACertificateThatEndsIsToldThoughNoFileChanges) {
  folder_.write(
      "a.yaml",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge}\n"
      "spec: {gatewayClassName: gatehouse, listeners: [{name: a, port: 443, protocol: HTTPS, "
      "tls: {mode: Terminate, certificateRefs: [{name: cert}]}}]}\n"
      "---\napiVersion: v1\nkind: Secret\nmetadata: {name: cert}\ntype: kubernetes.io/tls\n"
      "stringData: {tls.crt: '-----BEGIN CERTIFICATE-----', tls.key: 'PRIVATE KEY-----'}\n"
  );
  const auto from_now = [](WallMicros now, Micros time) {
    return WallMicros{std::to_underlying(now) + time.count()};
  };
  const WallMicros now = clock_.wall();
  std::optional<WallMicros> end;  // soon after it was seen first
  compile::CompileOptions options;
  options.describe_certificate = [&](std::string_view) {
    end = end ? end : from_now(clock_.wall(), Millis(200));
    return compile::CertificateFacts{.begin = from_now(now, -Seconds(3600)), .end = *end};
  };
  Reconciler reconciler{
      {.source = source_, .publisher = publisher_, .clock = clock_, .log = log_}, options
  };
  const auto holds = [&](std::string_view what) {
    return std::ranges::any_of(reconciler.view()->findings, [&](const auto& finding) {
      return finding.message.contains(what);
    });
  };
  reconciler.reload();
  EXPECT_TRUE(holds("its certificate expires at"));
  {
    ReloadLoop loop(source_, reconciler, log_);
    EXPECT_TRUE(publisher_.waitFor(2));
  }
  EXPECT_TRUE(holds("its certificate expired at"));
}

TEST_F(ReloadLoopTest, DestroysTheSnapshotsThatComeBack) {
  static const char kAnything = 0;
  const auto* pointer = reinterpret_cast<const snapshot::Snapshot*>(&kAnything);  // never looked at
  std::binary_semaphore destroyed(0);
  std::thread::id by;
  ReloadLoop loop(source_, reconciler_, log_);
  reconciler_.returns().lend(Returns::Handle(pointer, [&](const auto*) {
    by = std::this_thread::get_id();
    destroyed.release();
  }));
  destroyed.acquire();
  EXPECT_NE(by, std::this_thread::get_id());
}

TEST_F(ReloadLoopTest, EndsWhileWaiting) {
  ReloadLoop loop(source_, reconciler_, log_);
}

}  // namespace
}  // namespace gatehouse::control
