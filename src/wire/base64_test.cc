#include "wire/base64.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace gatehouse::wire {
namespace {

TEST(Base64, TestVectorsOfTheStandard) {
  const char* vectors[][2] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (auto [plain, encoded] : vectors) {
    EXPECT_EQ(encodeBase64(plain), encoded);
    EXPECT_EQ(decodeBase64(encoded), plain);
  }
}

TEST(Base64, AllBytesSurvive) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(decodeBase64(encodeBase64(bytes)), bytes);
    EXPECT_EQ(decodeBase64Url(encodeBase64Url(bytes)), bytes);
  }
  EXPECT_EQ(encodeBase64("\xFB\xFF"), "+/8=");
  EXPECT_EQ(encodeBase64Url("\xFB\xFF"), "-_8");
}

TEST(Base64, RefusesWhatIsNot) {
  for (auto text :
       {"Zg", "Zg=", "Zg===", "Z===", "=", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9v", "-_8="}) {
    EXPECT_EQ(decodeBase64(text), std::nullopt) << text;
  }
  for (auto text : {"Zg==", "Z", "+/8", "Zh"}) {
    EXPECT_EQ(decodeBase64Url(text), std::nullopt) << text;
  }
  EXPECT_EQ(decodeBase64("Zm9v\r\nYmFy\n"), "foobar");
}

}  // namespace
}  // namespace gatehouse::wire
