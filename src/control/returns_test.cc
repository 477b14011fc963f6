#include "control/returns.h"

#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace gatehouse::control {
namespace {

/// A snapshot that notes on which thread it was destroyed; none when it still lives.
Returns::Handle snapshotFor(std::thread::id& destroyed) {
  static const char kAnything = 0;
  const auto* pointer = reinterpret_cast<const snapshot::Snapshot*>(&kAnything);  // never looked at
  return {pointer, [&destroyed](const auto*) { destroyed = std::this_thread::get_id(); }};
}

TEST(Returns, WhoMadeItDestroysIt) {
  const auto returns = Returns::make();
  std::thread::id destroyed;
  std::thread::id told;
  returns->tell([&told] { told = std::this_thread::get_id(); });
  Returns::Handle lent = returns->lend(snapshotFor(destroyed));
  std::thread worker([lent = std::move(lent)]() mutable { lent.reset(); });
  const std::thread::id workers = worker.get_id();
  worker.join();
  EXPECT_EQ(told, workers);
  EXPECT_EQ(destroyed, std::thread::id());
  returns->destroy();
  EXPECT_EQ(destroyed, std::this_thread::get_id());
}

TEST(Returns, ItStaysWhileAnybodyUsesIt) {
  const auto returns = Returns::make();
  std::thread::id destroyed;
  Returns::Handle first = returns->lend(snapshotFor(destroyed));
  Returns::Handle second = first;
  first.reset();
  returns->destroy();
  EXPECT_EQ(destroyed, std::thread::id());
  second.reset();
  returns->destroy();
  EXPECT_NE(destroyed, std::thread::id());
}

TEST(Returns, TheLastOneEndsWithIt) {
  std::thread::id destroyed;
  Returns::Handle lent = Returns::make()->lend(snapshotFor(destroyed));
  EXPECT_EQ(destroyed, std::thread::id());
  lent.reset();
  EXPECT_NE(destroyed, std::thread::id());
}

}  // namespace
}  // namespace gatehouse::control
