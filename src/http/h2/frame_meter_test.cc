#include "http/h2/frame_meter.h"

#include <string>

#include <gtest/gtest.h>

#include "http/h2/h2_for_test.h"

namespace gatehouse::http {
namespace {

TEST(FrameMeterTest, KnowsWhereAFrameEndsHoweverItIsCut) {
  const std::string preface(kPreface);
  const std::string settings = bytesOf({.type = FrameType::kSettings});
  const std::string data = bytesOf({FrameType::kData, 0, 1, "abc"});
  const std::string all = preface + settings + data + data;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    FrameMeter meter(kPreface.size());
    EXPECT_TRUE(meter.within());
    meter.take(std::string_view(all).substr(0, cut));
    const std::size_t first = preface.size() + settings.size();
    const bool between =
        cut == preface.size() || cut == first || cut == first + data.size() || cut == all.size();
    EXPECT_EQ(meter.within(), !between) << cut;
    const bool in_content = (cut >= first + 9 && cut < first + data.size()) ||
                            (cut >= first + data.size() + 9 && cut < all.size());
    EXPECT_EQ(meter.withinData(), in_content) << cut;
    meter.take(std::string_view(all).substr(cut));
    EXPECT_FALSE(meter.within()) << cut;
    EXPECT_EQ(meter.frames(), 3U) << cut;
  }
}

TEST(FrameMeterTest, AFieldSectionIsOneThing) {
  FrameMeter meter(0);
  EXPECT_FALSE(meter.within());
  meter.take(bytesOf({FrameType::kHeaders, 0, 1, "abc"}));
  EXPECT_TRUE(meter.within());
  meter.take(bytesOf({FrameType::kContinuation, 0, 1}));
  EXPECT_TRUE(meter.within());
  meter.take(bytesOf({FrameType::kContinuation, kEndHeaders, 1}));
  EXPECT_FALSE(meter.within());
  meter.take(bytesOf({FrameType::kHeaders, kEndHeaders, 3, "abc"}));
  EXPECT_FALSE(meter.within());
  EXPECT_FALSE(meter.withinData());
}

TEST(FrameMeterTest, TakesTheLargestFrame) {
  FrameMeter meter(0);
  meter.take(std::string("\xff\xff\xff\x07\0\0\0\0\0", 9));
  for (int i = 0; i < 255; ++i) {
    meter.take(std::string(0x10000, 'x'));
    EXPECT_TRUE(meter.within());
  }
  meter.take(std::string(0xffff, 'x'));
  EXPECT_FALSE(meter.within());
}

}  // namespace
}  // namespace gatehouse::http
