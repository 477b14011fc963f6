#include "resource/secret_object.h"

#include <ostream>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace gatehouse::resource {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!Streamable<SensitiveText>);
static_assert(!std::is_copy_constructible_v<SensitiveText>);
static_assert(!std::is_convertible_v<SensitiveText, std::string_view>);

TEST(SensitiveText, MovesAndLeavesNothingBehind) {
  SensitiveText first("hush");
  SensitiveText second(std::move(first));
  EXPECT_EQ(second.reveal(), "hush");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the promise
  second = SensitiveText("other");
  EXPECT_EQ(second.reveal(), "other");
}

TEST(Wipe, ZeroesBeforeItEmpties) {
  std::string text(64, 'x');
  const char* bytes = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(bytes[1], '\0');
}

}  // namespace
}  // namespace gatehouse::resource
