#include "base/result.h"

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/strong.h"

namespace gatehouse {
namespace {

std::unexpected<Error> refused() {
  return fail(ErrorKind::kConnectRefused, Origin::kUpstream, "nobody there", Retry::kYes);
}

Result<int> half(int number) {
  if (number % 2 != 0) {
    return refused();
  }
  return number / 2;
}

Result<std::string> quarter(int number) {
  GATEHOUSE_TRY(int once, half(number));
  GATEHOUSE_TRY(int twice, half(once));
  return std::to_string(twice);
}

Result<> check(int number) {
  GATEHOUSE_CHECK_OK(quarter(number));
  return {};
}

TEST(Result, MacrosReturnTheError) {
  EXPECT_EQ(quarter(8).value(), "2");
  EXPECT_EQ(quarter(6).error().kind(), ErrorKind::kConnectRefused);
  EXPECT_TRUE(check(8));
  EXPECT_EQ(check(3).error().retry(), Retry::kYes);
}

TEST(Result, CopyOfABooleanResultKeepsItsValue) {
  Result<bool> no = false;
  Result<bool> copy = no;
  ASSERT_TRUE(copy.has_value());
  EXPECT_FALSE(*copy);
}

TEST(Result, HoldsMoveOnlyAndDerived) {
  struct Shape {
    virtual ~Shape() = default;
  };
  struct Circle : Shape {};
  Result<std::unique_ptr<Shape>> shape = std::make_unique<Circle>();
  std::unique_ptr<Shape> taken = *std::move(shape);
  EXPECT_NE(taken, nullptr);
}

TEST(Error, ChainNamesEveryCause) {
  Error inner(ErrorKind::kDns, Origin::kUpstream, "no such name");
  Error outer = std::move(inner).because(ErrorKind::kNoBackend, Origin::kGateway, "cannot connect");
  EXPECT_EQ(outer.chain(), "cannot connect: no such name");
  EXPECT_EQ(outer.cause()->kind(), ErrorKind::kDns);
}

TEST(Strong, ComparesAndHashesByValue) {
  using Port = Strong<struct PortTag, int>;
  EXPECT_EQ(Port(80), Port(80));
  EXPECT_LT(Port(80), Port(443));
  EXPECT_EQ(std::hash<Port>{}(Port(7)), std::hash<int>{}(7));
  static_assert(!std::is_convertible_v<int, Port>);
}

}  // namespace
}  // namespace gatehouse
