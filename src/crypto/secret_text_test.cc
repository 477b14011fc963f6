#include "crypto/secret_text.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace gatehouse::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<SecretText>);
static_assert(!std::is_copy_assignable_v<SecretText>);
static_assert(!std::is_convertible_v<SecretText, std::string_view>);
static_assert(!std::is_convertible_v<SecretText, std::string>);
static_assert(!std::is_convertible_v<std::string, SecretText>);
static_assert(!fmt::is_formattable<SecretText>::value);

TEST(SecretText, TakingWipesTheSource) {
  for (std::string_view text : {"short", "a secret too long for the small string buffer"}) {
    std::string source(text);
    const char* bytes = source.data();
    SecretText secret = SecretText::take(std::move(source));
    EXPECT_EQ(secret.reveal(), text);
    EXPECT_EQ(source, "");  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_EQ(bytes[0], '\0');
    EXPECT_EQ(bytes[4], '\0');
  }
}

TEST(SecretText, MovesAndClones) {
  SecretText first = SecretText::copyOf("one");
  SecretText copy = first.clone();
  SecretText second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.reveal(), "one");
  EXPECT_NE(copy.reveal().data(), second.reveal().data());
  second = SecretText::copyOf("other");
  EXPECT_EQ(second.reveal(), "other");
  second = SecretText();
  EXPECT_EQ(second.size(), 0u);
  EXPECT_EQ(second.reveal(), "");
}

TEST(SecretText, Compares) {
  SecretText secret = SecretText::copyOf("sk-123");
  EXPECT_TRUE(secret.equals("sk-123"));
  EXPECT_FALSE(secret.equals("sk-124"));
  EXPECT_FALSE(secret.equals("sk-1234"));
  EXPECT_FALSE(secret.equals(""));
  EXPECT_TRUE(SecretText().equals(SecretText()));
}

}  // namespace
}  // namespace gatehouse::crypto
