#include "http/upgrade/web_socket.h"

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

RequestHead asking(std::string_view upgrade, std::string_view connection) {
  RequestHead head;
  head.fields.add("Upgrade", upgrade);
  head.fields.add("Connection", connection);
  return head;
}

TEST(WebSocket, IsAskedForByUpgradeAndTheConnectionOption) {
  EXPECT_TRUE(asksForWebSocket(asking("websocket", "Upgrade")));
  EXPECT_TRUE(asksForWebSocket(asking("WebSocket", "keep-alive, upgrade")));
  EXPECT_TRUE(asksForWebSocket(asking("h2c, websocket", "upgrade")));
  EXPECT_FALSE(asksForWebSocket(asking("h2c", "upgrade")));
  EXPECT_FALSE(asksForWebSocket(asking("websockets", "upgrade")));
  EXPECT_FALSE(asksForWebSocket(asking("websocket/13", "upgrade")));
  EXPECT_FALSE(asksForWebSocket(asking("websocket", "keep-alive")));
  EXPECT_FALSE(asksForWebSocket(RequestHead{}));
}

TEST(WebSocket, IsNotForOtherMethodsAndVersions) {
  RequestHead head = asking("websocket", "upgrade");
  head.method = Method::kPost;
  EXPECT_FALSE(asksForWebSocket(head));
  head.method = Method::kGet;
  head.version = Version::kHttp10;
  EXPECT_FALSE(asksForWebSocket(head));
}

TEST(WebSocket, IsAgreedToByA101ThatNamesItAlone) {
  ResponseHead head{.status = 101};
  head.fields.add("Upgrade", "websocket");
  EXPECT_FALSE(switchesToWebSocket(head));
  head.fields.add("Connection", "Upgrade");
  EXPECT_TRUE(switchesToWebSocket(head));
  head.status = 200;
  EXPECT_FALSE(switchesToWebSocket(head));
  head.status = 101;
  head.fields.add("Upgrade", "h2c");
  EXPECT_FALSE(switchesToWebSocket(head));
  head.fields.set("Upgrade", "h2c");
  EXPECT_FALSE(switchesToWebSocket(head));
}

}  // namespace
}  // namespace gatehouse::http
